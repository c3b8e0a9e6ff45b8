package mls

import (
	"bytes"
	"errors"
	"testing"
)

func TestPreSharedKeysEnterTheKeySchedule(t *testing.T) {
	t.Parallel()
	eachSuite(t, func(t *testing.T, w *world) {
		pair(w)
		knows := testConfig()
		knows.PSK = func(id PSKID) ([]byte, error) {
			if id.Type == PSKExternal && string(id.ID) == "code word" {
				return []byte("swordfish"), nil
			}
			return nil, errors.New("never heard of it")
		}
		alice, bob := w.person("alice"), w.person("bob")
		kp, secrets := w.keyPackage("carol")
		resumption := PSKID{Type: PSKResumption, Usage: PSKApplication, GroupID: alice.group.GroupID(), Epoch: alice.group.Epoch()}
		external := PSKID{Type: PSKExternal, ID: []byte("code word")}
		staged, err := alice.group.Commit(knows, CommitOptions{PSKs: []PSKID{external}, Add: []*KeyPackage{kp}, NoPath: true})
		must(t, err)
		_, err = bob.group.Stage(testConfig(), staged.Message())
		wantError(t, err, ErrNoPSK)
		_, err = Join(testConfig(), staged.Welcome(), secrets, w.person("carol").signer)
		wantError(t, err, ErrNoPSK)
		wrong := knows
		wrong.PSK = func(PSKID) ([]byte, error) { return []byte("haddock"), nil }
		_, err = bob.group.Stage(wrong, staged.Message())
		wantError(t, err, ErrConfirmation)
		received, err := bob.group.Stage(knows, staged.Message())
		must(t, err)
		carol, err := Join(knows, staged.Welcome(), secrets, w.person("carol").signer)
		must(t, err)
		alice.group, bob.group, w.person("carol").group = staged.Merge(), received.Merge(), carol
		w.agree()

		// Alice and Bob know the resumption key of the epoch before Carol came; she does not.
		staged, err = alice.group.Commit(testConfig(), CommitOptions{PSKs: []PSKID{resumption}})
		must(t, err)
		received, err = bob.group.Stage(testConfig(), staged.Message())
		must(t, err)
		if !bytes.Equal(received.Merge().EpochAuthenticator(), staged.Merge().EpochAuthenticator()) {
			t.Fatal("the members disagree")
		}
		_, err = carol.Stage(testConfig(), staged.Message())
		wantError(t, err, ErrNoPSK)
	})
}
