package identity_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"frond/identity"
)

func TestACredentialIsWholeInItself(t *testing.T) {
	root := newRoot(t)
	chain := withDevices(t, root, 1)
	device := chain.Devices()[0]
	made := mustCredential(t, chain, device.ID)
	encoded := made.Marshal()
	read := must[identity.Credential](t)(identity.ParseCredential(encoded))
	if read.Account != chain.Account() || read.Root != root.Public() || read.Device != device.ID || read.DeviceKey != device.Key {
		t.Errorf("read back: %+v", read)
	}
	if err := read.Matches(device.Key[:]); err != nil {
		t.Errorf("the device's own key: %v", err)
	}
	for _, key := range [][]byte{nil, device.Key[:31], append(device.Key[:32:32], 0), make([]byte, 32)} {
		if err := read.Matches(key); !errors.Is(err, identity.ErrKey) {
			t.Errorf("key %x: %v", key, err)
		}
	}
	t.Logf("a credential has %d bytes", len(encoded))
}

func TestEveryChangedBitBreaksACredential(t *testing.T) {
	chain := withDevices(t, newRoot(t), 1)
	encoded := mustCredential(t, chain, chain.Devices()[0].ID).Marshal()
	for i := range encoded {
		for bit := range 8 {
			changed := bytes.Clone(encoded)
			changed[i] ^= 1 << bit
			if _, err := identity.ParseCredential(changed); err == nil {
				t.Fatalf("byte %d, bit %d changed: accepted", i, bit)
			}
		}
		if _, err := identity.ParseCredential(encoded[:i]); err == nil {
			t.Fatalf("cut to %d bytes: accepted", i)
		}
	}
	for _, tail := range []int{1, identity.MaxCredentialSize} {
		if _, err := identity.ParseCredential(append(bytes.Clone(encoded), make([]byte, tail)...)); err == nil {
			t.Errorf("%d bytes more: accepted", tail)
		}
	}
}

func TestACertificateSpeaksOfOneDevice(t *testing.T) {
	root := newRoot(t)
	account, _ := newDevice(t)
	device, key := newDevice(t)
	other, otherKey := newDevice(t)
	cert := must[[]byte](t)(root.Certify(account, device, key.Public(), noon))
	at, err := identity.VerifyCertificate(root.Public(), account, device, key.Public(), cert)
	if err != nil || !at.Equal(noon) {
		t.Fatalf("%v, %v", at, err)
	}
	for what, args := range map[string]struct {
		root            identity.RootKey
		account, device identity.ID
		key             [32]byte
	}{
		"another root":    {newRoot(t).Public(), account, device, key.Public()},
		"another account": {root.Public(), other, device, key.Public()},
		"another device":  {root.Public(), account, other, key.Public()},
		"ids exchanged":   {root.Public(), device, account, key.Public()},
		"another key":     {root.Public(), account, device, otherKey.Public()},
	} {
		if _, err := identity.VerifyCertificate(args.root, args.account, args.device, args.key, cert); !errors.Is(err, identity.ErrSignature) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := root.Certify(account, device, key.Public(), time.Time{}); !errors.Is(err, identity.ErrTime) {
		t.Errorf("certified before 1970: %v", err)
	}
	if _, err := root.Certify(account, device, [32]byte{}, noon); !errors.Is(err, identity.ErrKey) {
		t.Errorf("certified the zero key: %v", err)
	}
}

func TestBothSidesSeeOneSafetyNumber(t *testing.T) {
	ada := identity.Party{Account: identity.ID{1}, Root: newRoot(t).Public()}
	ben := identity.Party{Account: identity.ID{2}, Root: newRoot(t).Public()}
	number := identity.SafetyNumber(ada, ben)
	if number != identity.SafetyNumber(ben, ada) {
		t.Error("the two sides see different numbers")
	}
	if !regexp.MustCompile(`^\d{5}( \d{5}){11}$`).MatchString(number) {
		t.Errorf("not 12 groups of 5 digits: %q", number)
	}
	code := identity.SafetyCode(ada, ben)
	if len(code) != 65 || !bytes.Equal(code, identity.SafetyCode(ben, ada)) {
		t.Errorf("code: %x", code)
	}
	for what, other := range map[string]identity.Party{
		"another root":    {Account: ben.Account, Root: newRoot(t).Public()},
		"another account": {Account: identity.ID{3}, Root: ben.Root},
	} {
		changed := identity.SafetyNumber(ada, other)
		if changed == number || bytes.Equal(identity.SafetyCode(ada, other), code) {
			t.Errorf("%s: the same number", what)
		}
		// Ada's own half is the same in both, wherever it stands.
		if !strings.Contains(number, half(changed, 0)) && !strings.Contains(number, half(changed, 1)) {
			t.Errorf("%s: no half is shared:\n%s\n%s", what, number, changed)
		}
	}
}

func half(number string, i int) string { return number[i*36 : i*36+35] }

// The number is part of what people wrote down: it must not change between versions.
func TestTheSafetyNumberStaysAsItIs(t *testing.T) {
	a := identity.Party{Account: identity.ID{1}, Root: identity.RootKey{2}}
	b := identity.Party{Account: identity.ID{3}, Root: identity.RootKey{4}}
	const want = "73348 13612 44618 45499 66063 61350 06823 10579 36226 27052 31292 91934"
	if got := identity.SafetyNumber(a, b); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func BenchmarkSafetyNumber(b *testing.B) {
	for b.Loop() {
		identity.SafetyNumber(identity.Party{}, identity.Party{})
	}
}
