package mls

import (
	"bytes"
	"crypto"
	"crypto/hpke"
	"fmt"
)

// ExternalOptions say how to join by external commit.
type ExternalOptions struct {
	GroupInfo  []byte         // MLSMessage with the ratchet tree and the external key
	Inspected  *GroupInfoView // instead of GroupInfo: what InspectGroupInfo said, whose signatures are not checked again
	Signer     crypto.Signer
	Credential Credential
	Resync     []LeafIndex // at most one: the own leaf of before, which the commit removes
	PSKs       []PSKID     // pre-shared keys to inject; their nonces are drawn here
	Tree       []byte      // the ratchet tree, when the group info is without; see Group.RatchetTree
	AAD        []byte      // sent in the clear, authenticated
}

// JoinExternal makes a commit by which somebody outside adds itself to the group, with nobody else
// online (RFC 9420 §12.4.3.2). The joiner is a member once the members accepted the commit; merge then.
func JoinExternal(c Config, o ExternalOptions) (*Staged, error) {
	if len(o.Resync) > 1 {
		return nil, fmt.Errorf("%w: resync of %d leaves", ErrOption, len(o.Resync))
	}
	if err := checkHandshakeSize(o.AAD, nil); err != nil {
		return nil, err
	}
	info, s, tree, err := o.verified(&c)
	if err != nil {
		return nil, err
	}
	data, present := findExtension(info.extensions, ExtensionExternalPub)
	if !present {
		return nil, refuse(ErrInvalidGroupInfo, "12.4.3.2", "no external_pub")
	}
	external, err := parseExternalPub(data)
	if err != nil {
		return nil, err
	}
	e := newEpochState(s, info.context, bytes.Clone(info.encodedContext), tree)
	e.interim = s.interimTranscriptHash(info.context.confirmedTranscriptHash, info.confirmationTag)
	j := &externalJoiner{config: &c, options: &o, epoch: e}
	return j.join(external)
}

// verified is the group information with its tree, after all checks that a newcomer owes.
func (o *ExternalOptions) verified(c *Config) (*groupInfo, *suite, *ratchetTree, error) {
	if v := o.Inspected; v != nil {
		return v.info, v.suite, v.tree, v.tree.authenticateAll(c)
	}
	info, s, err := openGroupInfo(o.GroupInfo)
	if err != nil {
		return nil, nil, nil, err
	}
	tree, err := info.verifyTree(c, s, bytes.Clone(o.Tree))
	return info, s, tree, err
}

// externalJoiner holds the parts of an external commit while it is made. epoch has the public half of
// the state that the commit starts from.
type externalJoiner struct {
	config  *Config
	options *ExternalOptions
	epoch   *epochState
}

func (j *externalJoiner) join(external []byte) (*Staged, error) {
	kemOutput, init, err := j.epoch.suite.externalInit(external)
	if err != nil {
		return nil, err
	}
	list := []*proposal{{typ: ProposalExternalInit, kemOutput: kemOutput}}
	for _, leaf := range j.options.Resync {
		list = append(list, &proposal{typ: ProposalRemove, removed: leaf})
	}
	for _, id := range j.options.PSKs {
		p, err := j.epoch.suite.pskProposal(j.config, id)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	from := sender{typ: SenderNewMemberCommit}
	sent, out := make([]sentProposal, len(list)), &commit{}
	for i, p := range list {
		sent[i] = sentProposal{p.encoded(), from}
		out.proposals = append(out.proposals, proposalOrRef{proposal: p})
	}
	ch, err := j.epoch.apply(j.config, sent, from)
	if err != nil {
		return nil, err
	}
	return j.commit(ch, sent, out, init)
}

// externalInit makes an init secret and its encapsulation to the group's external key (§8.3).
func (s *suite) externalInit(external []byte) (kemOutput, init []byte, err error) {
	key, err := s.kem.NewPublicKey(external)
	if err != nil {
		return nil, nil, refuse(ErrInvalidGroupInfo, "12.4.3.2", "external_pub is no key of the suite")
	}
	kemOutput, sender, err := hpke.NewSender(key, s.kdf, s.aead, nil)
	if err != nil {
		return nil, nil, refuse(ErrInvalidGroupInfo, "12.4.3.2", "external_pub is no key of the suite")
	}
	init, err = sender.Export(externalInitLabel, s.nh)
	return kemOutput, init, err
}

func (j *externalJoiner) commit(ch *change, list []sentProposal, out *commit, init []byte) (*Staged, error) {
	e, s := j.epoch, j.epoch.suite
	keys, err := j.config.findPSKs(ch.psks, func(PSKID) []byte { return nil })
	if err != nil {
		return nil, err
	}
	own, path, err := j.drawPath(ch)
	if err != nil {
		return nil, err
	}
	if out.path, err = ch.tree.encryptPath(path, ch.provisional(), nil); err != nil {
		return nil, err
	}
	if err := ch.checkResult(list, []LeafIndex{own}); err != nil {
		return nil, err
	}
	if err := path.leaf.fits(&ch.context); err != nil {
		return nil, err
	}
	content := frame(&e.context, sender{typ: SenderNewMemberCommit}, j.options.AAD, ContentCommit, out.encode())
	a, err := signed(s, j.options.Signer, WirePublicMessage, content, e.encodedContext)
	if err != nil {
		return nil, err
	}
	n := e.advance(ch, a, init, path.commit, keys)
	a.confirmationTag = n.state.confirmationTag
	n.state.own, n.state.keys = own, path.keys
	staged := &Staged{
		next:    n.group(j.options.Signer),
		effects: e.effects(ch, list, ch.tree.leaf(own).at(own), a),
	}
	staged.message, err = s.protectPublic(a, nil, e.encodedContext)
	return staged, err
}

// drawPath takes the leftmost blank leaf (§12.4.1) and draws the keys for it and the nodes above.
func (j *externalJoiner) drawPath(ch *change) (LeafIndex, *newPath, error) {
	own := ch.tree.leftmostBlank()
	if err := ch.tree.makeRoom(own); err != nil {
		return 0, nil, err
	}
	template, err := newLeaf(j.epoch.suite, j.options.Signer, j.options.Credential, nil)
	if err != nil {
		return 0, nil, err
	}
	template.capabilities = ownCapabilities(j.config.Extensions...)
	if j.config.GREASE {
		if err := template.grease(j.config.Rand); err != nil {
			return 0, nil, err
		}
	}
	path, err := ch.tree.drawPath(j.config.Rand, j.options.Signer, ch.context.groupID, own, template)
	return own, path, err
}
