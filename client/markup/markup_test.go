package markup

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func text(s string) Part { return Part{Kind: Text, Text: s} }
func link(s string) Part { return Part{Kind: Link, Text: s, Href: s} }

func TestTextBecomesTypedParts(t *testing.T) {
	t.Parallel()
	for input, want := range map[string][]Part{
		"":                            nil,
		"hello":                       {text("hello")},
		"a\nb":                        {text("a"), {Kind: Break}, text("b")},
		"a\r\nb":                      {text("a"), {Kind: Break}, text("b")},
		"so *very* good":              {text("so "), {Kind: Emphasis, Text: "very"}, text(" good")},
		"**now**!":                    {{Kind: Strong, Text: "now"}, text("!")},
		"run `go *test*`":             {text("run "), {Kind: Code, Text: "go *test*"}},
		"```\nif a {\n}\n```":         {{Kind: CodeBlock, Text: "if a {\n}"}},
		"2*3*4 = 24":                  {text("2*3*4 = 24")},
		"a * b * c":                   {text("a * b * c")},
		"*open":                       {text("*open")},
		"*not\nthis*":                 {text("*not"), {Kind: Break}, text("this*")},
		"`not\nthis`":                 {text("`not"), {Kind: Break}, text("this`")},
		"****":                        {text("****")},
		"``":                          {text("``")},
		"````":                        {text("````")},
		"<b>x</b>":                    {text("<b>x</b>")},
		"see https://a.example/b.":    {text("see "), link("https://a.example/b"), text(".")},
		"(http://a.example/x_(y))":    {text("("), link("http://a.example/x_(y)"), text(")")},
		"HTTPS://A.example":           {{Kind: Link, Text: "HTTPS://A.example", Href: "https://A.example"}},
		"mailto:ada@example.org":      {link("mailto:ada@example.org")},
		"mailto:":                     {text("mailto:")},
		"https://":                    {text("https://")},
		"javascript:alert(1)":         {text("javascript:alert(1)")},
		"xhttp://a":                   {text("xhttp://a")},
		"https://a\u202egnp.exe":      {link("https://a"), text("\u202egnp.exe")},
		"https://a\"onclick=\"x":      {link("https://a"), text("\"onclick=\"x")},
		"data:text/html,<script>":     {text("data:text/html,<script>")},
		"\u202ertl *bold* \U0001F33F": {text("\u202ertl "), {Kind: Emphasis, Text: "bold"}, text(" \U0001F33F")},
	} {
		if got := Parse(input); !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\n got %+v\nwant %+v", input, got, want)
		}
	}
}

func TestParsingTakesLinearTime(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"*a", "**a ", "`", "*", "```", "*a\n", "`a ", " *a", "http://a", " h", "(http://a)", "(http://(", "mailto:", "(mailto:a", "http://a@b("} {
		start := time.Now()
		Parse(strings.Repeat(piece, (1<<18)/len(piece)))
		if took := time.Since(start); took > time.Second {
			t.Errorf("a quarter of a megabyte of %q took %v", piece, took)
		}
	}
}

func TestAMessageOfLineBreaksDoesNotDrownThePage(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"\n", "*a* ", "`a` ", "a\n", "http://a "} {
		all := strings.Repeat(piece, 64<<10/len(piece))
		parts := Parse(all)
		if n := len(parts); n > MaxParts || n < MaxParts-3 {
			t.Errorf("%q: %d parts", piece, n)
		}
		if last := parts[len(parts)-1]; last.Kind != Text || !strings.HasSuffix(all, last.Text) || len(last.Text) < len(all)/2 {
			t.Errorf("%q ends in %d bytes of %s", piece, len(last.Text), last.Kind)
		}
	}
}

func TestAPreviewIsOneShortLine(t *testing.T) {
	t.Parallel()
	if got := Plain("**Hi**\nyou\n`x`", 80); got != "Hi you x" {
		t.Errorf("%q", got)
	}
	if got := Plain(strings.Repeat("🌿", 10000), 10); got != strings.Repeat("🌿", 9)+"…" {
		t.Errorf("%q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"*a* **b** `c`", "```\nx\n```", "http://a.b/c?d=e", "mailto:a@b", "\xff*\xfe*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kept := 0
		for _, p := range Parse(s) {
			kept += len(p.Text)
			if (p.Href != "") != (p.Kind == Link) {
				t.Fatalf("%+v", p)
			}
			if p.Kind == Link && !strings.HasPrefix(p.Href, "http://") && !strings.HasPrefix(p.Href, "https://") && !strings.HasPrefix(p.Href, "mailto:") {
				t.Fatalf("%+v", p)
			}
			if p.Kind == Break && p.Text != "" || p.Kind != Break && p.Kind != CodeBlock && p.Text == "" {
				t.Fatalf("%+v", p)
			}
		}
		if kept > len(s) {
			t.Fatalf("%q grew", s)
		}
	})
}
