package vault

import (
	"crypto/rand"
	"errors"
	"regexp"
	"testing"
)

func newAsking(t *testing.T, account [16]byte) *Asking {
	t.Helper()
	a, err := NewAsking(rand.Reader, account)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Public) != MaxApprovalKey {
		t.Fatalf("a public key has %d bytes", len(a.Public))
	}
	return a
}

func TestAnApprovalOpensForItsRequestAlone(t *testing.T) {
	t.Parallel()
	account, key := [16]byte{1}, Key{2}
	a, other := newAsking(t, account), newAsking(t, account)
	sealed, err := Approve(account, 7, key, a.Public, a.Commit)
	if err != nil || len(sealed) > MaxApproval {
		t.Fatalf("%d bytes, %v", len(sealed), err)
	}
	if got, epoch, err := a.Open(account, sealed); err != nil || got != key || epoch != 7 {
		t.Fatalf("epoch %d, %v", epoch, err)
	}
	if _, _, err := other.Open(account, sealed); !errors.Is(err, ErrOpen) {
		t.Fatalf("it opens for another request: %v", err)
	}
	if _, _, err := a.Open([16]byte{9}, sealed); !errors.Is(err, ErrOpen) {
		t.Fatalf("it opens for another account: %v", err)
	}
	for name, bad := range map[string]func() ([]byte, error){
		"of another commitment": func() ([]byte, error) { return Approve(account, 7, key, a.Public, other.Commit) },
		"of a device's slot": func() ([]byte, error) {
			return SealHeader(account, 7, key, []Opener{{Kind: SlotDevice, Salt: a.Commit[:], Public: a.Public}})
		},
		"with two slots": func() ([]byte, error) {
			o := Opener{Kind: SlotApproval, Salt: a.Commit[:], Public: a.Public}
			return SealHeader(account, 7, key, []Opener{o, o})
		},
		"of another epoch": func() ([]byte, error) {
			h, _ := ParseHeader(sealed)
			h.Epoch = 8
			return encode(h), nil
		},
		"nonsense": func() ([]byte, error) { return []byte("nonsense"), nil },
		"too long": func() ([]byte, error) { return make([]byte, MaxApproval+1), nil },
	} {
		b, err := bad()
		if err != nil {
			t.Fatal(name, err)
		}
		if _, _, err := a.Open(account, b); err == nil {
			t.Errorf("an answer %s opens", name)
		}
	}
	if _, err := Approve(account, 7, key, a.Public[1:], a.Commit); err == nil {
		t.Error("an answer was sealed to half a key")
	}
}

func TestTheDigitsDependOnEverythingBothSidesSaid(t *testing.T) {
	t.Parallel()
	account, e := [16]byte{1}, [32]byte{5}
	a := newAsking(t, account)
	want := ApprovalDigits(account, a.Commit, a.Public, a.Random, e)
	if !regexp.MustCompile(`^[0-9]{6}$`).MatchString(want) {
		t.Fatalf("the digits are %q", want)
	}
	if got := ApprovalDigits(account, a.Commit, a.Public, a.Random, e); got != want {
		t.Fatalf("%s and %s", got, want)
	}
	same := 0
	for i := range 50 { // each change is noticed but once in a million
		b := newAsking(t, account)
		for _, got := range []string{
			ApprovalDigits([16]byte{2, byte(i)}, a.Commit, a.Public, a.Random, e), ApprovalDigits(account, b.Commit, a.Public, a.Random, e),
			ApprovalDigits(account, a.Commit, b.Public, a.Random, e), ApprovalDigits(account, a.Commit, a.Public, b.Random, e),
			ApprovalDigits(account, a.Commit, a.Public, a.Random, [32]byte{6, byte(i)}),
		} {
			if got == want {
				same++
			}
		}
	}
	if same > 1 {
		t.Fatalf("%d of 250 changes went unnoticed", same)
	}
}

func TestAScannedCodeNamesItsRequest(t *testing.T) {
	t.Parallel()
	a, b := newAsking(t, [16]byte{1}), newAsking(t, [16]byte{1})
	if code := ApprovalCode(a.Commit); !IsApprovalCode(code, a.Commit) || IsApprovalCode(code, b.Commit) || IsApprovalCode(code[1:], a.Commit) || IsApprovalCode(nil, a.Commit) {
		t.Fatal("the code names another request")
	}
	if ApprovalCommit([16]byte{2}, a.Public, a.Random) == a.Commit {
		t.Fatal("a request is the same for two accounts")
	}
}
