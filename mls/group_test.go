package mls

import (
	"slices"
	"testing"
)

func TestLifeOfAGroup(t *testing.T) {
	t.Parallel()
	inSuites(t, Suites(), func(t *testing.T, w *world) {
		w.create("alice")
		w.commit("alice", CommitOptions{}, "bob")
		w.talk()
		if !*allSuites && !slices.Contains(storySuites, w.suite) {
			w.commit("bob", CommitOptions{}, "carol")
			w.joinExternal("dave", "carol")
			w.talk()
			return // told to its end with -mls.all
		}
		w.commit("bob", CommitOptions{}, "carol", "dave", "erin")
		w.talk()
		w.commit("dave", CommitOptions{})
		w.commit("carol", CommitOptions{NoPath: true}, "frank")
		w.talk()
		gone := w.leaf("bob")
		w.person("bob").group = nil
		w.commit("erin", CommitOptions{Remove: []LeafIndex{gone}})
		w.talk()
		w.joinExternal("grace", "frank")
		w.talk()
		old := w.leaf("carol")
		w.joinExternal("carol", "dave", old)
		w.talk()
		for _, name := range []string{"alice", "carol", "dave", "erin", "frank", "grace"} {
			w.commit(name, CommitOptions{Public: name == "erin"})
		}
		w.talk()
	})
}
