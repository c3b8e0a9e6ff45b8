package wire

// State is what the server stores of an account's vault, all of it sealed.
type State struct {
	Revision uint64 `cbor:"1,keyasint"` // grows by one with each PutState and PutVault
	Epoch    uint64 `cbor:"2,keyasint"` // grows by one with each PutVault
	Header   []byte `cbor:"3,keyasint"`
	State    []byte `cbor:"4,keyasint"`
}

// PutState replaces the sealed account state: compare-and-swap on the revision and on the vault
// epoch it is sealed in. CodeConflict says that the server's is newer; Error.Last is its revision.
type PutState struct {
	Revision uint64 `cbor:"1,keyasint"` // the stored revision plus one
	State    []byte `cbor:"2,keyasint"`
	Epoch    uint64 `cbor:"3,keyasint"` // the stored epoch
}

// Check checks sizes.
func (p *PutState) Check() error { return checkSealed(p.State, MaxState, "state") }

// PutVault opens a new vault epoch: a new header and the state sealed anew, in one step. It is a
// compare-and-swap on epoch and revision, like PutState.
type PutVault struct {
	Epoch       uint64       `cbor:"1,keyasint"` // the stored epoch plus one
	Header      []byte       `cbor:"2,keyasint"`
	Revision    uint64       `cbor:"3,keyasint"` // the stored revision plus one
	State       []byte       `cbor:"4,keyasint"`
	Password    *NewPassword `cbor:"5,keyasint,omitempty"` // when it changes
	Recovery    *Hash        `cbor:"6,keyasint,omitempty"` // authentication half of a new recovery code
	RecoveryOff bool         `cbor:"7,keyasint,omitempty"` // forget the recovery code
}

// BringForward gives a server that was set back to an older copy what a device of the account knows beyond it: the
// sigchain events that the server lacks, with what they do to the account's devices, and the vault as it is. It is a
// compare-and-swap on the length of the chain and the stored revision; CodeConflict otherwise.
type BringForward struct {
	Index  uint64   `cbor:"1,keyasint"`           // of the first event: how many the server has
	Events [][]byte `cbor:"2,keyasint,omitempty"` // none: it has them all
	Over   uint64   `cbor:"3,keyasint"`           // the stored revision
	Vault  PutVault `cbor:"4,keyasint"`           // of the stored epoch or a later one, and of a later revision
}

// Check checks sizes and counts.
func (b *BringForward) Check() error {
	v := &b.Vault
	switch {
	case b.Index == 0 || len(b.Events) > MaxChainEvents:
		return Errorf(CodeBadRequest, "a sigchain of no or too many events")
	case v.Epoch == 0 || v.Revision <= b.Over:
		return Errorf(CodeBadRequest, "a vault that is brought forward is newer than the stored one")
	case v.Password != nil || v.Recovery != nil || v.RecoveryOff:
		return Errorf(CodeBadRequest, "bringing forward changes no password and no recovery code")
	}
	return firstErr(checkEvents(b.Events), checkSealed(v.Header, MaxHeader, "vault header"), checkSealed(v.State, MaxState, "state"))
}

// NewPassword replaces what the server knows of a password. Current must match what it knows now,
// of the password or of the recovery code; CodeWrongPassword otherwise. A session that was opened by
// recovery code may leave Current out until a password is set, by whichever session.
type NewPassword struct {
	Current *Hash `cbor:"1,keyasint,omitempty"`
	Auth    Hash  `cbor:"2,keyasint"`
	KDF     KDF   `cbor:"3,keyasint"`
}

// Check checks sizes and that the recovery code is not both set and forgotten.
func (p *PutVault) Check() error {
	if p.Epoch < 2 || p.Revision < 2 {
		return Errorf(CodeBadRequest, "a new vault epoch follows another")
	}
	if p.Recovery != nil && p.RecoveryOff {
		return Errorf(CodeBadRequest, "a recovery code is set or forgotten, not both")
	}
	if p.Password != nil {
		if err := p.Password.KDF.Check(); err != nil {
			return err
		}
	}
	return firstErr(checkSealed(p.Header, MaxHeader, "vault header"), checkSealed(p.State, MaxState, "state"))
}

// StateRef says how far an account's state is.
type StateRef struct {
	Revision uint64 `cbor:"1,keyasint"`
	Epoch    uint64 `cbor:"2,keyasint"`
}

// ChainRef names an account whose sigchain grew, or is about to be reset. It goes to the account's own
// devices, and after a reset also to those who share a conversation with it.
type ChainRef struct {
	Account ID       `cbor:"1,keyasint"`
	Chain   [][]byte `cbor:"2,keyasint,omitempty"` // to devices that a reset shuts out, so that they can tell why
	Reset   uint64   `cbor:"3,keyasint,omitempty"` // a reset was begun; it can be finished from then on, milliseconds since 1970
}

// PutPage stores the sealed message keys of one bucket of a conversation: compare-and-swap on the
// page's revision. Devices of one account may write the same page.
type PutPage struct {
	Conversation ID     `cbor:"1,keyasint"`
	Bucket       uint64 `cbor:"2,keyasint"` // seq / PageBucket, or DraftBucket
	Revision     uint64 `cbor:"3,keyasint"` // the stored revision plus one; 1 for a new page
	Page         []byte `cbor:"4,keyasint"`
}

// Check checks sizes.
func (p *PutPage) Check() error {
	if p.Conversation.IsZero() || p.Revision == 0 {
		return Errorf(CodeBadRequest, "a page is of a conversation and has a revision")
	}
	return checkSealed(p.Page, MaxPage, "page")
}

// PageRef says that another device of the account wrote a page.
type PageRef struct {
	Conversation ID     `cbor:"1,keyasint"`
	Bucket       uint64 `cbor:"2,keyasint"`
	Revision     uint64 `cbor:"3,keyasint"`
}

// Pages asks for an account's pages of a conversation, newest first.
type Pages struct {
	Conversation ID     `cbor:"1,keyasint"`
	Before       uint64 `cbor:"2,keyasint"` // buckets below this one; 0: from the newest of the log's
	Limit        uint32 `cbor:"3,keyasint"` // 1 to MaxPages
}

// Check checks the limit.
func (p *Pages) Check() error {
	if p.Limit == 0 || p.Limit > MaxPages {
		return tooLarge("pages in one answer", MaxPages)
	}
	return nil
}

// Page is one bucket's sealed message keys.
type Page struct {
	Bucket   uint64 `cbor:"1,keyasint"`
	Revision uint64 `cbor:"2,keyasint"`
	Page     []byte `cbor:"3,keyasint"`
}

// PageList answers Pages. It ends early when pages are large; an empty one alone means the end.
type PageList struct {
	Pages []Page `cbor:"1,keyasint"`
}

// History asks for entries of a conversation that lie before this device's time, newest first. The
// server answers an account that was a member when they were sent.
type History struct {
	Conversation ID     `cbor:"1,keyasint"`
	Before       uint64 `cbor:"2,keyasint"` // seqs below this one; 0: from the newest
	Limit        uint32 `cbor:"3,keyasint"` // 1 to MaxHistory
}

// Check checks the limit.
func (h *History) Check() error {
	if h.Limit == 0 || h.Limit > MaxHistory {
		return tooLarge("entries in one answer", MaxHistory)
	}
	return nil
}

// Entries answers History. It ends early when entries are large; an empty one alone means the end.
type Entries struct {
	Entries []Entry `cbor:"1,keyasint"`
}
