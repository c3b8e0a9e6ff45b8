package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"frond/client"
	"frond/client/store/memory"
	"frond/client/vault"
	"frond/wire"
)

// blank is a device of a person that nobody signed in on.
func (w *World) blank(t *testing.T, of *person) *person {
	t.Helper()
	p := &person{
		name: of.name, keys: of.keys, kdf: of.kdf, suite: of.suite, rand: of.rand, log: of.log, store: memory.New(),
		promised: map[wire.ID]string{}, given: map[wire.ID]bool{}, opened: map[wire.ID]int{},
	}
	p.lane = newLane(w.server, rand.New(rand.NewPCG(w.opts.Seed, uint64(4000+len(w.people)))))
	w.people = append(w.people, p)
	must(t, p.start(context.Background()))
	return p
}

// atOnce runs commands at the same moment and demands that each succeeds.
func atOnce(t *testing.T, commands ...func() error) {
	t.Helper()
	errs := make([]error, len(commands))
	var all sync.WaitGroup
	for i, f := range commands {
		all.Go(func() { errs[i] = f() })
	}
	all.Wait()
	must(t, errors.Join(errs...))
}

func (p *person) signsIn() error { return p.on().SignIn(context.Background(), p.credentials()) }

// headed demands that the vault's header has a slot of each active device.
func (w *World) headed(t *testing.T, devices ...*person) {
	t.Helper()
	row, err := w.server.store.AccountByID(context.Background(), devices[0].account)
	must(t, err)
	h, err := vault.ParseHeader(row.Header)
	must(t, err)
	for _, d := range devices {
		secret := [32]byte(loot(t, d.store, d.account).field(t, 11))
		if _, err := h.Open(d.account, vault.SlotDevice, d.device(), secret); err != nil {
			t.Fatalf("device %s has no slot in epoch %d: %v", d.device(), row.Epoch, err)
		}
	}
	if n := len(w.chainOf(t, devices[0].account).Devices()); n != len(devices) {
		t.Fatalf("the chain has %d devices", n)
	}
}

func (w *World) allTalk(t *testing.T, id wire.ID, people ...*person) {
	t.Helper()
	for _, from := range people {
		text := "heard by all, from " + from.device().String()
		from.say(t, id, text)
		for _, to := range people {
			to.reads(t, id, text)
		}
	}
}

func TestDevicesThatSignInAtTheSameSecondAllGetIn(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		time.Sleep(5 * time.Second)
		one, other, third := w.blank(t, phone), w.blank(t, phone), w.blank(t, phone)
		atOnce(t, one.signsIn, other.signsIn, third.signsIn)
		time.Sleep(time.Minute)
		w.headed(t, phone, one, other, third)
		w.allTalk(t, direct, phone, one, other, third, ben)
	})
}

// A device comes while another one goes, while the password changes, and while a recovery code is set.
func TestADeviceComesWhileTheVaultChanges(t *testing.T) {
	for what, change := range map[string]func(t *testing.T, w *World, phone, lost *person) error{
		"removal": func(_ *testing.T, _ *World, phone, lost *person) error {
			return phone.on().RemoveDevice(context.Background(), lost.device())
		},
		"password": func(_ *testing.T, _ *World, phone, _ *person) error {
			next := vault.Keys{Auth: phone.keys.Auth, Wrap: [32]byte{9}} // the server lets the old one in
			return phone.on().ChangePassword(context.Background(), &phone.keys, next, phone.kdf)
		},
		"code": func(t *testing.T, _ *World, phone, _ *person) error {
			code, err := vault.NewRecoveryCode(phone.rand)
			must(t, err)
			return phone.on().SetRecovery(context.Background(), code)
		},
	} {
		t.Run(what, func(t *testing.T) {
			tell(t, 2, func(t *testing.T, w *World, p []*person) {
				phone, ben := p[0], p[1]
				direct := phone.create(t, wire.Direct, ben)
				lost := w.second(t, phone)
				time.Sleep(20 * time.Second)
				fresh := w.blank(t, phone)
				signsIn := func() error {
					err := fresh.signsIn()
					if what == "password" && wire.CodeOf(err) == wire.CodeWrongPassword { // the change was faster
						fresh.keys.Wrap = [32]byte{9}
						err = fresh.signsIn()
					}
					return err
				}
				atOnce(t, signsIn, func() error { return change(t, w, phone, lost) })
				time.Sleep(time.Minute)
				devices := []*person{phone, fresh, lost}
				if what == "removal" {
					devices = devices[:2]
				}
				if fresh.on().Session().State == client.LockedOut { // it came in by a password that is another now
					fresh.keys.Wrap = [32]byte{9}
					must(t, fresh.signsIn())
					time.Sleep(time.Minute)
				}
				w.headed(t, devices...)
				w.allTalk(t, direct, append(devices, ben)...)
				noFaultsBut(t, wire.CodeUnauthenticated, devices...)
			})
		})
	}
}

// noFaultsBut demands that nobody was told anything of another kind.
func noFaultsBut(t *testing.T, code wire.Code, people ...*person) {
	t.Helper()
	for _, p := range people {
		p.mu.Lock()
		for _, f := range p.faults {
			if f.Code != code {
				t.Errorf("%s was told %+v", p.name, f)
			}
		}
		p.mu.Unlock()
	}
}

// loses makes a network that loses the answers to one kind of request, n times, and the connection with it.
func (l *lane) loses(kind wire.Kind, n int) {
	l.lie(liar{says: func(asked wire.Kind, f wire.Frame) []wire.Frame {
		if asked != kind || n == 0 {
			return []wire.Frame{f}
		}
		n--
		go l.cut()
		return nil
	}})
}

func TestALostAnswerToAPasswordChangeIsNoWrongPassword(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone := p[0]
		old, next := phone.keys, vault.Keys{Auth: [32]byte{1}, Wrap: [32]byte{2}}
		phone.lane.loses(wire.OpPutVault, 1)
		must(t, phone.on().ChangePassword(ctx, &old, next, phone.kdf))
		if row, err := w.server.store.AccountByID(ctx, phone.account); err != nil || row.Epoch != 2 {
			t.Fatalf("the vault is of epoch %d, %v", row.Epoch, err)
		}
		phone.keys = next
		time.Sleep(10 * time.Second)
		w.second(t, phone)
		stranger := w.blank(t, phone)
		stranger.keys = old
		if err := stranger.signsIn(); wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatalf("by the old password: %v", err)
		}
		if err := phone.on().ChangePassword(ctx, &old, old, phone.kdf); wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatalf("a wrong present password: %v", err)
		}
	})
}

// In high protection no slot of the vault shows that the password changed.
func TestALostAnswerToAPasswordChangeInHighProtectionIsNoWrongPassword(t *testing.T) {
	tell(t, 1, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		phone := p[0]
		code, err := vault.NewRecoveryCode(phone.rand)
		must(t, err)
		must(t, phone.on().SetRecovery(ctx, code))
		must(t, phone.on().SetProtection(ctx, true, phone.keys, phone.kdf))
		next := vault.Keys{Auth: [32]byte{1}, Wrap: [32]byte{2}}
		if err := phone.on().ChangePassword(ctx, &next, next, phone.kdf); wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatalf("a wrong present password: %v", err)
		}
		phone.lane.loses(wire.OpPutVault, 1)
		must(t, phone.on().ChangePassword(ctx, &phone.keys, next, phone.kdf))
		stranger := w.blank(t, phone)
		if err := stranger.signsIn(); wire.CodeOf(err) != wire.CodeWrongPassword {
			t.Fatalf("by the old password: %v", err)
		}
		stranger.keys = next
		must(t, stranger.signsIn())
	})
}

func TestALostAnswerAddsADeviceOnce(t *testing.T) {
	tell(t, 2, func(t *testing.T, w *World, p []*person) {
		phone, ben := p[0], p[1]
		direct := phone.create(t, wire.Direct, ben)
		time.Sleep(5 * time.Second)
		fresh := w.blank(t, phone)
		lost := 0
		fresh.lane.lie(liar{posts: func(path string, answer []byte) []byte {
			if path == wire.PathDevice && lost == 0 {
				lost++
				return nil
			}
			return answer
		}})
		must(t, fresh.signsIn())
		time.Sleep(time.Minute)
		w.headed(t, phone, fresh)
		w.allTalk(t, direct, phone, fresh, ben)
	})
}

// The answer to a removal is lost, or the device stops before it comes: the new world is whole. When the
// request is lost, the old one is. Either way no root is lost.
func TestARemovalHappensWholeOrNotAtAll(t *testing.T) {
	for what, c := range map[string]struct {
		happens, crash bool
	}{
		"the answer is lost": {happens: true}, "the device stops before the answer": {happens: true, crash: true},
		"the device stops before the request": {crash: true},
	} {
		t.Run(what, func(t *testing.T) {
			tell(t, 2, func(t *testing.T, w *World, p []*person) {
				ctx := context.Background()
				phone, ben := p[0], p[1]
				direct := phone.create(t, wire.Direct, ben)
				lost, laptop := w.second(t, phone), w.second(t, phone)
				time.Sleep(20 * time.Second)
				before, row := w.rootOf(t, phone.account), w.epoch(t, phone.account)
				phone.lane.loses(wire.OpRemoveDevice, 1)
				if !c.happens {
					phone.lane.lie(liar{hears: func(f wire.Frame) wire.Frame {
						if f.Kind == wire.OpRemoveDevice {
							f.Kind = wire.OpPing // the request is lost
							f.Body = encoded(t, wire.Nothing{})
							go func() { _ = phone.crash(ctx) }()
						}
						return f
					}})
				}
				removed := make(chan error, 1)
				c1 := phone.on()
				go func() { removed <- c1.RemoveDevice(ctx, lost.device()) }()
				if c.crash {
					time.Sleep(100 * time.Millisecond)
					must(t, phone.crash(ctx))
					<-removed
					phone.lane.lie(liar{})
					must(t, phone.start(ctx))
				} else {
					must(t, <-removed)
				}
				time.Sleep(time.Minute)
				if happened := w.rootOf(t, phone.account) != before; happened != c.happens {
					t.Fatalf("the root was replaced: %v", happened)
				}
				if moved := w.epoch(t, phone.account) > row; moved != c.happens {
					t.Fatalf("the vault went on: %v", moved)
				}
				if !c.happens {
					w.headed(t, phone, lost, laptop)
					w.allTalk(t, direct, phone, lost, laptop, ben)
					must(t, phone.on().RemoveDevice(ctx, lost.device()))
					time.Sleep(time.Minute)
				}
				w.headed(t, phone, laptop)
				for _, d := range []*person{phone, laptop} {
					if got := (&theft{t: t}).root(loot(t, d.store, d.account)).Public(); wire.Hash(got) != w.rootOf(t, d.account) {
						t.Fatal("a device has another root than the chain")
					}
				}
				w.settled(t, phone.account, []*person{phone, laptop, ben}, direct)
				w.allTalk(t, direct, phone, laptop, ben)
			})
		})
	}
}

func (w *World) epoch(t *testing.T, account wire.ID) uint64 {
	t.Helper()
	row, err := w.server.store.AccountByID(context.Background(), account)
	must(t, err)
	return row.Epoch
}
