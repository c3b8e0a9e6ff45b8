package vault

import "testing"

// The same forms natively and in a browser, whose tables are another's: see normalize_js.go.
func TestAPasswordIsOneHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"correct horse":             "correct horse",
		"cafe\u0301 au lait":        "caf\u00e9 au lait",
		"\uff50\uff41\uff53\uff53":  "pass",
		"\u2460\u2461\u2462 \ufb01": "123 fi",
		"\u1100\u1161\u11a8":        "\uac01",
		"a\u0323\u0307":             "\u1ea1\u0307",
		"a\u0307\u0323":             "\u1ea1\u0307",
		"\u212b \u2126 \u00bd":      "\u00c5 \u03a9 1\u20442",
		"\U0001d400\U0001f600 ":     "A\U0001f600 ",
		"\ufdfa":                    "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 \u0648\u0633\u0644\u0645",
		"\u0915\u093c\u0958":        "\u0915\u093c\u0915\u093c",
		"":                          "",
	} {
		if got := compatible(typed); got != want {
			t.Errorf("%+q becomes %+q, not %+q", typed, got, want)
		}
	}
}
