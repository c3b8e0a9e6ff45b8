package client

import (
	"strings"
	"testing"
)

func TestATitleLooksLikeWhatItIs(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"Garden", "Café 4 – Süd", "家族", "👩‍👩‍👧 home", "everyone else"} {
		if err := checkTitle(good); err != nil || groupTitle(good) != good {
			t.Errorf("%q: %v, shown as %q", good, err, groupTitle(good))
		}
	}
	for bad, shown := range map[string]string{
		"":                       "",
		"\u202egnp.elif":         "gnp.elif",
		"a\x00b\nc":              "abc",
		"\u200b\u2066":           "",
		"Every\u200bone":         "Group “Everyone”",
		"EVERYONE":               "Group “EVERYONE”",
		"everyone\U000e0041":     "Group “everyone”",
		" Everyone ":             "Group “Everyone”",
		strings.Repeat("x", 101): strings.Repeat("x", 101),
	} {
		if checkTitle(bad) == nil {
			t.Errorf("%q is a title", bad)
		}
		if groupTitle(bad) != shown {
			t.Errorf("%q is shown as %q", bad, groupTitle(bad))
		}
	}
}
