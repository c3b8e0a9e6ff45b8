package mls_test

import (
	"crypto/ed25519"
	"fmt"
	"time"

	"frond/mls"
)

// Alice makes a group, adds Bob, and they talk.
func Example() {
	c := mls.Config{Now: time.Now}
	_, alice, _ := ed25519.GenerateKey(nil)
	_, bob, _ := ed25519.GenerateKey(nil)

	// Bob publishes a key package and keeps its secrets.
	now := uint64(time.Now().Unix())
	keyPackage, secrets, err := mls.NewKeyPackage(nil, mls.KeyPackageOptions{
		Signer:     bob,
		Credential: mls.BasicCredential([]byte("bob")),
		Lifetime:   mls.Lifetime{NotBefore: now - 3600, NotAfter: now + 30*86400},
	})
	check(err)

	// Alice makes a group and commits to adding Bob.
	atAlice, err := mls.Create(c, mls.CreateOptions{Signer: alice, Credential: mls.BasicCredential([]byte("alice"))})
	check(err)
	staged, err := atAlice.Commit(c, mls.CommitOptions{Add: []*mls.KeyPackage{keyPackage}})
	check(err)

	// The service accepted the commit: Alice merges, Bob gets the welcome.
	atAlice = staged.Merge()
	atBob, err := mls.Join(c, staged.Welcome(), secrets, bob)
	check(err)

	atAlice, message, err := atAlice.Seal(c, nil, []byte("Hello, Bob."))
	check(err)
	atBob, received, err := atBob.Open(c, message)
	check(err)
	fmt.Printf("%s: %s\n", received.Sender.Credential.Identity, received.Plaintext)
	fmt.Println("in epoch", atAlice.Epoch(), "and", atBob.Epoch())
	// Output:
	// alice: Hello, Bob.
	// in epoch 1 and 1
}

// A device that nobody is online to add joins by itself.
func ExampleJoinExternal() {
	c := mls.Config{Now: time.Now}
	_, alice, _ := ed25519.GenerateKey(nil)
	_, tablet, _ := ed25519.GenerateKey(nil)
	group, err := mls.Create(c, mls.CreateOptions{Signer: alice, Credential: mls.BasicCredential([]byte("phone"))})
	check(err)
	info, err := group.GroupInfo()
	check(err)

	staged, err := mls.JoinExternal(c, mls.ExternalOptions{
		GroupInfo: info, Signer: tablet, Credential: mls.BasicCredential([]byte("tablet")),
	})
	check(err)

	// The phone verifies the commit and looks at what it does before it follows.
	received, err := group.Stage(c, staged.Message())
	check(err)
	effects := received.Effects()
	fmt.Printf("%s joins by itself: %v\n", effects.Committer.Credential.Identity, effects.External)
	fmt.Println(len(received.Merge().Members()), "members")
	// Output:
	// tablet joins by itself: true
	// 2 members
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
