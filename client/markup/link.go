package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

var schemes = []string{"https://", "http://", "mailto:"}

// maxLink is the longest link in bytes; what goes on longer stays text.
const maxLink = 2048

// link adds a link when one begins here.
func (p *parser) link() bool {
	if p.at > 0 && isWord(p.text[p.at-1]) {
		return false
	}
	scheme := schemeOf(p.text[p.at:])
	if scheme == "" {
		return false
	}
	rest := p.text[p.at+len(scheme):]
	if p.at < p.refused[scheme] || rest == "" || !isWord(rest[0]) && rest[0] != '[' {
		return false
	}
	n := linkLength(rest)
	end := p.at + len(scheme) + n
	if n == 0 || n > maxLink || scheme == "mailto:" && !strings.Contains(rest[:n], "@") {
		p.refused[scheme] = end // what begins in there is no better, and is not read again
		return false
	}
	text := p.text[p.at:end]
	p.emit(Part{Kind: Link, Text: text, Href: scheme + rest[:n]}, end)
	return true
}

func schemeOf(text string) string {
	for _, s := range schemes {
		if len(text) >= len(s) && strings.EqualFold(text[:len(s)], s) {
			return s
		}
	}
	return ""
}

// linkLength returns how far a link goes: up to a space, a quote, a bracket, or a character that is
// not shown as itself, without the punctuation of the sentence around it.
func linkLength(s string) int {
	end := 0
	for end < len(s) && end <= maxLink {
		r, size := utf8.DecodeRuneInString(s[end:])
		if r <= ' ' || strings.ContainsRune("<>\"`\\", r) || !unicode.IsGraphic(r) || unicode.IsSpace(r) {
			break
		}
		end += size
	}
	open := strings.Count(s[:end], "(") - strings.Count(s[:end], ")")
	for end > 0 {
		c := s[end-1]
		if c == ')' && open < 0 {
			open++
		} else if !strings.ContainsRune(".,;:!?'*_", rune(c)) {
			break
		}
		end--
	}
	return end
}
