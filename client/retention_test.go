package client

import (
	"errors"
	"testing"

	"frond/mls"
	"frond/wire"
)

// anyRoster encodes a roster as a programmer could, whether or not it is well formed.
func anyRoster(r Roster) []mls.Extension {
	return []mls.Extension{{Type: RosterExtension, Data: encode(r)}}
}

func keptAs(r Roster, mode Retention, timer uint32) Roster {
	r.Retention, r.Timer = mode, timer
	return r
}

func TestHowLongMessagesAreKeptIsChangedByWhoMay(t *testing.T) {
	t.Parallel()
	group, direct, open := newCircle(t, wire.Group), newCircle(t, wire.Direct), newCircle(t, wire.Open)
	renamed := keptAs(direct.roster, DeviceOnly, 0)
	renamed.Name = "mine"
	promoted := keptAs(direct.roster.with(direct.ann.person(Owner)), DeviceOnly, 0)
	for _, test := range []struct {
		what   string
		circle *circle
		author *mls.Group
		roster Roster
		ok     bool
	}{
		{"the owner of a group", group, group.ownerG, keptAs(group.roster, Disappearing, 300), true},
		{"the owner, on devices only", group, group.ownerG, keptAs(group.roster, DeviceOnly, 0), true},
		{"a moderator", group, group.moderatorG, keptAs(group.roster, DeviceOnly, 0), false},
		{"a member", group, group.annG, keptAs(group.roster, Disappearing, 300), false},
		{"one of a pair", direct, direct.ownerG, keptAs(direct.roster, Disappearing, 604800), true},
		{"the other of the pair", direct, direct.annG, keptAs(direct.roster, DeviceOnly, 0), true},
		{"one of a pair, with a name", direct, direct.ownerG, renamed, false},
		{"one of a pair, with a role", direct, direct.annG, promoted, false},
		{"somebody in the open conversation", open, open.ownerG, keptAs(open.roster, Disappearing, 300), false},
		{"an odd timer", group, group.ownerG, keptAs(group.roster, Disappearing, 299), false},
		{"no timer", group, group.ownerG, keptAs(group.roster, Disappearing, 0), false},
		{"a timer for nothing", group, group.ownerG, keptAs(group.roster, Full, 300), false},
		{"a mode nobody knows", group, group.ownerG, keptAs(group.roster, 4, 0), false},
		{"no mode", direct, direct.annG, keptAs(direct.roster, 0, 0), false},
	} {
		s, err := test.author.Commit(config(), mls.CommitOptions{Extensions: anyRoster(test.roster)})
		if err != nil {
			t.Errorf("%s: %v", test.what, err)
			continue
		}
		if _, err := new(verifier).judgeStaged(s); (err == nil) != test.ok || err != nil && !errors.Is(err, errNotAllowed) {
			t.Errorf("%s: judged %v", test.what, err)
		}
		if err := test.circle.verdict(t, test.author, s.Message()); (err == nil) != test.ok {
			t.Errorf("%s: judged by others %v", test.what, err)
		}
	}
}

func TestAMessageIsKeptByTheRuleOfItsEpoch(t *testing.T) {
	t.Parallel()
	v := newConversation(wire.ID{1}, conversationRecord{})
	k := &v.rec.Keep
	k.note(3, &Roster{Retention: Full})
	k.note(4, &Roster{Retention: Full})
	k.note(6, &Roster{Retention: Disappearing, Timer: 300})
	k.note(7, &Roster{Retention: DeviceOnly})
	if len(k.Rules) != 3 {
		t.Fatalf("%+v", k.Rules)
	}
	for epoch, want := range map[uint64]Retention{3: Full, 5: Full, 6: Disappearing, 7: DeviceOnly, 99: DeviceOnly} {
		if got := v.ruleFor(epoch); got.Retention != want || (got.Timer == 300) != (want == Disappearing) {
			t.Errorf("epoch %d: %+v", epoch, got)
		}
	}
	k.note(6, &Roster{Retention: Full}) // joined again, where another commit won
	if got := v.ruleFor(8); got.Retention != Full || len(k.Rules) != 1 {
		t.Fatalf("%+v", k.Rules)
	}
	for epoch := range uint64(100) {
		k.note(10+epoch, &Roster{Retention: Disappearing, Timer: uint32(epoch)})
	}
	if len(k.Rules) != maxRules || v.ruleFor(109).Timer != 99 {
		t.Fatalf("%d rules", len(k.Rules))
	}
}

func TestOfTwoLifetimesTheShorterIsTaken(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]uint64{{0, 0, 0}, {0, 5, 5}, {5, 0, 5}, {4, 5, 4}, {5, 4, 4}, {5, 5, 5}} {
		if got := shorter(c[0], c[1]); got != c[2] {
			t.Errorf("of %d and %d it takes %d", c[0], c[1], got)
		}
	}
}
