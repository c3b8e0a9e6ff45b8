package mls

import (
	"crypto"
	"slices"
)

// nextEpoch is what a commit leads to, with the secrets that are needed only until it is announced.
type nextEpoch struct {
	state      *epochState
	encryption []byte // seeds the secret tree
	joiner     []byte // for the Welcome
	member     []byte // for the Welcome
}

// advance runs the key schedule into the next epoch (RFC 9420 §8, end of §12.4.1 and §12.4.2). The tree
// of ch is final and hashed, and a is signed.
func (e *epochState) advance(ch *change, a *authenticatedContent, init, commitSecret []byte, keys []psk) *nextEpoch {
	s := e.suite
	context := ch.context
	context.treeHash = ch.tree.hash()
	context.confirmedTranscriptHash = s.confirmedTranscriptHash(e.interim, a)
	context.extensions = cloneExtensions(context.extensions)
	encoded := context.encode()
	n := &nextEpoch{joiner: s.joinerSecret(init, commitSecret, encoded)}
	n.member = s.memberSecret(n.joiner, s.pskSecret(keys))
	n.state = newEpochState(s, context, encoded, ch.tree)
	n.encryption = n.state.derive(s.epochSecret(n.member, encoded))
	n.state.reInit = ch.reInit
	return n
}

func newEpochState(s *suite, context groupContext, encoded []byte, tree *ratchetTree) *epochState {
	return &epochState{suite: s, context: context, encodedContext: encoded, tree: tree}
}

// derive fills in what follows from the epoch secret, and returns the encryption secret.
func (e *epochState) derive(epochSecret []byte) (encryption []byte) {
	e.secrets, encryption = e.suite.deriveEpoch(epochSecret)
	e.confirmationTag = e.suite.mac(e.secrets.confirmation, e.context.confirmedTranscriptHash)
	e.interim = e.suite.interimTranscriptHash(e.context.confirmedTranscriptHash, e.confirmationTag)
	return encryption
}

// provisional is the encoded context under which path secrets are encrypted: the new tree hash, but
// the old transcript hash (§12.4.1).
func (ch *change) provisional() []byte {
	context := ch.context
	context.treeHash = ch.tree.hash()
	return context.encode()
}

// group is the member's Group in the new epoch.
func (n *nextEpoch) group(signer crypto.Signer) *Group {
	return &Group{epochState: n.state, secretTree: &secretNode{secret: n.encryption}, signer: signer}
}

// cloneExtensions is a copy that keeps no message alive.
func cloneExtensions(list []Extension) []Extension {
	if list == nil {
		return nil
	}
	out := make([]Extension, len(list))
	for i, e := range list {
		out[i] = Extension{Type: e.Type, Data: slices.Clone(e.Data)}
	}
	return out
}
