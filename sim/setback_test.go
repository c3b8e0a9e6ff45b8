package sim

import (
	"context"
	"testing"
	"time"

	"frond/client"
	"frond/mls"
	"frond/wire"
)

// backedUp is a backup of the server, made while it runs.
func (w *World) backedUp(t *testing.T) []byte {
	t.Helper()
	time.Sleep(20 * time.Second)
	b, err := w.server.backup()
	must(t, err)
	time.Sleep(20 * time.Second)
	return b
}

// noneFails demands that nothing that the people wrote failed or waits.
func noneFails(t *testing.T, id wire.ID, people ...*person) {
	t.Helper()
	for _, p := range people {
		for _, m := range p.rows(t, id) {
			if m.State == client.Pending || m.State == client.Failed {
				t.Errorf("%s: %+v %+v", p.name, m, m.Reason)
			}
		}
	}
}

func TestAfterARestoreAConversationGoesOn(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ada, ben := p[0], p[1]
		id := ada.create(t, wire.Direct, ben)
		ada.say(t, id, "before the backup")
		backup := w.backedUp(t)
		ada.say(t, id, "after the backup")
		ben.say(t, id, "and an answer")
		time.Sleep(20 * time.Second)
		must(t, w.server.restore(backup))
		time.Sleep(time.Minute)
		ada.say(t, id, "after the restore")
		ben.reads(t, id, "after the restore")
		ben.say(t, id, "heard")
		ada.reads(t, id, "heard")
		noneFails(t, id, ada, ben)
		for _, q := range p {
			q.finds(t, id, "after the backup") // what was received stays
			q.finds(t, id, "before the backup")
			q.sees(t, id, "The server was restored from a backup. What was sent shortly before may be missing for some")
		}
		tablet := w.second(t, ben)
		time.Sleep(20 * time.Second)
		tablet.finds(t, id, "before the backup")
		tablet.has(t, id, "after the restore") // with a remark: the message before it is lost
		tablet.say(t, id, "from the tablet")
		ada.reads(t, id, "from the tablet")
	})
}

// After the backup was made the group changed: dan came, cleo went, and ben got a tablet. Eve was away the whole time.
func TestAfterARestoreAConversationGoesOnThatHadChanged(t *testing.T) {
	for what, first := range map[string]func(t *testing.T, id wire.ID, ada, ben, eve *person){
		"who saw the changes comes first": func(t *testing.T, id wire.ID, ada, ben, eve *person) {
			ada.say(t, id, "ada is here")
			time.Sleep(time.Minute)
			must(t, eve.start(context.Background()))
		},
		"who missed them comes first and writes": func(t *testing.T, id wire.ID, ada, ben, eve *person) {
			ctx := context.Background()
			must(t, ada.crash(ctx))
			must(t, ben.crash(ctx))
			must(t, eve.start(ctx))
			time.Sleep(time.Minute)
			eve.say(t, id, "is nobody here?")
			time.Sleep(time.Minute)
			must(t, ada.start(ctx))
			must(t, ben.start(ctx))
		},
		"who missed them comes first and changes something": func(t *testing.T, id wire.ID, ada, ben, eve *person) {
			ctx := context.Background()
			must(t, ada.crash(ctx))
			must(t, ben.crash(ctx))
			must(t, eve.start(ctx))
			time.Sleep(time.Minute)
			must(t, eve.on().Rename(ctx, id, "eve's name for it"))
			time.Sleep(time.Minute)
			must(t, ada.start(ctx))
			must(t, ben.start(ctx))
		},
	} {
		t.Run(what, func(t *testing.T) {
			tell(t, 5, func(t *testing.T, w *World, p []*person) {
				ctx := context.Background()
				ada, ben, cleo, dan, eve := p[0], p[1], p[2], p[3], p[4]
				id := ada.create(t, wire.Group, ben, cleo, eve)
				must(t, ada.on().SetRole(ctx, id, eve.account, client.Owner))
				ada.say(t, id, "before the backup")
				time.Sleep(20 * time.Second)
				must(t, eve.crash(ctx))
				backup := w.backedUp(t)
				must(t, ada.on().Add(ctx, id, []string{dan.name}))
				must(t, ada.on().Remove(ctx, id, cleo.account))
				tablet := w.second(t, ben)
				time.Sleep(20 * time.Second)
				ada.say(t, id, "after the backup")
				dan.reads(t, id, "after the backup")
				time.Sleep(20 * time.Second)

				must(t, w.server.restore(backup))
				first(t, id, ada, ben, eve)
				time.Sleep(time.Minute)
				must(t, tablet.signInAgain(ctx)) // the backup knows neither it nor its session
				time.Sleep(30 * time.Minute)
				for _, q := range []*person{ada, ben, tablet, dan, eve} {
					q.say(t, id, "after the restore, from "+q.device().String())
				}
				time.Sleep(time.Minute)
				for _, q := range []*person{ada, ben, tablet, dan, eve} {
					for _, from := range []*person{ada, ben, tablet, dan, eve} {
						q.finds(t, id, "after the restore, from "+from.device().String())
					}
					noneFails(t, id, q)
				}
				cleo.lacks(t, id, "after the restore, from "+ada.device().String())
				desk := w.second(t, dan)
				time.Sleep(time.Minute)
				desk.say(t, id, "and on")
				eve.reads(t, id, "and on")
				list, err := w.server.store.MembersOf(ctx, id)
				must(t, err)
				if len(list) != 6 {
					t.Errorf("the server has %d members", len(list))
				}
			})
		})
	}
}

// A conversation that was begun after the backup is gone for good. Two people begin another one at once; what a group
// said stays readable, and after a day it is said that it is gone.
func TestAConversationThatTheBackupLacksIsSaidToBeGone(t *testing.T) {
	tell(t, 3, func(t *testing.T, w *World, p []*person) {
		ada, ben, cleo := p[0], p[1], p[2]
		backup := w.backedUp(t)
		direct, group := ada.create(t, wire.Direct, ben), ada.create(t, wire.Group, ben, cleo)
		ada.say(t, direct, "hello ben")
		ada.say(t, group, "hello all")
		time.Sleep(20 * time.Second)
		must(t, w.server.restore(backup))
		time.Sleep(10 * time.Minute)
		gone := "The server was restored from a backup that lacks this conversation. Begin another one"
		for _, q := range []*person{ada, ben} {
			q.sees(t, direct, gone)
			q.finds(t, direct, "hello ben")
		}
		again := ben.create(t, wire.Direct, ada)
		ben.say(t, again, "here we are")
		ada.reads(t, again, "here we are")
		for range 15 {
			time.Sleep(2 * time.Hour)
			for _, q := range p {
				q.lane.cut()
			}
		}
		for _, q := range p {
			q.sees(t, group, gone)
			q.finds(t, group, "hello all")
			if q.told(client.CodeVault) {
				t.Errorf("%s is told of the vault", q.name)
			}
		}
	})
}

// A member uses the moment after a restore to tell the server that nobody is in the group but its own device and one more.
// The others see that this is not so, and bring back those whom it left out.
func TestWhoIsLeftOutByALieAfterARestoreIsBroughtBack(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo, mallory := p[0], p[1], p[2], p[3]
		id := ada.create(t, wire.Group, ben, cleo, mallory)
		ada.say(t, id, "before the backup")
		backup := w.backedUp(t)
		must(t, w.server.restore(backup))
		time.Sleep(time.Minute)
		r := goRogue(t, mallory, id)
		named := []wire.MemberRef{ada.ref(), mallory.ref()}
		s, err := r.group.Commit(r.config(w), mls.CommitOptions{AAD: wire.DeclareWhole(mallory.ref(), named)})
		must(t, err)
		sealed, err := w.server.store.GroupInfo(ctx, id)
		must(t, err)
		message, _ := wire.NewID(r.person.rand)
		_, err = r.ask(wire.OpHandshake, wire.Handshake{
			Conversation: id, Message: message, Previous: sealed.Seq, Frame: s.Message(), GroupInfo: sealed.Sealed, Return: named, Whole: true,
		})
		must(t, err)
		ben.send(ctx, id, "does anybody hear me?")
		time.Sleep(time.Minute)
		for _, q := range []*person{ada, ben, cleo} {
			q.sees(t, id, "A change by "+mallory.name+" was not valid and is ignored")
			q.has(t, id, "does anybody hear me?")
		}
		ben.say(t, id, "I am back")
		cleo.reads(t, id, "I am back")
	})
}
