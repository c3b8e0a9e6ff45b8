package client

import (
	"slices"
	"time"

	"frond/identity"
	"frond/wire"
)

// A leaf says itself whose device it is, and a root that its conversation admits vouches for it. Whether the
// account lists the device, only its sigchain says. A device may speak before its account's longer sigchain is
// known here: then the server is asked for it, once in a connection, and what the device says or asks for
// waits for the answer. A device that is not listed then is nobody's.

// inquiryPause is how long an answer may take before the server is asked again.
const inquiryPause = time.Minute

// claim is a device, and the root it came under.
type claim struct {
	wire.MemberRef
	root wire.Hash
}

func claimOf(c identity.Credential) claim { return claim{refOf(c), wire.Hash(c.Root)} }

// inquiry is a claim that no sigchain known here supports, and what waits for the newest one.
type inquiry struct {
	asked, answered bool
	rows            map[askID]bool // of timelines
	then            []func()
}

// chainOf is the sigchain of an account, as far as it is known here; nil when it is not.
func (c *Client) chainOf(account wire.ID) *identity.Chain {
	if account == c.self.Account {
		return c.self.chain
	}
	if k := c.contacts[account]; k != nil {
		return k.chain
	}
	return nil
}

// unlisted reports whether an account's sigchain is known and does not support a claim.
func (c *Client) unlisted(d claim) bool {
	chain := c.chainOf(d.Account)
	if chain == nil {
		return false
	}
	_, listed := chain.Device(identity.ID(d.Device))
	return !listed || !chain.NamedRoot(identity.RootKey(d.root))
}

// doubtOf says why a message is not believed that opened, if there is a reason.
func (c *Client) doubtOf(v *conversation, seq uint64, rec *messageRecord) Reason {
	d := claim{wire.MemberRef{Account: rec.Account, Device: rec.Device}, rec.Root}
	if d.root.IsZero() || !c.unlisted(d) {
		return ""
	}
	q := c.inquire(d)
	if q.answered {
		return ReasonForged
	}
	q.rows[askID{v.id, seq}] = true
	return ReasonUnlisted
}

// inquire has the server asked about a claim, unless it was.
func (c *Client) inquire(d claim) *inquiry {
	q := c.inquiries[d]
	if q == nil {
		q = &inquiry{rows: map[askID]bool{}}
		c.inquiries[d] = q
		c.after(0, c.lookUpClaims)
	}
	return q
}

// inquireOf looks ahead: whoever comes into a closed conversation is soon to speak.
func (c *Client) inquireOf(v *conversation, ch *change) {
	came := ch.added
	if ch.external {
		came = append(slices.Clip(came), ch.by)
	}
	for _, cred := range came {
		if d := claimOf(cred); v.rec.Kind != wire.Open && c.unlisted(d) {
			c.inquire(d)
		}
	}
}

// inquireAnew begins again with a new connection.
func (c *Client) inquireAnew() {
	for d, q := range c.inquiries {
		if q.asked = false; q.answered {
			delete(c.inquiries, d)
		}
	}
	c.lookUpClaims()
}

// lookUpClaims asks for the newest sigchains of those in doubt, many in one question.
func (c *Client) lookUpClaims() {
	if c.self == nil || !c.online() {
		return
	}
	var ids []wire.ID
	var own, others []claim
	for d, q := range c.inquiries {
		switch {
		case q.asked:
		case d.Account == c.self.Account:
			q.asked, own = true, append(own, d)
		case slices.Contains(ids, d.Account):
			q.asked, others = true, append(others, d)
		case len(ids) < wire.MaxLookup:
			q.asked, ids, others = true, append(ids, d.Account), append(others, d)
		}
	}
	if len(own) > 0 {
		c.askChain(func() { c.decide(own) })
	}
	if len(others) > 0 {
		c.lookUp(ids, others)
	}
	if len(own)+len(others) > 0 {
		c.after(inquiryPause, func() { c.askedInVain(append(own, others...)) })
	}
}

func (c *Client) lookUp(ids []wire.ID, claims []claim) {
	me := c.self
	c.request(wire.OpLookup, wire.Lookup{Accounts: ids}, func(body []byte, err error) {
		if err == nil && c.self == me {
			_, err = c.met(body, false)
		}
		if err == nil && c.self == me {
			c.decide(claims)
			c.lookUpClaims() // of those who were too many
		}
	})
}

// askedInVain asks again about what was not answered.
func (c *Client) askedInVain(claims []claim) {
	for _, d := range claims {
		if q := c.inquiries[d]; q != nil && !q.answered {
			q.asked = false
		}
	}
	c.lookUpClaims()
}

// decide lets go on what waited for an answer: the newest sigchains are known now.
func (c *Client) decide(claims []claim) {
	var rows []askID
	var then []func()
	for _, d := range claims {
		q := c.inquiries[d]
		if q == nil {
			continue
		}
		for id := range q.rows {
			rows = append(rows, id)
		}
		then = append(then, q.then...)
		if q.answered, q.rows, q.then = true, nil, nil; !c.unlisted(d) {
			delete(c.inquiries, d)
		}
	}
	c.showRows(rows)
	for _, f := range then {
		f()
	}
}

// showRows tells rows of timelines anew, and what they mean for the previews of their conversations.
func (c *Client) showRows(rows []askID) {
	slices.SortFunc(rows, func(a, b askID) int {
		if a.conversation != b.conversation {
			return slices.Compare(a.conversation[:], b.conversation[:])
		}
		return int(a.seq) - int(b.seq)
	})
	t := c.begin()
	for i, id := range rows {
		c.showRow(id)
		v := c.conversations[id.conversation]
		if v == nil || i > 0 && rows[i-1].conversation == id.conversation {
			continue
		}
		t.mark(v, markRecord|markLook)
		if err := c.newestPreview(v, c.serverNow()); err != nil {
			c.cfg.Log.Error("choose a preview", "conversation", v.id, "error", err)
		}
	}
	_ = t.commit()
}
