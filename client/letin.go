package client

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"frond/client/vault"
	"frond/wire"
)

// This side of an approval is a device of the account, on which the person says whether another may come in. It
// remembers the commitment as it was first told, shows its nonce, and only then sees the key.

const (
	maxAttempts   = 3         // requests taken up in attemptsIn
	attemptsIn    = time.Hour // each is a chance of one in a million for a server that cheats
	maxLetIns     = 16        // requests remembered
	revealTimeout = 30 * time.Second
)

// letIn is another device's request.
type letIn struct {
	commit  wire.Hash
	nonce   wire.Hash // zero until it was taken up; never another
	asked   bool      // the server was told the nonce, as far as known
	public  []byte    // as it was revealed, and fits the commitment
	digits  string
	bad     error // why it must not be allowed
	waiting []chan error
}

// ApprovalRequest says that a device signed in and asks to be let in, or that its request is over.
type ApprovalRequest struct {
	ID     wire.ID
	Device string // how it calls itself: proves nothing
	At     time.Time
	Over   bool
}

func (ApprovalRequest) event() {}

// shownName is what of a text of strangers may be shown in a line.
func shownName(s string) string {
	s = strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) || r == '\uFFFD' {
			return -1
		}
		return r
	}, s)
	for len(s) > MaxLabel {
		r := []rune(s)
		s = string(r[:len(r)-1])
	}
	return s
}

var (
	errApprovalOver     = wire.Errorf(wire.CodeNotFound, "This request is over.")
	errApprovalTampered = wire.Errorf(CodeApproval, "The new device's key is not the one it announced. Somebody stands between your devices: do not let it in.")
	errApprovalOther    = wire.Errorf(CodeApproval, "This is not the code of the device that asks here. Do not let it in.")
	errApprovalSilent   = wire.Errorf(CodeApproval, "The new device does not answer. Is its page still open?")
	errApprovalEarly    = wire.Errorf(wire.CodeBadRequest, "Compare the digits, or scan the code, before you let a device in.")
)

// approvalNews hears of a request.
func (c *Client) approvalNews(n wire.ApprovalNews) {
	if c.self == nil {
		return
	}
	r := c.letIns[n.ID]
	switch {
	case n.State >= wire.ApprovalAllowed:
		c.letInOver(n.ID, errApprovalOver)
		return
	case r == nil && len(c.letIns) < maxLetIns:
		r = &letIn{commit: n.Commit}
		c.letIns[n.ID] = r
		c.emit(ApprovalRequest{ID: n.ID, Device: shownName(n.Device), At: time.UnixMilli(int64(n.At))})
		c.after(wire.ApprovalLife, func() {
			if c.letIns[n.ID] == r {
				c.letInOver(n.ID, errApprovalOver)
			}
		})
	case r == nil:
		return
	case r.commit != n.Commit:
		r.spoil(errApprovalTampered)
	}
	if n.State == wire.ApprovalRevealed && !r.nonce.IsZero() && r.digits == "" {
		c.revealed(r, &n)
	}
}

// letInOver forgets a request.
func (c *Client) letInOver(id wire.ID, why error) {
	if r := c.letIns[id]; r != nil {
		delete(c.letIns, id)
		r.wake(why)
		c.emit(ApprovalRequest{ID: id, Over: true})
	}
}

func (r *letIn) wake(err error) {
	for _, w := range r.waiting {
		w <- err
	}
	r.waiting = nil
}

// spoil notes that the request must not be allowed any more.
func (r *letIn) spoil(why error) {
	r.bad = why
	r.wake(why)
}

// revealed checks that the key is the announced one.
func (c *Client) revealed(r *letIn, n *wire.ApprovalNews) {
	if n.Random == nil || vault.ApprovalCommit(c.self.Account, n.Public, *n.Random) != r.commit {
		r.spoil(errApprovalTampered)
		return
	}
	r.public = n.Public
	r.digits = vault.ApprovalDigits(c.self.Account, r.commit, n.Public, *n.Random, r.nonce)
	r.wake(nil)
}

// letIn returns a request that can be answered, or why it must not be allowed.
func (c *Client) letIn(id wire.ID) (*letIn, error) {
	if c.self == nil || c.session.State != SignedIn {
		return nil, errNotSignedIn
	}
	r := c.letIns[id]
	if r == nil {
		return nil, errApprovalOver
	}
	return r, r.bad
}

// OpenApproval takes up another device's request and returns the six digits that both screens must show. It fails
// with CodeConflict when another device of the account took it up, and with CodeRateLimited after three in an hour.
func (c *Client) OpenApproval(ctx context.Context, id wire.ID) (digits string, err error) {
	var r *letIn
	opened := make(chan error, 1)
	err = c.run(ctx, func() (err error) {
		if r, err = c.letIn(id); err != nil || r.digits != "" {
			opened <- err
			return err
		}
		r.waiting = append(r.waiting, opened)
		return c.takeUp(id, r)
	})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, revealTimeout)
	defer cancel()
	if err := c.wait(ctx, opened); err != nil {
		if ctx.Err() != nil {
			err = errApprovalSilent
		}
		return "", err
	}
	return digits, c.run(ctx, func() error { digits = r.digits; return r.bad })
}

// takeUp sends this device's nonce, the same one again when nobody knows whether it arrived.
func (c *Client) takeUp(id wire.ID, r *letIn) error {
	if r.asked {
		return nil
	}
	if !c.online() {
		return errOffline
	}
	if r.nonce.IsZero() {
		if err := c.countAttempt(); err != nil {
			return err
		}
		if _, err := io.ReadFull(c.cfg.Rand, r.nonce[:]); err != nil {
			return err
		}
	}
	r.asked = true
	c.request(wire.OpApproval, wire.Approval{ID: id, Nonce: r.nonce}, func(_ []byte, err error) {
		switch {
		case err == nil:
		case wire.CodeOf(err) == CodeOffline || passes(err): // nobody knows, or not now: the same nonce again
			r.asked = false
			r.wake(err)
		default:
			r.spoil(err)
		}
	})
	return nil
}

// countAttempt allows a few requests in an hour, also across restarts.
func (c *Client) countAttempt() error {
	key, now := c.self.keys.single("attempts"), c.nowMillis()
	var all, recent []uint64
	if _, err := c.get(key, &all); err != nil {
		return err
	}
	for _, at := range all {
		if at > now-min(now, uint64(attemptsIn.Milliseconds())) {
			recent = append(recent, at)
		}
	}
	if len(recent) >= maxAttempts {
		return wire.Errorf(wire.CodeRateLimited, "This device has looked at %d requests in the last hour. Wait an hour, or use the recovery code.", maxAttempts)
	}
	t := c.begin()
	t.put(key, append(recent, now))
	return t.commit()
}

// ScanApproval compares a scanned QR code with a request. One that does not fit spoils the request: the server
// showed this device another than the one that shows the code.
func (c *Client) ScanApproval(ctx context.Context, id wire.ID, code []byte) (match bool, err error) {
	err = c.run(ctx, func() error {
		r, err := c.letIn(id)
		if err != nil {
			return err
		}
		if match = vault.IsApprovalCode(code, r.commit); !match {
			r.spoil(errApprovalOther)
		}
		return nil
	})
	if err != nil || !match {
		return false, err
	}
	_, err = c.OpenApproval(ctx, id)
	return err == nil, err
}

// AnswerApproval lets the other device in, or not. Before it is let in, OpenApproval or ScanApproval must have
// succeeded. Saying no ends the other device's session.
func (c *Client) AnswerApproval(ctx context.Context, id wire.ID, allow bool) error {
	body := wire.Allow{ID: id, Allow: allow}
	err := c.run(ctx, func() error {
		r, err := c.letIn(id)
		switch {
		case !allow && r != nil:
			return nil
		case err != nil:
			return err
		case r.digits == "":
			return errApprovalEarly
		}
		body.Sealed, err = vault.Approve(c.self.Account, c.self.VaultEpoch, vault.Key(c.self.VaultKey), r.public, r.commit)
		return err
	})
	if err != nil {
		return err
	}
	if _, err := c.ask(ctx, wire.OpAllow, body); err != nil {
		return err
	}
	return c.run(ctx, func() error {
		c.letInOver(id, errApprovalOver)
		if !allow {
			c.emit(Fault{Code: CodeApproval, Text: "The device was refused and signed out. If it was not yours, somebody knows your password: change it.", Action: "password"})
		}
		return nil
	})
}
