package markup

import "strings"

// The styles, in the order in which they are tried where their marks begin alike.
const (
	fence = iota
	tick
	double
	single
	line // not a style: where the line ends
	styles
)

var marks = [styles]string{"```", "`", "**", "*", "\n"}

var kinds = [styles]Kind{CodeBlock, Code, Strong, Emphasis, Break}

// styled adds a styled part when one opens here and closes.
func (p *parser) styled(style int) bool {
	mark := marks[style]
	if !strings.HasPrefix(p.text[p.at:], mark) || !p.opens(style) {
		return false
	}
	start := p.at + len(mark)
	end := p.closing(style, start+1)
	if end < 0 || style != fence && p.lineEnds(start, end) {
		return false
	}
	inner := p.text[start:end]
	if style == fence {
		inner = block(inner)
	}
	p.emit(Part{Kind: kinds[style], Text: inner}, end+len(mark))
	return true
}

// opens says whether the mark at hand can open its style: stars stand before a word, and not
// inside one, so that 2*3*4 stays arithmetic.
func (p *parser) opens(style int) bool {
	after := p.at + len(marks[style])
	if after >= len(p.text) {
		return false
	}
	if style != double && style != single {
		return p.text[after] != '`'
	}
	return !isSpace(p.text[after]) && p.text[after] != '*' && (p.at == 0 || !isWord(p.text[p.at-1]) && p.text[p.at-1] != '*')
}

// closes says whether the mark at i can close its style.
func (p *parser) closes(style, i int) bool {
	after := i + len(marks[style])
	end := after >= len(p.text)
	switch style {
	case tick:
		return p.text[i-1] != '`' && (end || p.text[after] != '`')
	case double, single:
		return !isSpace(p.text[i-1]) && p.text[i-1] != '*' && (end || !isWord(p.text[after]) && p.text[after] != '*')
	}
	return true
}

// closing returns the first place at or after from where the style closes, or -1. It remembers the
// place, so all searches for one style together pass over the text once.
func (p *parser) closing(style, from int) int {
	i := from
	if p.begun[style] {
		if p.next[style] < 0 || p.next[style] >= from {
			return p.next[style]
		}
		i = max(from, p.next[style]+1)
	}
	p.begun[style] = true
	for i < len(p.text) {
		n := strings.Index(p.text[i:], marks[style])
		if n < 0 {
			break
		}
		if i += n; p.closes(style, i) {
			p.next[style] = i
			return i
		}
		i++
	}
	p.next[style] = -1
	return -1
}

func (p *parser) lineEnds(from, to int) bool {
	end := p.closing(line, from)
	return end >= 0 && end < to
}

// block takes the line breaks off that stand next to the fences.
func block(inner string) string {
	return strings.TrimSuffix(strings.TrimPrefix(inner, "\n"), "\n")
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80
}
