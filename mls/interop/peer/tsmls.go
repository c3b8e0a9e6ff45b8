package peer

import (
	"fmt"
	"strings"
	"sync/atomic"
)

// TSMLS is the npm package ts-mls in one Node process. Close ends the process.
type TSMLS struct {
	driver *driver
	suites []uint16
	made   *atomic.Uint64
	// Unpadded members send handshakes without padding, for company that can not read it.
	Unpadded bool
}

// StartTSMLS runs the driver script of dir.
func StartTSMLS(dir string) (*TSMLS, error) {
	d, err := startDriver(dir)
	if err != nil {
		return nil, err
	}
	answer, err := d.call(request{Op: "suites"})
	if err != nil {
		return nil, err
	}
	return &TSMLS{driver: d, suites: answer.Suites, made: new(atomic.Uint64)}, nil
}

func (t *TSMLS) Name() string     { return "ts-mls" }
func (t *TSMLS) Suites() []uint16 { return t.suites }
func (t *TSMLS) Close() error     { return t.driver.close() }

// Traits: ts-mls has no way to make an Update proposal and keep its private key.
func (t *TSMLS) Traits() Traits {
	return Traits{PrivateHandshake: true, PrivateProposal: true, Discards: true, ReadsPadding: true}
}

func (t *TSMLS) NewMember(suite uint16, name string) (Member, error) {
	m := &tsMember{driver: t.driver, id: fmt.Sprintf("%d %s", t.made.Add(1), name)}
	_, err := m.call(request{Op: "member", Suite: suite, Name: name, Unpadded: t.Unpadded})
	return m, err
}

// AsShipped is what ts-mls makes of a suite without the repairs of its driver.
type AsShipped struct {
	SignatureKey []byte // of a fresh key package
	ExternalPub  []byte // data of the external_pub extension
	Derived      []byte // public key that DeriveKeyPair makes of ikm
}

// AsShipped asks the library.
func (t *TSMLS) AsShipped(suite uint16, ikm []byte) (AsShipped, error) {
	a, err := t.driver.call(request{Op: "asShipped", Suite: suite, Message: ikm})
	return AsShipped{SignatureKey: a.SignatureKey, ExternalPub: a.ExternalPub, Derived: a.Message}, err
}

// DeriveKeyPair is the public key that the driver, repairs included, makes of ikm.
func (t *TSMLS) DeriveKeyPair(suite uint16, ikm []byte) ([]byte, error) {
	a, err := t.driver.call(request{Op: "deriveKeyPair", Suite: suite, Message: ikm})
	return a.Message, err
}

type tsMember struct {
	driver *driver
	id     string
}

// unmergedRule is what ts-mls says when two non-blank ancestors of an unmerged leaf do not list exactly the
// same unmerged leaves. RFC 9420 §12.4.3.1 asks less: that those between the leaf and a parent that lists
// it list it too.
const unmergedRule = "non-blank intermediate node must list leaf node in its unmerged_leaves"

func (m *tsMember) call(r request) (response, error) {
	r.Member = m.id
	answer, err := m.driver.call(r)
	if err != nil && strings.Contains(err.Error(), unmergedRule) {
		err = fmt.Errorf("%w: %w", ErrTooStrict, err)
	}
	return answer, err
}

func (m *tsMember) message(r request) ([]byte, error) {
	answer, err := m.call(r)
	return answer.Message, err
}

func (m *tsMember) do(r request) error {
	_, err := m.call(r)
	return err
}

func (m *tsMember) KeyPackage() ([]byte, error) { return m.message(request{Op: "keyPackage"}) }
func (m *tsMember) Create(groupID []byte) error {
	return m.do(request{Op: "create", GroupID: groupID})
}
func (m *tsMember) Join(welcome []byte) error { return m.do(request{Op: "join", Message: welcome}) }

// JoinExternal: ts-mls finds the old leaf itself, by signature key.
func (m *tsMember) JoinExternal(groupInfo []byte, resync *uint32) ([]byte, error) {
	return m.message(request{Op: "joinExternal", Message: groupInfo, Resync: resync != nil})
}

func (m *tsMember) Commit(c Changes) ([]byte, error) {
	return m.message(request{Op: "commit", Add: c.Add, Remove: c.Remove, PSKs: c.PSKs, Public: c.Public, AAD: c.AAD})
}

func (m *tsMember) Merge() ([]byte, error) { return m.message(request{Op: "merge"}) }

func (m *tsMember) Discard() error { return m.do(request{Op: "discard"}) }

func (m *tsMember) Propose(p Proposal) ([]byte, error) {
	switch {
	case p.Add != nil:
		return m.message(request{Op: "propose", Add: [][]byte{p.Add}, Public: p.Public})
	case p.Remove != nil:
		return m.message(request{Op: "propose", Remove: []uint32{*p.Remove}, Public: p.Public})
	}
	return nil, ErrUnavailable
}

func (m *tsMember) Process(message []byte) (bool, error) {
	answer, err := m.call(request{Op: "process", Message: message})
	return answer.Removed, err
}

func (m *tsMember) GroupInfo() ([]byte, error) { return m.message(request{Op: "groupInfo"}) }

func (m *tsMember) Seal(aad, plaintext []byte) ([]byte, error) {
	return m.message(request{Op: "seal", AAD: aad, Text: plaintext})
}

func (m *tsMember) Open(message []byte) (aad, plaintext []byte, err error) {
	answer, err := m.call(request{Op: "open", Message: message})
	return answer.AAD, answer.Text, err
}

func (m *tsMember) View() (View, error) {
	a, err := m.call(request{Op: "epoch", Label: exportLabel, Context: exportContext, Length: exportLength})
	return View{Leaf: a.Leaf, Epoch: a.Epoch, Authenticator: a.Authenticator, Exported: a.Exported}, err
}

func (m *tsMember) Close() { m.do(request{Op: "drop"}) }
