package vault_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"frond/client/vault"
)

const mib = 1 << 10 // in KiB

var paramsRefused = []struct {
	p    vault.Params
	want error
}{
	{vault.Params{}, vault.ErrWeakParams},
	{vault.Params{Memory: 64*mib - 1, Time: 3, Threads: 1}, vault.ErrWeakParams},
	{vault.Params{Memory: 64 * mib, Time: 2, Threads: 1}, vault.ErrWeakParams},
	{vault.Params{Memory: 64 * mib, Time: 3, Threads: 0}, vault.ErrWeakParams},
	{vault.Params{Memory: 8, Time: 16, Threads: 1}, vault.ErrWeakParams},
	{vault.Params{Memory: 1024*mib + 1, Time: 3, Threads: 1}, vault.ErrCostlyParams},
	{vault.Params{Memory: 64 * mib, Time: 17, Threads: 1}, vault.ErrCostlyParams},
	{vault.Params{Memory: 64 * mib, Time: 3, Threads: 17}, vault.ErrCostlyParams},
	{vault.Params{Memory: 1<<32 - 1, Time: 1<<32 - 1, Threads: 255}, vault.ErrCostlyParams},
}

func TestTheServerCanNotWeakenOrStallTheClient(t *testing.T) {
	for _, c := range paramsRefused {
		if got, err := vault.Derive("long enough", make([]byte, 16), c.p); !errors.Is(err, c.want) || got != (vault.Keys{}) {
			t.Errorf("%+v: %v", c.p, err)
		}
	}
	if err := vault.DefaultParams.Check(); err != nil {
		t.Errorf("the default: %v", err)
	}
	if err := (vault.Params{Memory: 1024 * mib, Time: 16, Threads: 16}).Check(); err != nil {
		t.Errorf("the ceiling itself: %v", err)
	}
	for _, n := range []int{0, 15, 65} {
		if _, err := vault.Derive("long enough", make([]byte, n), vault.DefaultParams); !errors.Is(err, vault.ErrSalt) {
			t.Errorf("a salt of %d bytes: %v", n, err)
		}
	}
}

func TestPasswordsAreChecked(t *testing.T) {
	for password, want := range map[string]error{
		"":                                vault.ErrPasswordShort,
		"1234567":                         vault.ErrPasswordShort,
		"12345678":                        nil,
		"ééééééé":                         vault.ErrPasswordShort, // 14 bytes, 7 characters
		"e\u0301e\u0301e\u0301e\u0301":    vault.ErrPasswordShort, // 8 code points, 4 characters
		"日本語日本語日本":                        nil,
		"        ":                        nil,
		strings.Repeat("x", 1024):         nil,
		strings.Repeat("x", 1025):         vault.ErrPasswordLong,
		strings.Repeat("\ufdfa", 341):     nil, // one letter that NFKC makes 18 of
		"\xff\xfe12345678":                vault.ErrPasswordText,
		"' OR 1=1 -- \x00<script>":        nil,
		strings.Repeat("\U0001f600", 8):   nil,
		strings.Repeat("\U0001f600", 7):   vault.ErrPasswordShort,
		strings.Repeat("\U0001f600", 257): vault.ErrPasswordLong,
	} {
		if err := vault.CheckPassword(password); !errors.Is(err, want) {
			t.Errorf("%.20q: %v; want %v", password, err, want)
		}
		if want == nil {
			continue
		}
		if _, err := vault.Derive(password, make([]byte, 16), vault.DefaultParams); !errors.Is(err, want) {
			t.Errorf("%.20q: derive: %v; want %v", password, err, want)
		}
	}
}

func TestTwoWaysToTypeOnePasswordGiveTheSameKeys(t *testing.T) {
	t.Parallel()
	salt := make([]byte, 16)
	composed := must[vault.Keys](t)(vault.Derive("Ｃafé-ﬁsh", salt, vault.DefaultParams))
	apart := must[vault.Keys](t)(vault.Derive("Cafe\u0301-fish", salt, vault.DefaultParams))
	if composed != apart {
		t.Error("keyboards that compose letters differently give different keys")
	}
	if must[vault.Keys](t)(vault.Derive("café-fish", salt, vault.DefaultParams)) == apart {
		t.Error("case was lost")
	}
}

// The derivation is what every stored slot depends on: Argon2id (RFC 9106),
// then HKDF-SHA256 (RFC 5869) with these labels.
func TestDeriveIsWhatTheDesignSays(t *testing.T) {
	t.Parallel()
	salt := bytes.Repeat([]byte{7}, 16)
	keys := must[vault.Keys](t)(vault.Derive("correct horse", salt, vault.Params{Memory: 64 * mib, Time: 3, Threads: 2}))
	stretched := argon2.IDKey([]byte("correct horse"), salt, 3, 64*mib, 2, 32)
	for label, got := range map[string][32]byte{
		"frond/vault/password/auth/v1": keys.Auth,
		"frond/vault/password/wrap/v1": keys.Wrap,
	} {
		want, err := hkdf.Key(sha256.New, stretched, nil, label, 32)
		if err != nil || !bytes.Equal(got[:], want) {
			t.Errorf("%s: %v", label, err)
		}
	}
	other := must[vault.Keys](t)(vault.Derive("correct horse", bytes.Repeat([]byte{8}, 16), vault.Params{Memory: 64 * mib, Time: 3, Threads: 2}))
	if other.Auth == keys.Auth || other.Wrap == keys.Wrap || keys.Auth == keys.Wrap {
		t.Error("salts or purposes share a key")
	}
}

func BenchmarkDerive(b *testing.B) {
	salt := make([]byte, 16)
	for b.Loop() {
		if _, err := vault.Derive("correct horse", salt, vault.DefaultParams); err != nil {
			b.Fatal(err)
		}
	}
}
