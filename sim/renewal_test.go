package sim

import (
	"context"
	"testing"
	"time"

	"frond/mls"
	"frond/wire"
)

// Mallory makes a commit that is valid, and uploads group information that opens for nobody. A new device
// asks for another, and gets in; also when a member comes online only later.
func TestGroupInformationThatOpensForNobodyIsRenewed(t *testing.T) {
	for what, away := range map[string]bool{"with a member there": false, "with a member who comes later": true} {
		t.Run(what, func(t *testing.T) {
			tell(t, 3, func(t *testing.T, w *World, p []*person) {
				ctx := context.Background()
				ada, ben, mallory := p[0], p[1], p[2]
				id := ada.create(t, wire.Group, ben, mallory)
				ada.say(t, id, "hello")
				time.Sleep(5 * time.Second)
				r := goRogue(t, mallory, id)
				s, err := r.group.Commit(r.config(w), mls.CommitOptions{AAD: wire.Declare(r.person.ref(), nil, nil, nil)})
				if err != nil {
					t.Fatal(err)
				}
				r.spoil(t, w, s)
				if away {
					time.Sleep(time.Second)
					if err := ada.crash(ctx); err != nil {
						t.Fatal(err)
					}
				}
				if err := ben.replace(ctx); err != nil {
					t.Fatal(err)
				}
				if away {
					time.Sleep(5 * time.Minute)
					if ben.look(t, id).CanSend && !ben.look(t, id).Joining {
						t.Fatal("ben is in by what opens for nobody")
					}
					if err := ada.start(ctx); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(3 * time.Minute)
				ben.say(t, id, "I am in")
				ada.reads(t, id, "I am in")
			})
		})
	}
}

// spoil is commit with garbage in place of the group information.
func (r *rogue) spoil(t *testing.T, w *World, s *mls.Staged) {
	t.Helper()
	old, err := w.server.store.GroupInfo(context.Background(), r.id)
	if err != nil {
		t.Fatal(err)
	}
	message, _ := wire.NewID(r.person.rand)
	_, err = r.ask(wire.OpHandshake, wire.Handshake{
		Conversation: r.id, Message: message, Previous: old.Seq, Frame: s.Message(), GroupInfo: make([]byte, 500),
	})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
}
