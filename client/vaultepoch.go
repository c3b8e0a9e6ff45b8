package client

import (
	"io"
	"slices"
	"sort"

	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// A new vault epoch has a new key, sealed in a new header to whoever may open it. It is opened when a
// password or recovery code changes, when a device came, and when one went. That a device came or went is
// not remembered apart: it is read off the sigchain and the openers, so a crash forgets nothing.

// deviceOpener makes a device's own box secret and what others seal to it.
func (c *Client) deviceOpener(rec *selfRecord) error {
	if _, err := io.ReadFull(c.cfg.Rand, rec.Box[:]); err != nil {
		return err
	}
	o, err := vault.NewOpener(vault.SlotDevice, rec.Device, vault.Params{}, []byte{}, rec.Box)
	rec.Openers = append(rec.Openers, o)
	return err
}

// vaultStale reports whether the vault opens for a device that was removed, or not for this one.
func (c *Client) vaultStale() bool {
	mine := false
	for _, o := range c.self.Openers {
		if o.Kind == vault.SlotDevice {
			mine = mine || wire.ID(o.ID) == c.self.Device
			if d, known := c.self.chain.Device(identity.ID(o.ID)); known && !d.Active() {
				return true
			}
		}
	}
	return !mine || !slices.Equal(c.self.Headed, openerIDs(c.self.Openers))
}

// openerIDs names the devices that openers are of.
func openerIDs(openers []vault.Opener) (ids []wire.ID) {
	for _, o := range openers {
		if o.Kind == vault.SlotDevice {
			ids = append(ids, wire.ID(o.ID))
		}
	}
	sort.Slice(ids, func(i, j int) bool { return less(ids[i], ids[j]) })
	return ids
}

// vaultEpoch is a new epoch on its way.
type vaultEpoch struct {
	rec   selfRecord      // as it will be, but for the chain
	asked *identity.Chain // when the epoch was made
	chain *identity.Chain // with the removal that goes with it
	op    wire.Kind
	body  any
}

// nextEpoch makes the next epoch.
func (c *Client) nextEpoch(ch *vaultChange) (next vaultEpoch, err error) {
	next.rec, next.asked, next.chain = c.self.selfRecord, c.self.chain, c.self.chain
	rec := &next.rec
	if ch.remove != nil {
		if next.chain, err = c.shutOut(rec, next.chain, *ch.remove, ch.sums); err != nil {
			return next, err
		}
	}
	key, err := c.renewKey(rec, next.chain, ch.remove != nil)
	if err != nil {
		return next, err
	}
	if ch.may != nil {
		if err := ch.may(rec.Openers); err != nil {
			return next, err
		}
	}
	if ch.openers != nil {
		rec.Openers = ch.openers(rec.Openers)
	}
	if ch.password != nil {
		rec.Chosen = nil
	}
	body, err := c.sealEpoch(rec, key, c.state())
	body.Password, body.Recovery, body.RecoveryOff = ch.password, ch.recovery, ch.off
	next.op, next.body = wire.OpPutVault, body
	if n := c.self.chain.Len(); ch.remove != nil {
		next.op = wire.OpRemoveDevice
		next.body = wire.RemoveDevice{Device: *ch.remove, Index: uint64(n), Events: next.chain.Events()[n:], Vault: &body}
	}
	return next, err
}

// renewKey puts the next epoch's number and a fresh key into a record, and drops what removed devices open the vault by. A
// device that the sigchain known here does not name yet keeps its opener, unless the epoch is to shut somebody out.
func (c *Client) renewKey(rec *selfRecord, chain *identity.Chain, shuts bool) (vault.Key, error) {
	key, err := vault.NewKey(c.cfg.Rand)
	if err != nil {
		return key, err
	}
	rec.Earlier = append(slices.Clip(rec.Earlier), rec.VaultKey)
	rec.VaultKey, rec.VaultEpoch, rec.Revision, rec.Unlock = wire.Hash(key), rec.VaultEpoch+1, rec.Revision+1, nil
	rec.Openers = slices.DeleteFunc(slices.Clone(rec.Openers), func(o vault.Opener) bool {
		d, known := chain.Device(identity.ID(o.ID))
		return o.Kind == vault.SlotDevice && (known && !d.Active() || !known && shuts)
	})
	return key, nil
}

// sealEpoch seals header and state of an epoch.
func (c *Client) sealEpoch(rec *selfRecord, key vault.Key, s accountState) (wire.PutVault, error) {
	rec.Headed = openerIDs(rec.Openers)
	header, err := vault.SealHeader(rec.Account, rec.VaultEpoch, key, rec.Openers)
	if err != nil {
		return wire.PutVault{}, err
	}
	s.Openers, s.Earlier, s.Root, s.Formers, s.Vouched = rec.Openers, rec.Earlier, rec.Root, rec.Formers, rec.Vouched
	sealed, err := c.sealState(rec, rec.Revision, s)
	return wire.PutVault{Epoch: rec.VaultEpoch, Header: header, Revision: rec.Revision, State: sealed}, err
}

// adoptEpoch makes the new epoch this device's, now that the server has it. The chain follows in a batch
// of its own, as it does on the account's other devices.
func (c *Client) adoptEpoch(next vaultEpoch) error {
	if next.rec.VaultEpoch > c.self.VaultEpoch {
		next.rec.Chain, next.rec.Unsaved, next.rec.Published = c.self.Chain, c.self.Unsaved, c.self.Published
		t := c.begin()
		if err := c.sealAnew(t, &next.rec); err != nil {
			return err
		}
		t.put(keyAccount(next.rec.Account), next.rec)
		t.then(func() {
			c.self.selfRecord = next.rec
			c.vaultOpeners()
		})
		if err := t.commit(); err != nil {
			return err
		}
	}
	if next.op != wire.OpRemoveDevice {
		return nil
	}
	return c.ownChainIs(next.chain.Events(), next.asked)
}

// vaultOpeners tells when something else opens the vault than before, here or on another device.
func (c *Client) vaultOpeners() {
	if r, h := c.hasRecovery(), c.highProtection(); r != c.session.Recovery || h != c.session.High {
		c.session.Recovery, c.session.High = r, h
		c.emit(c.session)
	}
}

// keyOf finds the vault key of a state: of the present epoch, or of a newer one by this device's slot.
func (c *Client) keyOf(s wire.State) (vault.Key, error) {
	if s.Epoch == c.self.VaultEpoch {
		return vault.Key(c.self.VaultKey), nil
	}
	h, err := vault.ParseHeader(s.Header)
	if err != nil || h.Epoch != s.Epoch || s.Epoch < c.self.VaultEpoch {
		return vault.Key{}, vault.ErrOpen
	}
	key, err := h.Open(c.self.Account, vault.SlotDevice, c.self.Device, c.self.Box)
	if u := c.self.Unlock; err != nil && u != nil {
		if key, err = h.Open(c.self.Account, vault.SlotKind(u.Kind), [16]byte{}, u.Secret); err != nil {
			return key, errMissedEpoch
		}
	}
	if err != nil && !slices.Contains(c.self.Headed, c.self.Device) {
		err = errNoSlot
	}
	return key, err
}

// errMissedEpoch says that the vault went on before it was sealed to this new device, and what the device
// signed in by opens it no more.
var errMissedEpoch = &wire.Error{
	Code: wire.CodeUnauthenticated, Message: "The password of your account was changed while this device signed in. Sign in once more, with the new one.",
}

// errNoSlot says that a vault epoch was opened before this new device had a slot for it.
var errNoSlot = wire.Errorf(CodeApproval, "Another device changed this account's vault at the moment when this one came. Sign out, forget everything here, and sign in again.")

// takeEpoch takes keys and openers of a state that another device sealed.
func takeEpoch(rec *selfRecord, key vault.Key, s wire.State, theirs *accountState) error {
	if s.Epoch > rec.VaultEpoch {
		next := selfRecord{Lost: theirs.Lost, Earlier: theirs.Earlier}
		before, _ := next.earlierKey(rec.VaultEpoch)
		if theirs.Lost != rec.Lost || theirs.Lost+uint64(len(theirs.Earlier)) != s.Epoch-1 || before != rec.VaultKey {
			return vault.ErrOpen // not a successor of the epoch known here
		}
		rec.VaultKey, rec.VaultEpoch, rec.Earlier = wire.Hash(key), s.Epoch, theirs.Earlier
	}
	rec.Root, rec.Formers, rec.Vouched = theirs.Root, theirs.Formers, theirs.Vouched
	own := slices.IndexFunc(rec.Openers, func(o vault.Opener) bool { return o.Kind == vault.SlotDevice && wire.ID(o.ID) == rec.Device })
	mine := rec.Openers[own : own+1]
	rec.Openers, rec.Headed = slices.Clone(theirs.Openers), openerIDs(theirs.Openers)
	if !slices.Contains(rec.Headed, rec.Device) {
		rec.Openers = append(rec.Openers, mine...)
	}
	return nil
}
