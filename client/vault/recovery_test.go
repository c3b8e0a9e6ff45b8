package vault_test

import (
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"testing"

	"frond/client/vault"
)

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func TestARecoveryCodeIsReadAsPeopleTypeIt(t *testing.T) {
	for range 200 {
		code := must[vault.RecoveryCode](t)(vault.NewRecoveryCode(rand.Reader))
		text := code.Text()
		if !regexp.MustCompile(`^([` + crockford + `]{4}-){7}[` + crockford + `]{4}$`).MatchString(text) {
			t.Fatalf("not 8 groups of 4: %s", text)
		}
		for what, typed := range map[string]string{
			"as shown":      text,
			"lower case":    strings.ToLower(text),
			"no dashes":     strings.ReplaceAll(text, "-", ""),
			"spaces":        " " + strings.ReplaceAll(text, "-", "  ") + "\r\n",
			"two lines":     text[:20] + "\n" + text[20:],
			"O for 0":       strings.ReplaceAll(text, "0", "O"),
			"o and l":       strings.NewReplacer("0", "o", "1", "l").Replace(text),
			"I for 1":       strings.ReplaceAll(text, "1", "I"),
			"odd groupings": text[:2] + "-" + text[2:],
		} {
			if got, err := vault.ParseRecoveryCode(typed); err != nil || got != code {
				t.Errorf("%s: %q: %v", what, typed, err)
			}
		}
	}
}

func TestTheTextOfACodeStaysAsItIs(t *testing.T) {
	for text, code := range map[string]vault.RecoveryCode{
		"0000-0000-0000-0000-0000-0000-00RS-VE0W": {},
		"000G-40R4-0M30-E209-185G-R38E-1W20-5HYB": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	} {
		if got := code.Text(); got != text {
			t.Errorf("got %s, want %s", got, text)
		}
	}
}

func TestATypingErrorIsNoticedBeforeAnythingIsAsked(t *testing.T) {
	code := must[vault.RecoveryCode](t)(vault.NewRecoveryCode(rand.Reader))
	text := strings.ReplaceAll(code.Text(), "-", "")
	for i := range text {
		for _, c := range crockford {
			typed := text[:i] + string(c) + text[i+1:]
			if _, err := vault.ParseRecoveryCode(typed); (err == nil) != (typed == text) || (err != nil && !errors.Is(err, vault.ErrRecoveryChecksum)) {
				t.Fatalf("place %d as %c: %v", i, c, err)
			}
		}
	}
	for i := range len(text) - 1 {
		typed := text[:i] + text[i+1:i+2] + text[i:i+1] + text[i+2:]
		if _, err := vault.ParseRecoveryCode(typed); (err == nil) != (typed == text) {
			t.Fatalf("places %d and %d exchanged: %v", i, i+1, err)
		}
	}
	for range 5000 { // any four
		typed := []byte(text)
		for _, r := range randomBytes(t, 4) {
			typed[r%32] = crockford[randomBytes(t, 1)[0]%32]
		}
		if _, err := vault.ParseRecoveryCode(string(typed)); (err == nil) != (string(typed) == text) {
			t.Fatalf("%s for %s: %v", typed, text, err)
		}
	}
}

func TestWhatIsNoCodeIsNamedSo(t *testing.T) {
	text := vault.RecoveryCode{}.Text()
	for _, typed := range []string{
		"", " ", text[:len(text)-1], text + "0", "U" + text[1:], "é" + text[2:], "!" + text[1:], "\x00" + text[1:],
		strings.Repeat("0", 1<<20), strings.Repeat("-", 200), "\xff" + text[1:],
	} {
		if _, err := vault.ParseRecoveryCode(typed); !errors.Is(err, vault.ErrRecoveryFormat) {
			t.Errorf("%.40q: %v", typed, err)
		}
	}
}

func TestARecoveryCodesKeysAreItsOwn(t *testing.T) {
	code := must[vault.RecoveryCode](t)(vault.NewRecoveryCode(rand.Reader))
	a := must[vault.Keys](t)(code.Derive(make([]byte, 16)))
	b := must[vault.Keys](t)(code.Derive(append(make([]byte, 15), 1)))
	if a.Auth == a.Wrap || a.Auth == b.Auth || a.Wrap == b.Wrap {
		t.Error("purposes or salts share a key")
	}
	if _, err := code.Derive(make([]byte, 15)); !errors.Is(err, vault.ErrSalt) {
		t.Errorf("a short salt: %v", err)
	}
}

// FuzzParseRecoveryCode checks that whatever is read comes back as one text.
func FuzzParseRecoveryCode(f *testing.F) {
	f.Add(vault.RecoveryCode{1, 2, 3}.Text())
	f.Add("OOOO-IIII")
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := vault.ParseRecoveryCode(typed)
		if err != nil {
			if !errors.Is(err, vault.ErrRecoveryFormat) && !errors.Is(err, vault.ErrRecoveryChecksum) {
				t.Fatal(err)
			}
			return
		}
		if again, err := vault.ParseRecoveryCode(code.Text()); err != nil || again != code {
			t.Fatalf("%q read as %q, then: %v", typed, code.Text(), err)
		}
	})
}
