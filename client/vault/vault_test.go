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
	byPassword := must[vault.Slot](t)(vault.NewSlot(rand.Reader, vault.SlotPassword, account, epoch, vault.DefaultParams, salt, keys.Wrap, key)).Marshal()
	byCode := must[vault.Slot](t)(vault.NewSlot(rand.Reader, vault.SlotRecovery, account, epoch, vault.Params{}, salt, recovery.Wrap, key)).Marshal()
	sealed := must[[]byte](t)(vault.SealState(rand.Reader, key, account, epoch, 1, []byte("root and join keys")))
	written := code.Text()

	// Signing in with the password.
	slot := must[vault.Slot](t)(vault.ParseSlot(byPassword))
	again := must[vault.Keys](t)(vault.Derive("correct horse", slot.Salt, slot.Params))
	if again != keys {
		t.Fatal("the same password gives other keys")
	}
	opened := must[vault.Key](t)(slot.Open(account, again.Wrap))
	state := must[[]byte](t)(vault.OpenState(opened, account, epoch, 1, sealed))
	if string(state) != "root and join keys" {
		t.Errorf("state: %q", state)
	}

	// The password is forgotten.
	slot = must[vault.Slot](t)(vault.ParseSlot(byCode))
	typed := must[vault.RecoveryCode](t)(vault.ParseRecoveryCode(strings.ToLower(written)))
	if must[vault.Key](t)(slot.Open(account, must[vault.Keys](t)(typed.Derive(slot.Salt)).Wrap)) != key {
		t.Error("the recovery code opens another key")
	}

	// A wrong password opens nothing.
	wrong := must[vault.Keys](t)(vault.Derive("incorrect horse", salt, vault.DefaultParams))
	if wrong.Auth == keys.Auth || wrong.Wrap == keys.Wrap {
		t.Error("two passwords share a key")
	}
	slot = must[vault.Slot](t)(vault.ParseSlot(byPassword))
	if got, err := slot.Open(account, wrong.Wrap); !errors.Is(err, vault.ErrOpen) || got != (vault.Key{}) {
		t.Errorf("a wrong password: %v, %v", got == key, err)
	}
}

func testSlot(t testing.TB, kind vault.SlotKind, wrap [32]byte, key vault.Key) vault.Slot {
	t.Helper()
	p := vault.DefaultParams
	if kind == vault.SlotRecovery {
		p = vault.Params{}
	}
	return must[vault.Slot](t)(vault.NewSlot(rand.Reader, kind, account, epoch, p, bytes.Repeat([]byte{5}, 16), wrap, key))
}

func TestASlotOpensOnlyAsWhatItWasSealedFor(t *testing.T) {
	wrap, key := [32]byte(randomBytes(t, 32)), newKey(t)
	slot := testSlot(t, vault.SlotPassword, wrap, key)
	if got := must[vault.Key](t)(slot.Open(account, wrap)); got != key {
		t.Fatal("opens another key")
	}
	if _, err := slot.Open([16]byte{9}, wrap); !errors.Is(err, vault.ErrOpen) {
		t.Errorf("for another account: %v", err)
	}
	if _, err := slot.Open(account, [32]byte{}); !errors.Is(err, vault.ErrOpen) {
		t.Errorf("with another wrapping key: %v", err)
	}
	for what, change := range map[string]func(s *vault.Slot){
		"epoch":   func(s *vault.Slot) { s.Epoch++ },
		"kind":    func(s *vault.Slot) { s.Kind, s.Params = vault.SlotRecovery, vault.Params{} },
		"memory":  func(s *vault.Slot) { s.Params.Memory++ },
		"time":    func(s *vault.Slot) { s.Params.Time++ },
		"threads": func(s *vault.Slot) { s.Params.Threads++ },
		"salt":    func(s *vault.Slot) { s.Salt = bytes.Repeat([]byte{6}, 16) },
		"nonce":   func(s *vault.Slot) { s.Nonce[0] ^= 1 },
	} {
		changed := slot
		change(&changed)
		if got, err := changed.Open(account, wrap); !errors.Is(err, vault.ErrOpen) || got != (vault.Key{}) {
			t.Errorf("another %s: %v", what, err)
		}
	}
	for i := range slot.Box {
		changed := slot
		changed.Box = bytes.Clone(slot.Box)
		changed.Box[i] ^= 1
		if _, err := changed.Open(account, wrap); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("box byte %d: %v", i, err)
		}
	}
	if _, err := (vault.Slot{}).Open(account, wrap); !errors.Is(err, vault.ErrMalformed) {
		t.Errorf("the zero slot: %v", err)
	}
}

func TestEveryChangedByteBreaksAStoredSlot(t *testing.T) {
	wrap, key := [32]byte(randomBytes(t, 32)), newKey(t)
	for _, kind := range []vault.SlotKind{vault.SlotPassword, vault.SlotRecovery} {
		stored := testSlot(t, kind, wrap, key).Marshal()
		t.Logf("a %v slot has %d bytes", kind, len(stored))
		for i := range stored {
			changed := bytes.Clone(stored)
			changed[i] ^= 1
			slot, err := vault.ParseSlot(changed)
			if err != nil {
				continue
			}
			if _, err := slot.Open(account, wrap); !errors.Is(err, vault.ErrOpen) {
				t.Errorf("%v: byte %d changed: %v", kind, i, err)
			}
		}
		for n := range stored {
			if _, err := vault.ParseSlot(stored[:n]); !errors.Is(err, vault.ErrMalformed) {
				t.Errorf("%v cut to %d: %v", kind, n, err)
			}
		}
		if _, err := vault.ParseSlot(append(bytes.Clone(stored), 0)); !errors.Is(err, vault.ErrMalformed) {
			t.Errorf("%v with a byte more: %v", kind, err)
		}
		if _, err := vault.ParseSlot(make([]byte, vault.MaxSlotSize+1)); !errors.Is(err, vault.ErrLimit) {
			t.Errorf("a slot too large: %v", err)
		}
	}
}

func TestAWeakSlotIsRefusedBeforeAnyPasswordIsTried(t *testing.T) {
	wrap, key := [32]byte{1}, newKey(t)
	salt := make([]byte, 16)
	for _, c := range paramsRefused {
		if _, err := vault.NewSlot(rand.Reader, vault.SlotPassword, account, epoch, c.p, salt, wrap, key); !errors.Is(err, c.want) {
			t.Errorf("%+v: making: %v", c.p, err)
		}
		slot := testSlot(t, vault.SlotPassword, wrap, key)
		slot.Params = c.p
		if _, err := vault.ParseSlot(slot.Marshal()); !errors.Is(err, c.want) {
			t.Errorf("%+v: reading: %v", c.p, err)
		}
		if _, err := slot.Open(account, wrap); !errors.Is(err, c.want) {
			t.Errorf("%+v: opening: %v", c.p, err)
		}
	}
	for what, err := range map[string]error{
		"an unknown kind":        second(vault.NewSlot(rand.Reader, 99, account, epoch, vault.DefaultParams, salt, wrap, key)),
		"a recovery slot's cost": second(vault.NewSlot(rand.Reader, vault.SlotRecovery, account, epoch, vault.DefaultParams, salt, wrap, key)),
	} {
		if !errors.Is(err, vault.ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, n := range []int{0, 15, 65} {
		if _, err := vault.NewSlot(rand.Reader, vault.SlotRecovery, account, epoch, vault.Params{}, make([]byte, n), wrap, key); !errors.Is(err, vault.ErrSalt) {
			t.Errorf("a salt of %d bytes: %v", n, err)
		}
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
	wrap, key := [32]byte{1}, newKey(t)
	if bytes.Equal(testSlot(t, vault.SlotPassword, wrap, key).Box, testSlot(t, vault.SlotPassword, wrap, key).Box) {
		t.Error("two slots are the same")
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
		"slot":  second(vault.NewSlot(strings.NewReader("short"), vault.SlotRecovery, account, epoch, vault.Params{}, make([]byte, 16), wrap, key)),
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

// FuzzParseSlot reads a slot from anybody.
func FuzzParseSlot(f *testing.F) {
	f.Add(testSlot(f, vault.SlotPassword, [32]byte{1}, vault.Key{}).Marshal())
	f.Add(testSlot(f, vault.SlotRecovery, [32]byte{1}, vault.Key{}).Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		slot, err := vault.ParseSlot(b)
		if err != nil {
			return
		}
		if !bytes.Equal(slot.Marshal(), b) {
			t.Fatal("read, but not canonical")
		}
		if _, err := slot.Open(account, [32]byte{2}); !errors.Is(err, vault.ErrOpen) {
			t.Fatalf("opened under a key it was not sealed with: %v", err)
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
