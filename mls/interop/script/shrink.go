package script

import "slices"

// Shrink takes steps out of a failing script as long as it goes on failing.
func Shrink(s Script, fails func(Script) bool) Script {
	for again := true; again; {
		again = false
		for i := len(s.Steps) - 1; i >= 0; i-- {
			less := s
			less.Steps = slices.Delete(slices.Clone(s.Steps), i, i+1)
			if fails(less) {
				s, again = less, true
			}
		}
	}
	return s
}
