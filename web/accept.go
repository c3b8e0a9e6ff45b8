package web

import (
	"strconv"
	"strings"
)

// choose picks the form that the client accepts with the highest weight; among equals the smallest,
// which stands first (RFC 9110, section 12.5.3). A client that refuses everything gets the plain
// form, because an answer it may not like is better than none.
func (f *file) choose(acceptEncoding []string) representation {
	accept := parseAccept(acceptEncoding)
	best, weight := f.forms[len(f.forms)-1], 0.0
	for _, form := range f.forms {
		if q := accept.weight(form.encoding); q > weight {
			best, weight = form, q
		}
	}
	return best
}

// accepted holds the weight of each content coding named in Accept-Encoding.
type accepted map[string]float64

func parseAccept(lines []string) accepted {
	a := accepted{}
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			name, parameters, _ := strings.Cut(item, ";")
			if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
				a[name] = quality(parameters)
			}
		}
	}
	return a
}

// quality reads "q=0.5"; anything that is no weight between 0 and 1 counts as 0, so that a malformed
// item is left alone.
func quality(parameters string) float64 {
	parameters = strings.TrimSpace(parameters)
	if parameters == "" {
		return 1
	}
	key, value, _ := strings.Cut(parameters, "=")
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if !strings.EqualFold(strings.TrimSpace(key), "q") || err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}

// weight of a coding. No coding at all ("identity") is acceptable unless it is refused by name or by
// "*"; it gets a tiny weight of its own so that any named coding wins over it.
func (a accepted) weight(coding string) float64 {
	if coding == "" {
		coding = "identity"
	}
	if q, ok := a[coding]; ok {
		return q
	}
	star, ok := a["*"]
	switch {
	case coding != "identity":
		return star // 0 when there is no star
	case ok && star == 0:
		return 0
	default:
		return 0.0001
	}
}
