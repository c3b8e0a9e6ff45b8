package mls

import "testing"

func TestLifeOfAGroup(t *testing.T) {
	t.Parallel()
	inSuites(t, Suites(), func(t *testing.T, w *world) {
		w.create("alice")
		w.commit("alice", CommitOptions{}, "bob")
		w.talk()
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
