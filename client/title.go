package client

import (
	"strings"
	"unicode/utf8"

	"frond/wire"
)

// cleanTitle leaves out of a group's name what cannot be seen or turns text around, so that a name looks
// like what it is, whoever chose it.
func cleanTitle(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if misleads(r) {
			return -1
		}
		return r
	}, s))
}

// misleads reports control characters, bidirectional and other invisible formatting, and tags.
func misleads(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0, r == 0xad, r == 0x61c, r == 0x180e, r == utf8.RuneError:
		return true
	case r >= 0x200b && r <= 0x200f && r != 0x200d, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true
	}
	return r == 0xfeff || r >= 0xfff9 && r <= 0xfffb || r >= 0xe0000 && r <= 0xe007f
}

// passesForEveryone reports whether a group's name would pass for the open conversation.
func passesForEveryone(title string) bool { return strings.EqualFold(title, Everyone) }

// checkTitle refuses names that mislead, before a group gets one.
func checkTitle(name string) error {
	switch {
	case name == "":
		return wire.Errorf(CodeEmpty, "A group has a name.")
	case len(name) > maxTitle || !utf8.ValidString(name):
		return wire.Errorf(wire.CodeTooLarge, "A name has at most %d bytes of text.", maxTitle)
	case cleanTitle(name) != name:
		return wire.Errorf(wire.CodeNameInvalid, "A name has no invisible characters.")
	case passesForEveryone(name):
		return wire.Errorf(wire.CodeNameInvalid, "That is the name of the conversation with everybody here.")
	}
	return nil
}

// groupTitle is a group's name as it is shown; "" when nothing of it can be.
func groupTitle(name string) string {
	title := cleanTitle(name)
	if passesForEveryone(title) {
		return "Group “" + title + "”"
	}
	return title
}
