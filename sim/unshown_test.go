package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"frond/client"
	"frond/wire"
)

// lists demands that a person's device shows a conversation, or not.
func (p *person) lists(t *testing.T, id wire.ID, want bool) {
	t.Helper()
	list := p.conversations(context.Background())
	if got := slices.ContainsFunc(list, func(v client.Conversation) bool { return v.ID == id }); got != want {
		t.Fatalf("%s lists it: %v, want %v", p.name, got, want)
	}
}

// While an account signs in on a new device it is taken out of a group. The vault still names the group.
func TestAConversationThatANewDeviceCameTooLateForIsNotShown(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo := p[0], p[1], p[2]
		group, other := ada.create(t, wire.Group, ben, cleo), ada.create(t, wire.Group, ben)
		ada.say(t, group, "before")
		time.Sleep(time.Minute)
		must(t, ben.crash(ctx)) // so that nothing takes the group out of his vault
		must(t, ada.on().Remove(ctx, group, ben.account))

		tablet := w.blank(t, ben)
		must(t, tablet.signsIn())
		time.Sleep(2 * time.Minute)
		tablet.lists(t, group, false)
		tablet.lists(t, other, true)
		if !tablet.told(wire.CodeForbidden) {
			t.Error("the person is not told")
		}
		must(t, tablet.crash(ctx))
		must(t, tablet.start(ctx))
		time.Sleep(time.Minute)
		tablet.lists(t, group, false)

		must(t, ada.on().Add(ctx, group, []string{ben.name})) // it comes when it is theirs again
		time.Sleep(time.Minute)
		tablet.lists(t, group, true)
		tablet.say(t, group, "back")
		ada.reads(t, group, "back")
		must(t, ada.on().Remove(ctx, group, ben.account))
		time.Sleep(time.Minute)

		must(t, ben.start(ctx)) // who knows of both removals
		time.Sleep(time.Minute)
		desk := w.blank(t, ben)
		must(t, desk.signsIn())
		time.Sleep(time.Minute)
		desk.lists(t, group, false)
		if desk.told(wire.CodeForbidden) {
			t.Error("the vault still names the group")
		}
	})
}

// A device is added to a group, says that it has the welcome, and is set back to before that, and so is all that its
// account knew. The server and the others know.
func TestADeviceThatForgotThatItWasAddedComesInAgain(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ada, ben, cleo := p[0], p[1], p[2]
		time.Sleep(5 * time.Second)
		old := ben.store.Copy()
		ben.lane.lie(putsOff(t, time.Now().Add(time.Hour), wire.OpPutState, wire.OpPutVault))
		group := ada.create(t, wire.Group, ben, cleo)
		ada.say(t, group, "hello ben")
		time.Sleep(time.Second)
		ben.setBack(t, old)
		ben.lane.lie(liar{})
		time.Sleep(20 * time.Minute)
		ben.isInside(t, group, true)
		ben.say(t, group, "hello again")
		cleo.reads(t, group, "hello again")
	})
}
