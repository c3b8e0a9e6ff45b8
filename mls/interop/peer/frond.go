package peer

import (
	"crypto"
	"errors"
	"time"

	"frond/mls"
)

// Frond is package frond/mls.
type Frond struct{}

func (Frond) Name() string { return "frond" }

func (Frond) Suites() []uint16 {
	var ids []uint16
	for _, s := range mls.Suites() {
		ids = append(ids, uint16(s))
	}
	return ids
}

func (Frond) Traits() Traits {
	return Traits{
		ProposesUpdate: true, PrivateHandshake: true, PrivateProposal: true,
		Discards: true, FilteredRoot: true, NoticesReuse: true, ReadsPadding: true,
	}
}

func (Frond) NewMember(suite uint16, name string) (Member, error) {
	signer, err := newSigner(suite)
	if err != nil {
		return nil, err
	}
	return &frondMember{
		config: mls.Config{Now: time.Now, PSK: func(id mls.PSKID) ([]byte, error) { return preSharedKey(id.ID) }},
		suite:  mls.CipherSuite(suite),
		signer: signer, credential: mls.BasicCredential([]byte(name)),
	}, nil
}

type frondMember struct {
	config     mls.Config
	suite      mls.CipherSuite
	signer     crypto.Signer
	credential mls.Credential
	secrets    []*mls.KeyPackageSecrets
	group      *mls.Group
	staged     *mls.Staged
}

func (m *frondMember) KeyPackage() ([]byte, error) {
	now := time.Now()
	kp, secrets, err := mls.NewKeyPackage(nil, mls.KeyPackageOptions{
		Suite: m.suite, Signer: m.signer, Credential: m.credential,
		Lifetime: mls.Lifetime{NotBefore: uint64(now.Add(-time.Hour).Unix()), NotAfter: uint64(now.Add(24 * time.Hour).Unix())},
	})
	if err != nil {
		return nil, err
	}
	m.secrets = append(m.secrets, secrets)
	return kp.Marshal(), nil
}

func (m *frondMember) Create(groupID []byte) (err error) {
	m.group, err = mls.Create(m.config, mls.CreateOptions{
		Suite: m.suite, GroupID: groupID, Signer: m.signer, Credential: m.credential,
	})
	return err
}

func (m *frondMember) Join(welcome []byte) error {
	refs, err := mls.WelcomeFor(welcome)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		for _, s := range m.secrets {
			if string(s.KeyPackage().Ref()) != string(ref) {
				continue
			}
			m.group, err = mls.Join(m.config, welcome, s, m.signer)
			return err
		}
	}
	return errors.New("the welcome is for none of this member's key packages")
}

func (m *frondMember) JoinExternal(groupInfo []byte, resync *uint32) ([]byte, error) {
	o := mls.ExternalOptions{GroupInfo: groupInfo, Signer: m.signer, Credential: m.credential}
	if resync != nil {
		o.Resync = []mls.LeafIndex{mls.LeafIndex(*resync)}
	}
	return m.stage(mls.JoinExternal(m.config, o))
}

func (m *frondMember) stage(s *mls.Staged, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	m.staged = s
	return s.Message(), nil
}

func (m *frondMember) Commit(c Changes) ([]byte, error) {
	o := mls.CommitOptions{Pending: true, Public: c.Public, AAD: c.AAD}
	for _, b := range c.Add {
		kp, err := mls.ParseKeyPackage(b)
		if err != nil {
			return nil, err
		}
		o.Add = append(o.Add, kp)
	}
	for _, leaf := range c.Remove {
		o.Remove = append(o.Remove, mls.LeafIndex(leaf))
	}
	for _, id := range c.PSKs {
		o.PSKs = append(o.PSKs, mls.PSKID{Type: mls.PSKExternal, ID: id})
	}
	return m.stage(m.group.Commit(m.config, o))
}

func (m *frondMember) Merge() ([]byte, error) {
	staged := m.staged
	if staged == nil {
		return nil, errors.New("nothing to merge")
	}
	m.group, m.staged = staged.Merge(), nil
	return staged.Welcome(), nil
}

func (m *frondMember) Discard() error {
	m.staged = nil
	return nil
}

func (m *frondMember) Propose(p Proposal) ([]byte, error) {
	o := mls.ProposalOptions{Update: p.Update, Public: p.Public}
	if p.Add != nil {
		kp, err := mls.ParseKeyPackage(p.Add)
		if err != nil {
			return nil, err
		}
		o.Add = kp
	}
	if p.Remove != nil {
		leaf := mls.LeafIndex(*p.Remove)
		o.Remove = &leaf
	}
	next, message, err := m.group.Propose(m.config, o)
	return message, m.replace(next, err)
}

func (m *frondMember) replace(next *mls.Group, err error) error {
	if err == nil {
		m.group = next
	}
	return err
}

// Process also carries the state through its serialised form, so that what is stored between two
// messages is shown to be enough for the next.
func (m *frondMember) Process(message []byte) (bool, error) {
	next, err := m.group.Collect(m.config, message)
	if errors.Is(err, mls.ErrWrongContent) {
		staged, err := m.group.Stage(m.config, message)
		if err != nil || staged.Effects().SelfRemoved {
			return err == nil, err
		}
		return false, m.restore(staged.Merge())
	}
	if err != nil {
		return false, err
	}
	return false, m.restore(next)
}

func (m *frondMember) restore(g *mls.Group) error {
	return m.replace(mls.ParseGroup(g.MarshalEpoch(), g.MarshalRatchets(), m.signer))
}

func (m *frondMember) GroupInfo() ([]byte, error) { return m.group.GroupInfo() }

func (m *frondMember) Seal(aad, plaintext []byte) ([]byte, error) {
	next, message, err := m.group.Seal(m.config, aad, plaintext)
	return message, m.replace(next, err)
}

func (m *frondMember) Open(message []byte) (aad, plaintext []byte, err error) {
	next, opened, err := m.group.Open(m.config, message)
	if err != nil {
		return nil, nil, err
	}
	return opened.AAD, opened.Plaintext, m.replace(next, nil)
}

func (m *frondMember) View() (View, error) {
	exported, err := m.group.Export(exportLabel, exportContext, exportLength)
	return View{
		Leaf: uint32(m.group.OwnLeaf()), Epoch: m.group.Epoch(),
		Authenticator: m.group.EpochAuthenticator(), Exported: exported,
	}, err
}

func (m *frondMember) Close() {}
