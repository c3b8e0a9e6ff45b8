package client

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// actor is an account with one device, outside of any client.
type actor struct {
	root identity.Root
	key  identity.DeviceKey
	cred identity.Credential
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newActor(name string) *actor {
	a := &actor{root: must(identity.NewRoot(rand.Reader)), key: must(identity.NewDeviceKey(rand.Reader))}
	chain := must(identity.NewChain(rand.Reader, a.root, name, time.Now()))
	device := must(identity.NewID(rand.Reader))
	chain = must(chain.AddDevice(a.root, device, a.key.Public(), "test", time.Now()))
	a.cred, _ = chain.Credential(device)
	return a
}

// otherDevice is the same account's next device.
func (a *actor) otherDevice() *actor {
	b := &actor{root: a.root, key: must(identity.NewDeviceKey(rand.Reader)), cred: a.cred}
	b.cred.Device = must(identity.NewID(rand.Reader))
	b.certify(b.root)
	return b
}

// twin is another device of the account, under the id that somebody's device has already.
func (a *actor) twin(of *actor) *actor {
	b := a.otherDevice()
	b.cred.Device = of.cred.Device
	b.certify(b.root)
	return b
}

func (a *actor) certify(by identity.Root) {
	a.cred.DeviceKey = a.key.Public()
	a.cred.Root = by.Public()
	a.cred.Certificate = must(by.Certify(a.cred.Account, a.cred.Device, a.cred.DeviceKey, time.Now()))
}

// impostor claims the account under a root of its own.
func (a *actor) impostor() *actor {
	b := &actor{root: must(identity.NewRoot(rand.Reader)), key: must(identity.NewDeviceKey(rand.Reader)), cred: a.cred}
	b.certify(b.root)
	return b
}

func (a *actor) id() wire.ID { return wire.ID(a.cred.Account) }

func (a *actor) person(role Role) Person {
	return Person{Account: a.id(), Root: wire.Hash(a.cred.Root), Role: role}
}

func (a *actor) credential() mls.Credential { return mls.BasicCredential(a.cred.Marshal()) }

// config accepts every leaf that is sound in itself: what the judge is for is left to the judge.
func config() mls.Config {
	v := &verifier{}
	return mls.Config{Now: time.Now, Authenticate: v.authenticate, Extensions: []mls.ExtensionType{RosterExtension}}
}

func (a *actor) keyPackage() (*mls.KeyPackage, *mls.KeyPackageSecrets) {
	kp, secrets, err := mls.NewKeyPackage(nil, mls.KeyPackageOptions{
		Suite: mls.SuiteX25519, Signer: a.key.Signer(), Credential: a.credential(),
		Lifetime:   mls.Lifetime{NotBefore: uint64(time.Now().Add(-time.Hour).Unix()), NotAfter: uint64(time.Now().Add(time.Hour).Unix())},
		Extensions: []mls.ExtensionType{RosterExtension},
	})
	if err != nil {
		panic(err)
	}
	return kp, secrets
}

func packageOf(a *actor) *mls.KeyPackage { kp, _ := a.keyPackage(); return kp }

// circle is a group with an owner, a moderator and two members.
type circle struct {
	roster                         Roster
	owner, moderator, ann, bob     *actor
	stranger                       *actor
	ownerG, moderatorG, annG, bobG *mls.Group
	info                           []byte
}

func extension(r Roster) []mls.Extension { return must(r.extension()) }

func newCircle(t *testing.T, kind wire.ConversationKind) *circle {
	t.Helper()
	c := &circle{owner: newActor("owner"), moderator: newActor("moderator"), ann: newActor("ann"), bob: newActor("bob"), stranger: newActor("stranger")}
	c.roster = Roster{Version: 1, Kind: kind, Retention: Full, JoinKey: wire.Hash{1}, Posting: Member, People: []Person{}}
	others := []*actor{c.moderator, c.ann, c.bob}
	switch kind {
	case wire.Group:
		c.roster = c.roster.with(c.owner.person(Owner), c.moderator.person(Moderator), c.ann.person(Member), c.bob.person(Member))
		c.roster.Name = "circle"
	case wire.Direct:
		c.roster = c.roster.with(c.owner.person(Member), c.ann.person(Member))
		others = []*actor{c.ann}
	}
	g := must(mls.Create(config(), mls.CreateOptions{
		Suite: mls.SuiteX25519, GroupID: make([]byte, 16), Signer: c.owner.key.Signer(), Credential: c.owner.credential(), Extensions: extension(c.roster),
	}))
	var o mls.CommitOptions
	secrets := map[*actor]*mls.KeyPackageSecrets{}
	for _, a := range others {
		kp, s := a.keyPackage()
		o.Add, secrets[a] = append(o.Add, kp), s
	}
	s := must(g.Commit(config(), o))
	c.ownerG, c.info = s.Merge(), s.GroupInfo()
	join := func(a *actor) *mls.Group {
		if secrets[a] == nil {
			return nil
		}
		return must(mls.Join(config(), s.Welcome(), secrets[a], a.key.Signer()))
	}
	c.moderatorG, c.annG, c.bobG = join(c.moderator), join(c.ann), join(c.bob)
	return c
}

func (c *circle) leaf(a *actor) mls.LeafIndex {
	for _, m := range c.ownerG.Members() {
		if string(m.SignatureKey) == string(a.cred.DeviceKey[:]) {
			return m.Leaf
		}
	}
	panic("not in the group")
}

// verdict lets everybody else judge a commit and demands that they agree.
func (c *circle) verdict(t *testing.T, author *mls.Group, message []byte) error {
	t.Helper()
	var verdicts []error
	for _, g := range []*mls.Group{c.ownerG, c.moderatorG, c.annG, c.bobG} {
		if g == nil || g == author {
			continue
		}
		s, err := g.Stage(config(), message)
		if err == nil {
			_, err = new(verifier).judgeStaged(s)
		}
		verdicts = append(verdicts, err)
	}
	for _, v := range verdicts {
		if (v == nil) != (verdicts[0] == nil) {
			t.Fatalf("people judge differently: %v", verdicts)
		}
	}
	return verdicts[0]
}

func TestEverybodyJudgesChangesByTheRoleOfTheirAuthor(t *testing.T) {
	t.Parallel()
	c := newCircle(t, wire.Group)
	newKey := func(r Roster) Roster { r.JoinKey = wire.Hash{2}; return r }
	renamed := c.roster
	renamed.Name = "other"
	renamed.People = append([]Person{}, c.roster.People...)
	opened := renamed
	opened.Kind = wire.Open
	opened.People = []Person{}
	posting := renamed
	posting.Name, posting.Posting = c.roster.Name, Owner
	for _, test := range []struct {
		what   string
		author *mls.Group
		o      mls.CommitOptions
		ok     bool
	}{
		{"a member renews keys", c.annG, mls.CommitOptions{}, true},
		{"the owner adds", c.ownerG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.stranger)}, Extensions: extension(c.roster.with(c.stranger.person(Member)))}, true},
		{"the owner adds an owner", c.ownerG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.stranger)}, Extensions: extension(c.roster.with(c.stranger.person(Owner)))}, true},
		{"the moderator adds a member", c.moderatorG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.stranger)}, Extensions: extension(c.roster.with(c.stranger.person(Member)))}, true},
		{"the moderator adds a moderator", c.moderatorG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.stranger)}, Extensions: extension(c.roster.with(c.stranger.person(Moderator)))}, false},
		{"a member adds", c.annG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.stranger)}, Extensions: extension(c.roster.with(c.stranger.person(Member)))}, false},
		{"the owner adds without the roster", c.ownerG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.stranger)}}, false},
		{"the owner adds a device under the id of somebody else's", c.ownerG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.stranger.twin(c.bob))}, Extensions: extension(c.roster.with(c.stranger.person(Member)))}, false},
		{"the owner adds a member's device under the id of somebody else's", c.ownerG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.ann.twin(c.bob))}}, false},
		{"the owner removes a device and adds somebody's under its id", c.ownerG, mls.CommitOptions{Remove: []mls.LeafIndex{c.leaf(c.bob)}, Add: []*mls.KeyPackage{packageOf(c.ann.twin(c.bob))}}, true},
		{"the owner adds under another root", c.ownerG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.stranger.impostor())}, Extensions: extension(c.roster.with(c.stranger.person(Member)))}, false},
		{"the moderator adds a second device of the owner under another root", c.moderatorG, mls.CommitOptions{Add: []*mls.KeyPackage{packageOf(c.owner.impostor())}}, false},
		{"the owner replaces a pinned root", c.ownerG, mls.CommitOptions{Extensions: extension(c.roster.with(c.ann.impostor().person(Member)))}, false},
		{"the owner removes", c.ownerG, mls.CommitOptions{Remove: []mls.LeafIndex{c.leaf(c.bob)}, Extensions: extension(newKey(c.roster.without(c.bob.id())))}, true},
		{"the owner removes and keeps the join key", c.ownerG, mls.CommitOptions{Remove: []mls.LeafIndex{c.leaf(c.bob)}, Extensions: extension(c.roster.without(c.bob.id()))}, false},
		{"the owner strikes from the roster and leaves the device", c.ownerG, mls.CommitOptions{Extensions: extension(newKey(c.roster.without(c.bob.id())))}, false},
		{"the owner removes a device of a member who stays", c.ownerG, mls.CommitOptions{Remove: []mls.LeafIndex{c.leaf(c.bob)}}, true},
		{"the moderator removes a member", c.moderatorG, mls.CommitOptions{Remove: []mls.LeafIndex{c.leaf(c.bob)}, Extensions: extension(newKey(c.roster.without(c.bob.id())))}, true},
		{"the moderator removes the owner", c.moderatorG, mls.CommitOptions{Remove: []mls.LeafIndex{c.leaf(c.owner)}, Extensions: extension(newKey(c.roster.without(c.owner.id())))}, false},
		{"the moderator removes the owner's device", c.moderatorG, mls.CommitOptions{Remove: []mls.LeafIndex{c.leaf(c.owner)}}, false},
		{"a member removes", c.annG, mls.CommitOptions{Remove: []mls.LeafIndex{c.leaf(c.bob)}, Extensions: extension(newKey(c.roster.without(c.bob.id())))}, false},
		{"a member makes herself owner", c.annG, mls.CommitOptions{Extensions: extension(c.roster.with(c.ann.person(Owner)))}, false},
		{"the moderator makes a moderator", c.moderatorG, mls.CommitOptions{Extensions: extension(c.roster.with(c.ann.person(Moderator)))}, false},
		{"the owner makes a moderator", c.ownerG, mls.CommitOptions{Extensions: extension(c.roster.with(c.ann.person(Moderator)))}, true},
		{"the last owner steps down", c.ownerG, mls.CommitOptions{Extensions: extension(c.roster.with(c.owner.person(Member)))}, false},
		{"the owner renames", c.ownerG, mls.CommitOptions{Extensions: extension(renamed)}, true},
		{"the moderator renames", c.moderatorG, mls.CommitOptions{Extensions: extension(renamed)}, false},
		{"the moderator silences", c.moderatorG, mls.CommitOptions{Extensions: extension(posting)}, false},
		{"the owner opens the group to everybody", c.ownerG, mls.CommitOptions{Extensions: extension(opened)}, false},
		{"the owner drops the roster", c.ownerG, mls.CommitOptions{Extensions: []mls.Extension{}}, false},
	} {
		s, err := test.author.Commit(config(), test.o)
		if err != nil {
			t.Errorf("%s: can not even be staged: %v", test.what, err)
			continue
		}
		if _, own := new(verifier).judgeStaged(s); (own == nil) != test.ok {
			t.Errorf("%s: the author's own judgement is %v", test.what, own)
		}
		if err := c.verdict(t, test.author, s.Message()); (err == nil) != test.ok {
			t.Errorf("%s: judged %v", test.what, err)
		} else if err != nil && !errors.Is(err, errNotAllowed) {
			t.Errorf("%s: %v", test.what, err)
		}
	}
}

func TestALeafStaysWhoseItIsAndNoKeyFromBeforeSplitsTheGroup(t *testing.T) {
	t.Parallel()
	for what, kind := range map[string]wire.ConversationKind{"group": wire.Group, "open": wire.Open} {
		c := newCircle(t, kind)
		g := c.annG
		if g == nil {
			g = c.ownerG
		}
		impostor := c.owner.impostor()
		credential := impostor.credential()
		old := mls.PSKID{Type: mls.PSKResumption, Usage: mls.PSKApplication, GroupID: g.GroupID(), Epoch: g.Epoch()}
		for how, o := range map[string]mls.CommitOptions{
			"a leaf becomes another person's": {Signer: impostor.key.Signer(), Credential: &credential},
			"an old key is mixed in":          {PSKs: []mls.PSKID{old}},
		} {
			s := must(g.Commit(config(), o))
			if err := c.verdict(t, g, s.Message()); !errors.Is(err, errNotAllowed) {
				t.Errorf("%s: %s: judged %v", what, how, err)
			}
		}
	}
}

func TestNobodyChangesADirectConversation(t *testing.T) {
	t.Parallel()
	c := newCircle(t, wire.Direct)
	renamed := c.roster
	renamed.Name = "mine"
	for what, o := range map[string]mls.CommitOptions{
		"renames":                  {Extensions: extension(renamed)},
		"adds a device to a pair":  {Add: []*mls.KeyPackage{packageOf(c.ann.otherDevice())}},
		"removes the other's leaf": {Remove: []mls.LeafIndex{c.leaf(c.ann)}},
	} {
		s := must(c.ownerG.Commit(config(), o))
		if err := c.verdict(t, c.ownerG, s.Message()); !errors.Is(err, errNotAllowed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func (c *circle) external(t *testing.T, a *actor, replace ...mls.LeafIndex) (*mls.Staged, error) {
	t.Helper()
	return mls.JoinExternal(config(), mls.ExternalOptions{
		GroupInfo: c.info, Signer: a.key.Signer(), Credential: a.credential(), Resync: replace,
	})
}

func TestADeviceThatJoinsByItselfIsJudged(t *testing.T) {
	t.Parallel()
	group, open := newCircle(t, wire.Group), newCircle(t, wire.Open)
	for _, test := range []struct {
		what    string
		circle  *circle
		who     *actor
		replace []mls.LeafIndex
		ok      bool
	}{
		{"a device of a member comes back in place of its own leaf", group, group.bob, []mls.LeafIndex{group.leaf(group.bob)}, true},
		{"another device of a member replaces the old one", group, group.bob.otherDevice(), []mls.LeafIndex{group.leaf(group.bob)}, false},
		{"another device of a member comes beside the old one", group, group.bob.otherDevice(), nil, true},
		{"a member replaces somebody else's device", group, group.bob.otherDevice(), []mls.LeafIndex{group.leaf(group.ann)}, false},
		{"somebody who is not in the roster", group, group.stranger, nil, false},
		{"somebody with a member's account under another root", group, group.bob.impostor(), nil, false},
		{"anybody, into the open conversation", open, open.stranger, nil, true},
		{"anybody, replacing somebody in the open conversation", open, open.stranger, []mls.LeafIndex{open.leaf(open.bob)}, false},
		{"an account of the open conversation under another root, which its messages will show", open, open.bob.otherDevice().impostor(), nil, true},
		{"a device of a member under the id of somebody else's", group, group.bob.twin(group.owner), nil, false},
		{"a device of a member under the id of another one of its own", group, group.bob.twin(group.bob), nil, false},
		{"a device under the id of somebody else's, into the open conversation", open, open.stranger.twin(open.bob), nil, false},
		{"an account of the open conversation under another root, taking its place", open, open.bob.impostor(), []mls.LeafIndex{open.leaf(open.bob)}, false},
	} {
		s, err := test.circle.external(t, test.who, test.replace...)
		if err != nil {
			if test.ok {
				t.Errorf("%s: %v", test.what, err)
			}
			continue
		}
		if err := test.circle.verdict(t, nil, s.Message()); (err == nil) != test.ok {
			t.Errorf("%s: judged %v", test.what, err)
		}
	}
}

func TestInTheOpenConversationNobodyAddsOrRemovesOthers(t *testing.T) {
	t.Parallel()
	c := newCircle(t, wire.Open)
	for what, o := range map[string]mls.CommitOptions{
		"adds":    {Add: []*mls.KeyPackage{packageOf(c.stranger)}},
		"removes": {Remove: []mls.LeafIndex{c.leaf(c.bob)}},
	} {
		s := must(c.annG.Commit(config(), o))
		if err := c.verdict(t, c.annG, s.Message()); !errors.Is(err, errNotAllowed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestALeafIsOnlyAsGoodAsItsCertificate(t *testing.T) {
	t.Parallel()
	a, b := newActor("a"), newActor("b")
	v := &verifier{}
	member := func(c mls.Credential, key [32]byte) mls.Member {
		return mls.Member{Credential: c, SignatureKey: key[:]}
	}
	if err := v.authenticate(member(a.credential(), a.cred.DeviceKey)); err != nil {
		t.Fatal(err)
	}
	if v.authenticate(member(a.credential(), b.cred.DeviceKey)) == nil {
		t.Error("a leaf with another signature key than the certified one")
	}
	forged := a.cred
	forged.Root = b.cred.Root
	if v.authenticate(member(mls.BasicCredential(forged.Marshal()), a.cred.DeviceKey)) == nil {
		t.Error("a certificate of another root")
	}
	if v.authenticate(member(mls.Credential{Type: mls.CredentialX509, Identity: a.cred.Marshal()}, a.cred.DeviceKey)) == nil {
		t.Error("a credential of another type")
	}
}

func TestARosterHasOneEncodingAndLimits(t *testing.T) {
	t.Parallel()
	c := newCircle(t, wire.Group)
	b := must(wire.Encode(c.roster))
	if _, err := ParseRoster(b); err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if _, err := ParseRoster(b[:n]); err == nil {
			t.Fatalf("accepted when cut at %d", n)
		}
	}
	if _, err := ParseRoster(append(b, 0)); err == nil {
		t.Fatal("accepted with a tail")
	}
	for what, r := range map[string]Roster{
		"no join key":       {Version: 1, Kind: wire.Open, Retention: Full, Posting: Member},
		"of a newer format": {Version: 2, Kind: wire.Open, Retention: Full, Posting: Member, JoinKey: wire.Hash{1}},
		"direct with one":   {Version: 1, Kind: wire.Direct, Retention: Full, Posting: Member, JoinKey: wire.Hash{1}, People: []Person{c.ann.person(Member)}},
		"open with people":  {Version: 1, Kind: wire.Open, Retention: Full, Posting: Member, JoinKey: wire.Hash{1}, People: []Person{c.ann.person(Member)}},
		"a person twice":    {Version: 1, Kind: wire.Group, Retention: Full, Posting: Member, JoinKey: wire.Hash{1}, People: []Person{c.ann.person(Member), c.ann.person(Owner)}},
	} {
		if _, err := ParseRoster(must(wire.Encode(r))); err == nil {
			t.Errorf("accepted a roster %s", what)
		}
	}
}

func TestGroupInformationOpensOnlyUnderItsJoinKeyAndConversation(t *testing.T) {
	t.Parallel()
	key, id := wire.Hash{1}, wire.ID{2}
	sealed := must(sealInfo(rand.Reader, key, id, []byte("tree")))
	if got, err := openInfo(key, id, sealed); err != nil || string(got) != "tree" {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := openInfo(wire.Hash{2}, id, sealed); err == nil {
		t.Error("opened under another key")
	}
	if _, err := openInfo(key, wire.ID{3}, sealed); err == nil {
		t.Error("opened as of another conversation")
	}
	if _, err := openInfo(key, id, sealed[:20]); err == nil {
		t.Error("opened half")
	}
}
