package wire

import "strings"

// User names have 2 to 32 characters.
const (
	MinUserName = 2
	MaxUserName = 32
)

// Reserved reports whether a canonical user name is one that nobody gets: people would take it for the
// program, for those who run it, or for somebody else.
func Reserved(name string) bool {
	switch name {
	case "you", "somebody", "everyone", "admin", "frond", "system", "server":
		return true
	}
	return false
}

// CheckUserName returns the canonical, lower-case form of a user name: 2 to 32 of a-z, 0-9, dot,
// hyphen and underscore, beginning and ending with a letter or digit. Anything else is refused with
// CodeNameInvalid and a message that says the rule and never repeats the input.
func CheckUserName(s string) (string, error) {
	if len(s) < MinUserName || len(s) > MaxUserName {
		return "", Errorf(CodeNameInvalid, "A user name has %d to %d characters.", MinUserName, MaxUserName)
	}
	name := strings.Map(asciiLower, s) // of other letters some have a small one among a to z
	for i := range len(name) {
		c := name[i]
		inner := c == '.' || c == '-' || c == '_'
		if !isAlphanumeric(c) && !inner {
			return "", Errorf(CodeNameInvalid, "A user name is made of letters a to z, digits, dots, hyphens and underscores.")
		}
		if inner && (i == 0 || i == len(name)-1) {
			return "", Errorf(CodeNameInvalid, "A user name begins and ends with a letter or a digit.")
		}
	}
	return name, nil
}

func asciiLower(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A'
	}
	return r
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
}
