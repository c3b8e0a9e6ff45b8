package client

import (
	"context"
	"time"

	"frond/client/vault"
	"frond/identity"
	"frond/wire"
)

// A new device whose vault is locked asks another device of the account to be let in. What makes that safe
// against a server in between is told in vault.Asking. This side:
//
//	waiting   the request is with the server; its QR code can be scanned
//	compare   another device took it up: six digits are shown on both
//	allowed   the vault key is here, and this becomes a device of the account
//	denied    somebody said no; the session is over
//	expired   nobody answered, or something was not as it should be

// ApprovalState says how far this device's request is.
type ApprovalState string

// The states of a request.
const (
	ApprovalWaiting ApprovalState = "waiting"
	ApprovalCompare ApprovalState = "compare"
	ApprovalAllowed ApprovalState = "allowed"
	ApprovalDenied  ApprovalState = "denied"
	ApprovalExpired ApprovalState = "expired"
)

// Approval says how far this device's request to be let in is. Digits are there from ApprovalCompare on.
type Approval struct {
	State  ApprovalState
	Digits string
}

func (Approval) event() {}

// approvalPause is how often the server is asked how far a request is.
const approvalPause = 1500 * time.Millisecond

// seeking is a request that is on its way.
type seeking struct {
	c       *Client
	id      wire.ID
	account wire.ID
	asking  *vault.Asking
	cancel  context.CancelFunc
	replace wire.ID    // the device in whose place this one comes; zero: none
	nonce   *wire.Hash // of who answers; there is one
	digits  string
}

// AskApproval asks the account's devices to let this one in, in place of an earlier request. It returns what a QR
// code is to show; events follow. replace is the device in whose place this one comes, or zero.
func (c *Client) AskApproval(ctx context.Context, replace wire.ID) (code []byte, err error) {
	now, err := c.lockedSession(ctx)
	if err != nil {
		return nil, err
	}
	s := &seeking{c: c, account: now.Account, replace: replace}
	err = c.run(ctx, func() (err error) {
		chain, err := identity.ParseChain(now.Chain)
		if err == nil && replace.IsZero() && len(chain.Devices()) >= wire.MaxDevices {
			return c.tooMany(chain, nil) // before somebody compares digits in vain
		}
		if s.asking, err = vault.NewAsking(c.cfg.Rand, s.account); err != nil {
			return err
		}
		s.id, err = wire.NewID(c.cfg.Rand)
		return err
	})
	if err != nil {
		return nil, err
	}
	start := wire.ApprovalStart{ID: s.id, Commit: s.asking.Commit, Device: shownName(c.cfg.Device)}
	if err := c.postWire(ctx, wire.PathApprovalStart, start, &wire.Nothing{}); err != nil {
		return nil, c.lockedOver(ctx, err)
	}
	return vault.ApprovalCode(s.asking.Commit), c.run(ctx, func() error {
		if c.locked == nil || c.locked.Account != s.account {
			return errNotLocked
		}
		c.stopSeeking()
		var watching context.Context
		watching, s.cancel = context.WithTimeout(c.ctx, wire.ApprovalLife)
		c.seeking = s
		c.emit(Approval{State: ApprovalWaiting})
		c.wg.Go(func() { s.watch(watching) })
		return nil
	})
}

// stopSeeking no longer waits for an answer.
func (c *Client) stopSeeking() {
	if c.seeking != nil {
		c.seeking.cancel()
		c.seeking = nil
	}
}

// StopApproval takes this device's request back.
func (c *Client) StopApproval(ctx context.Context) error {
	var id wire.ID
	err := c.run(ctx, func() error {
		if c.seeking != nil {
			id = c.seeking.id
		}
		c.stopSeeking()
		return nil
	})
	if err != nil || id.IsZero() {
		return err
	}
	return c.postWire(ctx, wire.PathApprovalStop, wire.ApprovalRef{ID: id}, &wire.Nothing{})
}

// tell says how far it is, unless it was given up meanwhile.
func (s *seeking) tell(state ApprovalState) {
	s.c.post(func() {
		if s.c.seeking == s {
			s.c.emit(Approval{State: state, Digits: s.digits})
		}
	})
}

// end tells how it ended.
func (s *seeking) end(state ApprovalState, why error) {
	s.c.post(func() {
		if s.c.seeking != s {
			return
		}
		s.c.seeking = nil
		if why != nil {
			s.c.cfg.Log.Warn("asking to be let in", "error", why)
			s.c.emit(Fault{Code: wire.CodeOf(why), Text: plainly(why)})
		}
		s.c.emit(Approval{State: state})
		if state == ApprovalDenied || wire.CodeOf(why) == wire.CodeUnauthenticated { // the session is over
			_ = s.c.leave(false)
		}
	})
}

// watch asks how far it is until that is known.
func (s *seeking) watch(ctx context.Context) {
	defer s.cancel()
	for {
		select {
		case <-time.After(approvalPause):
		case <-ctx.Done():
			s.end(ApprovalExpired, nil)
			return
		}
		var status wire.ApprovalStatus
		err := s.c.postWire(ctx, wire.PathApprovalPoll, wire.ApprovalRef{ID: s.id}, &status)
		switch wire.CodeOf(err) {
		case "":
			if s.step(ctx, status) {
				return
			}
		case wire.CodeUnauthenticated:
			s.end(ApprovalExpired, err)
			return
		case wire.CodeNotFound, wire.CodeForbidden:
			s.end(ApprovalExpired, nil)
			return
		}
	}
}

// step goes on from what the server says. It reports whether that was the last.
func (s *seeking) step(ctx context.Context, status wire.ApprovalStatus) (done bool) {
	switch {
	case status.State == wire.ApprovalDenied:
		s.end(ApprovalDenied, nil)
		return true
	case status.State == wire.ApprovalWaiting:
		return false
	case status.Nonce == nil || s.nonce != nil && *s.nonce != *status.Nonce:
		s.end(ApprovalExpired, wire.Errorf(CodeApproval, "The server shows different answers to one request."))
		return true
	case s.nonce == nil && status.State == wire.ApprovalOpened:
		s.nonce = status.Nonce
		s.digits = vault.ApprovalDigits(s.account, s.asking.Commit, s.asking.Public, s.asking.Random, *s.nonce)
		s.tell(ApprovalCompare)
	case s.nonce == nil:
		s.end(ApprovalExpired, wire.Errorf(CodeApproval, "The server answers before it can know what was asked."))
		return true
	}
	if status.State == wire.ApprovalOpened { // also when the answer to an earlier try was lost
		reveal := wire.ApprovalReveal{ID: s.id, Public: s.asking.Public, Random: s.asking.Random}
		_ = s.c.postWire(ctx, wire.PathApprovalReveal, reveal, &wire.Nothing{})
	}
	if status.State != wire.ApprovalAllowed {
		return false
	}
	s.enter(ctx, status)
	return true
}

// enter becomes a device of the account, with the vault key that another device sealed.
func (s *seeking) enter(ctx context.Context, status wire.ApprovalStatus) {
	key, epoch, err := s.asking.Open(s.account, status.Sealed)
	if err != nil {
		s.end(ApprovalExpired, wire.Errorf(CodeApproval, "What the other device sealed does not open here: %v", err))
		return
	}
	if status.Session == nil || status.Session.Account != s.account || status.Session.Epoch != epoch {
		s.end(ApprovalExpired, wire.Errorf(CodeApproval, "The account's vault was changed at the same moment. Ask once more."))
		return
	}
	s.tell(ApprovalAllowed)
	err = s.c.becomeDevice(ctx, *status.Session, entrance{func(now wire.Session) (selfRecord, accountState, error) {
		return openVault(now, epoch, key)
	}, s.replace})
	if err != nil {
		s.end(ApprovalExpired, err)
	}
}
