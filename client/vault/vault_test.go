package vault_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"frond/client/vault"
)

var account = [16]byte{1, 2, 3}

const epoch = 7

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func randomBytes(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func newKey(t testing.TB) vault.Key { t.Helper(); return must[vault.Key](t)(vault.NewKey(rand.Reader)) }

func TestAVaultOpensOnAnotherDevice(t *testing.T) {
	t.Parallel()
	// Signing up.
	salt, key := randomBytes(t, 16), newKey(t)
	keys := must[vault.Keys](t)(vault.Derive("correct horse", salt, vault.DefaultParams))
	code := must[vault.RecoveryCode](t)(vault.NewRecoveryCode(rand.Reader))
	recovery := must[vault.Keys](t)(code.Derive(salt))
	header := must[[]byte](t)(vault.SealHeader(account, epoch, key, []vault.Opener{
		opener(t, vault.SlotPassword, [16]byte{}, vault.DefaultParams, salt, keys.Wrap),
		opener(t, vault.SlotRecovery, [16]byte{}, vault.Params{}, salt, recovery.Wrap),
	}))
	sealed := must[[]byte](t)(vault.SealState(rand.Reader, key, account, epoch, 1, []byte("root and join keys")))
	written := code.Text()

	// Signing in with the password.
	h := must[vault.Header](t)(vault.ParseHeader(header))
	again := must[vault.Keys](t)(vault.Derive("correct horse", salt, vault.DefaultParams))
	if again != keys {
		t.Fatal("the same password gives other keys")
	}
	opened := must[vault.Key](t)(h.Open(account, vault.SlotPassword, [16]byte{}, again.Wrap))
	state := must[[]byte](t)(vault.OpenState(opened, account, h.Epoch, 1, sealed))
	if string(state) != "root and join keys" {
		t.Errorf("state: %q", state)
	}

	// The password is forgotten.
	typed := must[vault.RecoveryCode](t)(vault.ParseRecoveryCode(strings.ToLower(written)))
	wrap := must[vault.Keys](t)(typed.Derive(salt)).Wrap
	if must[vault.Key](t)(h.Open(account, vault.SlotRecovery, [16]byte{}, wrap)) != key {
		t.Error("the recovery code opens another key")
	}

	// A wrong password opens nothing.
	wrong := must[vault.Keys](t)(vault.Derive("incorrect horse", salt, vault.DefaultParams))
	if wrong.Auth == keys.Auth || wrong.Wrap == keys.Wrap {
		t.Error("two passwords share a key")
	}
	if got, err := h.Open(account, vault.SlotPassword, [16]byte{}, wrong.Wrap); !errors.Is(err, vault.ErrOpen) || got != (vault.Key{}) {
		t.Errorf("a wrong password: %v, %v", got == key, err)
	}
}

func TestChangedBytesBreakAStoredHeader(t *testing.T) {
	secret, key := [32]byte(randomBytes(t, 32)), newKey(t)
	stored := must[[]byte](t)(vault.SealHeader(account, epoch, key, []vault.Opener{opener(t, vault.SlotDevice, account, vault.Params{}, nil, secret)}))
	t.Logf("a header of one slot has %d bytes", len(stored))
	for i := 0; i < len(stored); i += 3 {
		changed := bytes.Clone(stored)
		changed[i] ^= 1
		h, err := vault.ParseHeader(changed)
		if err != nil {
			continue
		}
		if _, err := h.Open(account, vault.SlotDevice, account, secret); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	if _, err := vault.ParseHeader(append(bytes.Clone(stored), 0)); !errors.Is(err, vault.ErrMalformed) {
		t.Errorf("with a byte more: %v", err)
	}
	if _, err := vault.ParseHeader(make([]byte, vault.MaxHeader+1)); !errors.Is(err, vault.ErrLimit) {
		t.Errorf("a header too large: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestAStateOpensOnlyWhereItBelongs(t *testing.T) {
	key := newKey(t)
	sealed := must[[]byte](t)(vault.SealState(rand.Reader, key, account, epoch, 3, []byte("join keys")))
	if got := must[[]byte](t)(vault.OpenState(key, account, epoch, 3, sealed)); string(got) != "join keys" {
		t.Fatalf("opened %q", got)
	}
	if e, r, err := vault.StateRevision(sealed); e != epoch || r != 3 || err != nil {
		t.Errorf("it claims epoch %d, revision %d, %v", e, r, err)
	}
	for what, err := range map[string]error{
		"another key":      second(vault.OpenState(newKey(t), account, epoch, 3, sealed)),
		"another account":  second(vault.OpenState(key, [16]byte{9}, epoch, 3, sealed)),
		"an older epoch":   second(vault.OpenState(key, account, epoch-1, 3, sealed)),
		"a newer revision": second(vault.OpenState(key, account, epoch, 4, sealed)),
	} {
		if !errors.Is(err, vault.ErrOpen) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if got, err := vault.OpenState(key, account, epoch, 3, changed); err == nil || got != nil {
			t.Errorf("byte %d changed: opened", i)
		}
		if e, r, err := vault.StateRevision(changed); err == nil && (e != epoch || r != 3) {
			// An old state relabelled as the newest must not open as such.
			if _, err := vault.OpenState(key, account, e, r, changed); !errors.Is(err, vault.ErrOpen) {
				t.Errorf("relabelled as epoch %d, revision %d: %v", e, r, err)
			}
		}
		if _, err := vault.OpenState(key, account, epoch, 3, sealed[:i]); !errors.Is(err, vault.ErrMalformed) {
			t.Errorf("cut to %d: %v", i, err)
		}
	}
}

func TestAStateHasALimit(t *testing.T) {
	key := newKey(t)
	largest := make([]byte, vault.MaxState)
	sealed := must[[]byte](t)(vault.SealState(rand.Reader, key, account, epoch, 1<<64-1, largest))
	if got := must[[]byte](t)(vault.OpenState(key, account, epoch, 1<<64-1, sealed)); len(got) != len(largest) {
		t.Errorf("opened %d bytes", len(got))
	}
	if _, err := vault.SealState(rand.Reader, key, account, epoch, 1, append(largest, 0)); !errors.Is(err, vault.ErrLimit) {
		t.Errorf("a byte more: %v", err)
	}
	if _, err := vault.OpenState(key, account, epoch, 1, make([]byte, vault.MaxState+1024)); !errors.Is(err, vault.ErrLimit) {
		t.Errorf("too large a sealed state: %v", err)
	}
	empty := must[[]byte](t)(vault.SealState(rand.Reader, key, account, epoch, 1, nil))
	if got := must[[]byte](t)(vault.OpenState(key, account, epoch, 1, empty)); len(got) != 0 {
		t.Errorf("an empty state: %x", got)
	}
}

func TestTheSameThingIsNeverSealedTheSameWay(t *testing.T) {
	key := newKey(t)
	openers := []vault.Opener{opener(t, vault.SlotDevice, account, vault.Params{}, nil, [32]byte{1})}
	if bytes.Equal(must[[]byte](t)(vault.SealHeader(account, epoch, key, openers)), must[[]byte](t)(vault.SealHeader(account, epoch, key, openers))) {
		t.Error("two headers are the same")
	}
	a := must[[]byte](t)(vault.SealState(rand.Reader, key, account, epoch, 1, []byte("x")))
	b := must[[]byte](t)(vault.SealState(rand.Reader, key, account, epoch, 1, []byte("x")))
	if bytes.Equal(a, b) {
		t.Error("two states are the same")
	}
	for what, err := range map[string]error{
		"key":   second(vault.NewKey(strings.NewReader("short"))),
		"code":  second(vault.NewRecoveryCode(strings.NewReader("short"))),
		"state": second(vault.SealState(strings.NewReader("short"), key, account, epoch, 1, nil)),
	} {
		if err == nil {
			t.Errorf("a %s from too little randomness", what)
		}
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	secret := randomBytes(t, 32)
	key := vault.Key(secret)
	keys := vault.Keys{Auth: key, Wrap: key}
	code := vault.RecoveryCode(secret[:16])
	var out bytes.Buffer
	for _, v := range []any{key, &key, keys, &keys, code, &code, []vault.Key{key}, struct{ K vault.Keys }{keys}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if b, err := json.Marshal(v); err == nil {
			t.Errorf("%T written as JSON: %s", v, b)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("x", "v", v)
		}
	}
	for _, form := range []string{
		string(secret[:16]), fmt.Sprintf("%x", secret[:8]), fmt.Sprintf("%X", secret[:8]), code.Text(), code.Text()[:9],
		strings.Trim(fmt.Sprint(secret[:8]), "[]"), strings.ReplaceAll(strings.Trim(fmt.Sprint(secret[:8]), "[]"), " ", ","),
	} {
		if strings.Contains(out.String(), form) {
			t.Errorf("a secret shows as %q in:\n%s", form, out.String())
		}
	}
}

// FuzzParseHeader reads a header from anybody.
func FuzzParseHeader(f *testing.F) {
	o, err := vault.NewOpener(vault.SlotDevice, account, vault.Params{}, nil, [32]byte{1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(must[[]byte](f)(vault.SealHeader(account, epoch, vault.Key{}, []vault.Opener{o})))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := vault.ParseHeader(b)
		if err != nil {
			return
		}
		if _, err := h.Open(account, vault.SlotDevice, account, [32]byte{2}); !errors.Is(err, vault.ErrOpen) {
			t.Fatalf("opened by a secret it was not sealed to: %v", err)
		}
	})
}

// FuzzOpenState reads a sealed state from anybody.
func FuzzOpenState(f *testing.F) {
	key := vault.Key{1}
	f.Add(must[[]byte](f)(vault.SealState(rand.Reader, key, account, epoch, 1, []byte("x"))))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, r, err := vault.StateRevision(b)
		if err != nil {
			return
		}
		if _, err := vault.OpenState(vault.Key{2}, account, e, r, b); !errors.Is(err, vault.ErrOpen) {
			t.Fatalf("opened under another key: %v", err)
		}
	})
}
