package peer

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/thomas-vilte/mls-go/ciphersuite"
	"github.com/thomas-vilte/mls-go/credentials"
	"github.com/thomas-vilte/mls-go/framing"
	"github.com/thomas-vilte/mls-go/group"
	"github.com/thomas-vilte/mls-go/keypackages"
	"github.com/thomas-vilte/mls-go/schedule"
)

// MLSGo is github.com/thomas-vilte/mls-go, by its group package: the Client above it writes the whole
// state as JSON at each step and can not send handshakes as PrivateMessage.
type MLSGo struct{}

func (MLSGo) Name() string { return "mls-go" }

func (MLSGo) Suites() []uint16 {
	var ids []uint16
	for id := uint16(1); id <= 7; id++ {
		if ciphersuite.CipherSuite(id).IsSupported() {
			ids = append(ids, id)
		}
	}
	return ids
}

func (MLSGo) Traits() Traits {
	return Traits{ProposesUpdate: true, PrivateHandshake: true, FilteredRoot: true, NoticesReuse: true}
}

func (MLSGo) NewMember(suite uint16, name string) (Member, error) {
	cs := ciphersuite.CipherSuite(suite)
	credential, key, err := credentials.GenerateCredentialWithKeyForCS([]byte(name), cs)
	if err != nil {
		return nil, err
	}
	return &goMember{cs: cs, credential: credential, key: key}, nil
}

type goMember struct {
	cs         ciphersuite.CipherSuite
	credential *credentials.CredentialWithKey
	key        *ciphersuite.SignaturePrivateKey
	packages   []goKeyPackage
	group      *group.Group
	staged     *group.StagedCommit
	joined     *group.Group // the next epoch of an external joiner
	joinedTag  []byte       // confirmation_tag of the commit it joined by
}

type goKeyPackage struct {
	public  *keypackages.KeyPackage
	private *keypackages.KeyPackagePrivateKeys
}

// pskStore is preSharedKey in the library's shape.
type pskStore struct{}

func (pskStore) GetPSK(id []byte) ([]byte, error) { return preSharedKey(id) }

func (m *goMember) freshKeyPackage() (goKeyPackage, error) {
	public, private, err := keypackages.Generate(m.credential, m.cs)
	return goKeyPackage{public, private}, err
}

func (m *goMember) KeyPackage() ([]byte, error) {
	kp, err := m.freshKeyPackage()
	if err != nil {
		return nil, err
	}
	m.packages = append(m.packages, kp)
	return (&framing.MLSMessage{KeyPackage: kp.public.Marshal()}).Marshal(), nil
}

func (m *goMember) Create(groupID []byte) error {
	kp, err := m.freshKeyPackage()
	if err != nil {
		return err
	}
	m.group, err = group.NewGroup(group.NewGroupID(groupID), m.cs, kp.public, kp.private, group.WithPSKStore(pskStore{}))
	return err
}

func (m *goMember) Join(message []byte) error {
	body, err := messageBody(message, framing.WireFormatWelcome)
	if err != nil {
		return err
	}
	welcome, err := group.UnmarshalWelcome(body)
	if err != nil {
		return err
	}
	keys := map[string][]byte{}
	for _, id := range PreSharedKeys {
		if keys[string(id)], err = preSharedKey(id); err != nil {
			return err
		}
	}
	err = errors.New("no key packages")
	for _, kp := range m.packages {
		if m.group, err = group.JoinFromWelcome(welcome, kp.public, kp.private, keys); err == nil {
			m.group.PSKStore = pskStore{}
			return nil
		}
	}
	return err
}

func (m *goMember) JoinExternal(groupInfo []byte, resync *uint32) ([]byte, error) {
	body, err := messageBody(groupInfo, framing.WireFormatGroupInfo)
	if err != nil {
		return nil, err
	}
	info, err := group.UnmarshalGroupInfo(body)
	if err != nil {
		return nil, err
	}
	var prior *group.LeafNodeIndex
	if resync != nil {
		leaf := group.NewLeafNodeIndex(*resync)
		prior = &leaf
	}
	joined, staged, err := group.ExternalCommit(info, m.cs, m.key, m.key.PublicKey(), prior, m.credential.Credential)
	if err != nil {
		return nil, err
	}
	content := staged.AuthenticatedContent()
	joined.PSKStore = pskStore{}
	m.joined, m.joinedTag = joined, content.Auth.ConfirmationTag
	return framing.NewMLSMessagePublic(&framing.PublicMessage{Content: content.Content, Auth: content.Auth}).Marshal(), nil
}

// Commit leaves out Changes.AAD: the library has no way to authenticate data with a commit.
func (m *goMember) Commit(c Changes) ([]byte, error) {
	if err := m.proposeByValue(c); err != nil {
		return nil, err
	}
	format := framing.WireFormatPrivateMessage
	if c.Public {
		format = framing.WireFormatPublicMessage
	}
	staged, err := m.group.CommitWithFormat(m.key, m.key.PublicKey(), nil, format)
	if err != nil {
		return nil, err
	}
	m.staged = staged
	content := staged.AuthenticatedContent()
	if c.Public {
		return framing.NewMLSMessagePublic(&framing.PublicMessage{
			Content: content.Content, Auth: content.Auth, MembershipTag: staged.MembershipTag(),
		}).Marshal(), nil
	}
	return m.encrypt(content)
}

func (m *goMember) proposeByValue(c Changes) error {
	for _, b := range c.Add {
		kp, err := parseGoKeyPackage(b)
		if err != nil {
			return err
		}
		if _, err := m.group.AddMember(kp); err != nil {
			return err
		}
	}
	for _, leaf := range c.Remove {
		if _, err := m.group.RemoveMember(group.NewLeafNodeIndex(leaf)); err != nil {
			return err
		}
	}
	for _, id := range c.PSKs {
		p := group.NewPreSharedKeyProposal(uint8(schedule.PskTypeExternal), id)
		p.PreSharedKey.PskID.Nonce = make([]byte, m.cs.HashLength())
		rand.Read(p.PreSharedKey.PskID.Nonce)
		m.group.Proposals().AddProposal(p, m.group.OwnLeafIndex())
	}
	return nil
}

func (m *goMember) encrypt(content *framing.AuthenticatedContent) ([]byte, error) {
	message, err := framing.Encrypt(framing.EncryptParams{
		AuthContent: content, SenderLeafIndex: uint32(m.group.OwnLeafIndex()), CipherSuite: m.cs,
		SenderDataSecret: m.group.EpochSecrets().SenderDataSecret, SecretTree: m.group.SecretTree(),
	})
	if err != nil {
		return nil, err
	}
	return framing.NewMLSMessagePrivate(message).Marshal(), nil
}

func (m *goMember) Merge() ([]byte, error) {
	if m.joined != nil {
		m.group, m.joined = m.joined, nil
		return nil, nil
	}
	staged := m.staged
	if m.staged = nil; staged == nil {
		return nil, errors.New("nothing to merge")
	}
	joinerSecret := staged.JoinerSecret()
	if err := m.group.MergeCommit(staged); err != nil {
		return nil, err
	}
	return m.welcome(staged, joinerSecret)
}

func (m *goMember) welcome(staged *group.StagedCommit, joinerSecret *ciphersuite.Secret) ([]byte, error) {
	var added []*keypackages.KeyPackage
	for _, p := range staged.Proposals() {
		if p.Add != nil {
			added = append(added, p.Add.KeyPackage)
		}
	}
	if len(added) == 0 {
		return nil, nil
	}
	welcome, err := m.group.CreateWelcomeWithOpts(added, m.key, group.WithJoinerSecret(joinerSecret),
		group.WithPSKIDs(staged.PskIDs()), group.WithPSKSecret(staged.RawPskSecret()), group.WithStagedCommit(staged))
	if err != nil {
		return nil, err
	}
	return (&framing.MLSMessage{Welcome: welcome.Marshal()}).Marshal(), nil
}

func (m *goMember) Discard() error {
	if m.joined = nil; m.staged == nil {
		return nil
	}
	m.staged = nil
	return m.group.DiscardPendingCommit()
}

func (m *goMember) Propose(p Proposal) ([]byte, error) {
	if !p.Public {
		return nil, fmt.Errorf("a proposal as PrivateMessage: %w", ErrUnavailable)
	}
	proposal, err := m.makeProposal(p)
	if err != nil {
		return nil, err
	}
	return m.group.SignProposalAsPublicMessage(proposal, m.key)
}

func (m *goMember) makeProposal(p Proposal) (*group.Proposal, error) {
	switch {
	case p.Add != nil:
		kp, err := parseGoKeyPackage(p.Add)
		if err != nil {
			return nil, err
		}
		return m.group.AddMember(kp)
	case p.Remove != nil:
		return m.group.RemoveMember(group.NewLeafNodeIndex(*p.Remove))
	}
	return m.group.SelfUpdate(m.key)
}

func (m *goMember) Process(message []byte) (bool, error) {
	parsed, err := framing.UnmarshalMLSMessage(message)
	if err != nil {
		return false, err
	}
	if public, ok := parsed.AsPublic(); ok {
		err = m.group.ProcessPublicMessage(public)
	} else if private, ok := parsed.AsPrivate(); ok {
		err = m.group.ProcessPrivateMessage(private)
	} else {
		err = errors.New("neither a public nor a private message")
	}
	// The library tells a member that it was removed by this error and by nothing else.
	if errors.Is(err, group.ErrOwnLeafNotFound) {
		return true, nil
	}
	return false, err
}

func (m *goMember) GroupInfo() ([]byte, error) {
	info, err := m.group.GetGroupInfo(m.key)
	if err != nil {
		return nil, err
	}
	if err := m.mend(info); err != nil {
		return nil, err
	}
	return (&framing.MLSMessage{GroupInfo: info.Marshal()}).Marshal(), nil
}

// mend puts the confirmation_tag into a group info that lacks it, as that of a member does who joined
// by external commit in this very epoch.
func (m *goMember) mend(info *group.Info) error {
	if len(info.ConfirmationTag) > 0 || info.GroupContext.Epoch == 0 {
		return nil
	}
	info.ConfirmationTag = m.joinedTag
	signature, err := ciphersuite.SignWithLabel(m.key, "GroupInfoTBS", info.MarshalTBS())
	if err != nil {
		return err
	}
	info.Signature = signature.AsSlice()
	return nil
}

func (m *goMember) Seal(aad, plaintext []byte) ([]byte, error) {
	message, err := m.group.SendMessage(plaintext, m.key, group.WithAAD(aad))
	if err != nil {
		return nil, err
	}
	return framing.NewMLSMessagePrivate(message).Marshal(), nil
}

func (m *goMember) Open(message []byte) (aad, plaintext []byte, err error) {
	parsed, err := framing.UnmarshalMLSMessage(message)
	if err != nil {
		return nil, nil, err
	}
	private, ok := parsed.AsPrivate()
	if !ok {
		return nil, nil, errors.New("not a private message")
	}
	plaintext, aad, _, err = m.group.ReceiveApplicationMessage(private)
	return aad, plaintext, err
}

func (m *goMember) View() (View, error) {
	exported, err := m.group.Export(exportLabel, exportContext, exportLength)
	return View{
		Leaf: uint32(m.group.OwnLeafIndex()), Epoch: m.group.Epoch().AsUint64(),
		Authenticator: bytes.Clone(m.group.EpochAuthenticator()), Exported: exported,
	}, err
}

func (m *goMember) Close() {}

func parseGoKeyPackage(message []byte) (*keypackages.KeyPackage, error) {
	body, err := messageBody(message, framing.WireFormatKeyPackage)
	if err != nil {
		return nil, err
	}
	return keypackages.UnmarshalKeyPackage(body)
}

// messageBody takes the MLSMessage header off (RFC 9420 §6), which the library's parsers of key
// packages, welcomes and group infos do not expect.
func messageBody(message []byte, want framing.WireFormat) ([]byte, error) {
	if len(message) < 4 || binary.BigEndian.Uint16(message) != 1 {
		return nil, errors.New("not an MLSMessage of MLS 1.0")
	}
	if got := framing.WireFormat(binary.BigEndian.Uint16(message[2:])); got != want {
		return nil, fmt.Errorf("wire format %d, want %d", got, want)
	}
	return message[4:], nil
}
