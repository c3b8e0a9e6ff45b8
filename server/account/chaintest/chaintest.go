// Package chaintest makes sigchains for tests of the server.
package chaintest

import (
	"crypto/rand"
	"testing"
	"time"

	"frond/identity"
	"frond/wire"
)

// Owner is an account as its owner holds it. Its methods author events, as a client does, and
// go on from there as if the server had accepted them.
type Owner struct {
	t     testing.TB
	Root  identity.Root
	Chain *identity.Chain
	keys  map[wire.ID]identity.DeviceKey
}

// New makes an account with its first device. The name is in its canonical form.
func New(t testing.TB, name string, device wire.ID) *Owner {
	t.Helper()
	o := &Owner{t: t, Root: Root(t), keys: map[wire.ID]identity.DeviceKey{}}
	var err error
	if o.Chain, err = identity.NewChain(rand.Reader, o.Root, name, time.Now()); err != nil {
		t.Fatal(err)
	}
	o.List(device)
	return o
}

// Root makes a root.
func Root(t testing.TB) identity.Root {
	t.Helper()
	root, err := identity.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// ID is the account's.
func (o *Owner) ID() wire.ID { return wire.ID(o.Chain.Account()) }

// Copy is the owner as now, whatever the first one goes on to do.
func (o *Owner) Copy() *Owner {
	next := *o
	return &next
}

// AddDevice is the request that lists one more device.
func (o *Owner) AddDevice(device wire.ID) wire.AddDevice {
	o.t.Helper()
	n := o.Chain.Len()
	o.List(device)
	return wire.AddDevice{Device: device, Index: uint64(n), Events: o.Since(n)}
}

// RemoveDevice is the request that takes a device out and replaces the root.
func (o *Owner) RemoveDevice(device wire.ID, vault wire.PutVault) wire.RemoveDevice {
	o.t.Helper()
	n := o.Chain.Len()
	o.Unlist(device)
	o.Rotate()
	return wire.RemoveDevice{Device: device, Index: uint64(n), Events: o.Since(n), Vault: &vault}
}

// ReplaceDevice is the request that lists a device in the place of another.
func (o *Owner) ReplaceDevice(device, gone wire.ID, vault wire.PutVault) wire.AddDevice {
	o.t.Helper()
	r := o.RemoveDevice(gone, vault)
	o.List(device)
	return wire.AddDevice{Device: device, Index: r.Index, Events: o.Since(int(r.Index)), Replace: &wire.Replace{Device: gone, Vault: r.Vault}}
}

// Reset is the request that begins anew with another device; the test fills in the rest.
func (o *Owner) Reset(device wire.ID) wire.Reset {
	o.t.Helper()
	n := o.Chain.Len()
	o.BeginAnew()
	o.List(device)
	return wire.Reset{Device: device, Index: uint64(n), Events: o.Since(n)}
}

// Since is what followed the first n events.
func (o *Owner) Since(n int) [][]byte { return o.Chain.Events()[n:] }

// List adds the event that lists a device.
func (o *Owner) List(device wire.ID) {
	o.t.Helper()
	key, err := identity.NewDeviceKey(rand.Reader)
	if err != nil {
		o.t.Fatal(err)
	}
	o.keys[device] = key
	o.goesOn(o.Chain.AddDevice(o.Root, identity.ID(device), key.Public(), "test", time.Now()))
}

// Resume is the request by which a device goes on in a session.
func (o *Owner) Resume(device wire.ID, s wire.Session) wire.Resume {
	o.t.Helper()
	r := wire.Resume{Device: device}
	var err error
	if r.Signature, err = identity.SignResume(o.keys[device], r.Signed(s.Account, *s.Challenge)); err != nil {
		o.t.Fatal(err)
	}
	return r
}

// Unlist adds the event that takes a device out.
func (o *Owner) Unlist(device wire.ID) {
	o.t.Helper()
	o.goesOn(o.Chain.RemoveDevice(o.Root, identity.ID(device), time.Now()))
}

// Rotate adds the event that replaces the root.
func (o *Owner) Rotate() {
	o.t.Helper()
	next := Root(o.t)
	o.goesOn(o.Chain.RotateRoot(o.Root, next, time.Now()))
	o.Root = next
}

// BeginAnew adds the event of a reset.
func (o *Owner) BeginAnew() {
	o.t.Helper()
	next := Root(o.t)
	o.goesOn(o.Chain.Reset(next, time.Now()))
	o.Root = next
}

func (o *Owner) goesOn(next *identity.Chain, err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
	o.Chain = next
}
