// Package markup turns the text of a message into typed parts.
//
// A user interface builds one node per part and sets its text; it never parses HTML, so nothing a
// person writes can become anything but text, a link of three schemes, or one of four styles:
//
//	*emphasis*   **strong**   `code`   ```block of code```   https://…  http://…  mailto:…
//
// Parts are flat: inside a style everything is text. What does not close, or closes on another
// line, stays the text it is. Parsing takes time linear in the length of the text: the place where
// a style would close is looked up once per style, however many times it opens.
package markup

import "strings"

// Kind says what a part is.
type Kind string

// The kinds of part.
const (
	Text      Kind = "text"
	Emphasis  Kind = "emphasis"
	Strong    Kind = "strong"
	Code      Kind = "code"
	CodeBlock Kind = "codeblock"
	Link      Kind = "link"
	Break     Kind = "break" // the end of a line
)

// Part is a piece of a message. Href is set for a link and begins with http://, https:// or mailto:.
type Part struct {
	Kind Kind
	Text string
	Href string
}

// MaxParts is the most parts of one text. What is left of a text that would have more, such as one of
// nothing but line breaks, is one part of plain text: each part is a node that a page has to build.
const MaxParts = 2000

// Parse splits a text into its parts. Joined, their texts are the text without its marks.
func Parse(text string) []Part {
	p := &parser{text: strings.ReplaceAll(text, "\r\n", "\n"), refused: map[string]int{}}
	for p.at < len(p.text) && len(p.parts) <= MaxParts-3 { // a step adds two parts at most, the rest is one
		p.step()
	}
	p.at = len(p.text)
	p.flush()
	return p.parts
}

type parser struct {
	text  string
	at    int // next byte to look at
	plain int // start of the text that is not yet in a part
	parts []Part
	next  [styles]int // where a style closes at the earliest; at least this far was searched
	begun [styles]bool

	refused map[string]int // by scheme: no link begins before here
}

// step looks at one byte, and past it when a part begins there.
func (p *parser) step() {
	switch p.text[p.at] {
	case '\n':
		p.emit(Part{Kind: Break}, p.at+1)
	case '`':
		if !p.styled(fence) && !p.styled(tick) {
			p.at += p.run('`')
		}
	case '*':
		if !p.styled(double) && !p.styled(single) {
			p.at += p.run('*')
		}
	case 'h', 'H', 'm', 'M':
		if !p.link() {
			p.at++
		}
	default:
		p.at++
	}
}

// run counts how often the byte at hand repeats.
func (p *parser) run(c byte) int {
	n := 1
	for p.at+n < len(p.text) && p.text[p.at+n] == c {
		n++
	}
	return n
}

// emit ends the plain text before this place, adds a part and goes on at end.
func (p *parser) emit(part Part, end int) {
	p.flush()
	p.parts = append(p.parts, part)
	p.at, p.plain = end, end
}

func (p *parser) flush() {
	if p.plain < p.at {
		p.parts = append(p.parts, Part{Kind: Text, Text: p.text[p.plain:p.at]})
		p.plain = p.at
	}
}

// Plain returns the text of a message in one line of at most limit characters, for a preview.
func Plain(text string, limit int) string {
	var b strings.Builder
	for _, part := range Parse(headOf(text, 4*limit+64)) {
		if part.Kind == Break {
			b.WriteByte(' ')
		}
		b.WriteString(strings.ReplaceAll(part.Text, "\n", " "))
	}
	runes := []rune(strings.TrimSpace(b.String()))
	if len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return string(runes)
}

// headOf cuts a text after a whole character at or before limit bytes.
func headOf(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && text[limit]&0xC0 == 0x80 {
		limit--
	}
	return text[:limit]
}
