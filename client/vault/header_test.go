package vault_test

import (
	"crypto/rand"
	"errors"
	"testing"

	"frond/client/vault"
)

func TestAHeaderOpensByEachOfItsSecretsAndForItsPlaceOnly(t *testing.T) {
	t.Parallel()
	account, device, other := [16]byte{1}, [16]byte{2}, [16]byte{3}
	password, recovery, box := [32]byte{4}, [32]byte{5}, [32]byte{6}
	salt := make([]byte, 16)
	openers := []vault.Opener{
		opener(t, vault.SlotPassword, [16]byte{}, vault.DefaultParams, salt, password),
		opener(t, vault.SlotRecovery, [16]byte{}, vault.Params{}, salt, recovery),
		opener(t, vault.SlotDevice, device, vault.Params{}, salt, box),
	}
	key, err := vault.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := vault.SealHeader(account, 7, key, openers)
	if err != nil {
		t.Fatal(err)
	}
	h, err := vault.ParseHeader(sealed)
	if err != nil || h.Epoch != 7 || !h.Has(vault.SlotRecovery) {
		t.Fatal(h.Epoch, err)
	}
	for _, test := range []struct {
		what    string
		account [16]byte
		kind    vault.SlotKind
		id      [16]byte
		secret  [32]byte
		ok      bool
	}{
		{"password", account, vault.SlotPassword, [16]byte{}, password, true},
		{"recovery code", account, vault.SlotRecovery, [16]byte{}, recovery, true},
		{"device", account, vault.SlotDevice, device, box, true},
		{"another account", other, vault.SlotDevice, device, box, false},
		{"another device", account, vault.SlotDevice, other, box, false},
		{"a password as recovery code", account, vault.SlotRecovery, [16]byte{}, password, false},
		{"a wrong password", account, vault.SlotPassword, [16]byte{}, [32]byte{9}, false},
	} {
		got, err := h.Open(test.account, test.kind, test.id, test.secret)
		if test.ok && (err != nil || got != key) || !test.ok && !errors.Is(err, vault.ErrOpen) {
			t.Errorf("%s: %v", test.what, err)
		}
	}
	h.Epoch = 8
	if _, err := h.Open(account, vault.SlotDevice, device, box); !errors.Is(err, vault.ErrOpen) {
		t.Error("a slot opens in another epoch", err)
	}
	h.Epoch, h.Slots[2].Commit[0] = 7, h.Slots[2].Commit[0]^1
	if _, err := h.Open(account, vault.SlotDevice, device, box); !errors.Is(err, vault.ErrOpen) {
		t.Error("a slot opens without its commitment", err)
	}
	for n := 0; n < len(sealed); n += 97 {
		if _, err := vault.ParseHeader(sealed[:n]); err == nil {
			t.Fatalf("a header cut at %d is accepted", n)
		}
	}
}

func opener(t *testing.T, kind vault.SlotKind, id [16]byte, p vault.Params, salt []byte, secret [32]byte) vault.Opener {
	t.Helper()
	o, err := vault.NewOpener(kind, id, p, salt, secret)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
