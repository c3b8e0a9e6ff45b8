package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestKeysComeBackFromTheirSeeds(t *testing.T) {
	root, err := NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := ParseRoot(root.Marshal()); err != nil || back.Public() != root.Public() {
		t.Errorf("root: %v", err)
	}
	device, err := NewDeviceKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseDeviceKey(device.Marshal())
	if err != nil || back.Public() != device.Public() || !back.Signer().Equal(device.Signer()) {
		t.Errorf("device: %v", err)
	}
	root.Marshal()[0] ^= 1
	if again, err := ParseRoot(root.Marshal()); err != nil || again.Public() != root.Public() {
		t.Error("a caller changed the root through its seed")
	}
	for _, seed := range [][]byte{nil, make([]byte, 31), make([]byte, 33)} {
		if _, err := ParseRoot(seed); !errors.Is(err, ErrMalformed) {
			t.Errorf("a root of %d bytes: %v", len(seed), err)
		}
		if _, err := ParseDeviceKey(seed); !errors.Is(err, ErrMalformed) {
			t.Errorf("a device key of %d bytes: %v", len(seed), err)
		}
	}
	if _, err := NewRoot(strings.NewReader("short")); err == nil {
		t.Error("a root from too little randomness")
	}
}

func TestTheZeroKeySignsNothingAndDoesNotPanic(t *testing.T) {
	var root Root
	var device DeviceKey
	if !root.IsZero() || !device.IsZero() || root.Marshal() != nil || device.Marshal() != nil || device.Signer() != nil {
		t.Error("the zero value holds a key")
	}
	if _, err := SignContent(device, []byte("x")); !errors.Is(err, ErrKey) {
		t.Errorf("signing: %v", err)
	}
	if err := VerifyContent(device.Public(), []byte("x"), make([]byte, 64)); !errors.Is(err, ErrKey) {
		t.Errorf("verifying under the zero key: %v", err)
	}
}

func TestContentSignaturesHoldForOneDeviceAndOneContent(t *testing.T) {
	device, err := NewDeviceKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewDeviceKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := SignContent(device, []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyContent(device.Public(), []byte("hello"), signature); err != nil {
		t.Fatal(err)
	}
	plain := ed25519.Sign(device.Signer(), []byte("hello"))
	for what, err := range map[string]error{
		"other content":   VerifyContent(device.Public(), []byte("hell0"), signature),
		"other device":    VerifyContent(other.Public(), []byte("hello"), signature),
		"no label":        VerifyContent(device.Public(), []byte("hello"), plain),
		"no signature":    VerifyContent(device.Public(), []byte("hello"), nil),
		"shortened":       VerifyContent(device.Public(), []byte("hello"), signature[:63]),
		"label in text":   VerifyContent(device.Public(), []byte("\x00hello"), signature),
		"with a tail":     VerifyContent(device.Public(), []byte("hello"), append(signature[:64:64], 0)),
		"label moved out": VerifyContent(device.Public(), labelled(labelContent, []byte("hello")), signature),
	} {
		if !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Under each of these keys the signature (R = identity, S = 0) fits some
// messages, which shows that it is of small order and that refusing it matters.
func TestKeysThatAnybodyCanSignForAreRefused(t *testing.T) {
	forged := make([]byte, ed25519.SignatureSize)
	forged[0] = 1
	for _, low := range lowOrder {
		for _, sign := range []byte{0, 0x80} {
			key := low
			key[31] |= sign
			fits := 0
			for i := range 200 {
				if ed25519.Verify(key[:], fmt.Appendf(nil, "message %d", i), forged) {
					fits++
				}
			}
			if fits == 0 {
				t.Errorf("%x takes no forged signature: it does not belong in the list", key)
			}
			if err := checkKey(key); !errors.Is(err, ErrKey) {
				t.Errorf("%x: %v", key, err)
			}
		}
	}
}

func TestKeysHaveOneEncoding(t *testing.T) {
	top := [32]byte{31: 0x7f}
	for i := range 31 {
		top[i] = 0xff
	}
	for first := range 256 {
		key := top
		key[0] = byte(first)
		// 2^255-20 has small order, 2^255-19 and above are not canonical.
		if err := checkKey(key); (err == nil) != (first < 0xec) {
			t.Errorf("%x: %v", key, err)
		}
	}
	for range 100 {
		root, err := NewRoot(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkKey(root.Public()); err != nil {
			t.Errorf("an honest key: %v", err)
		}
	}
}

func TestIDsHaveOneText(t *testing.T) {
	id, err := NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := ParseID(id.String()); err != nil || back != id {
		t.Fatalf("text and back: %v, %v", back, err)
	}
	if id.IsZero() || !(ID{}).IsZero() {
		t.Error("IsZero")
	}
	text := ID{0xab}.String()
	for _, bad := range []string{"", text[1:], text + "0", strings.ToUpper(text), "g" + text[1:], " " + text[1:], text[:31] + "\n"} {
		if _, err := ParseID(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSecretKeysAreNeverPrinted(t *testing.T) {
	root, err := NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	device, err := ParseDeviceKey(root.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	hidden := struct {
		root   Root
		device DeviceKey
	}{root, device}
	for _, v := range []any{root, &root, device, &device, hidden, &hidden, []Root{root}, struct{ R Root }{root}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("x", "v", v)
		}
	}
	seed := root.Marshal()
	for _, form := range []string{
		string(seed), fmt.Sprintf("%x", seed), fmt.Sprintf("%X", seed), strings.Trim(fmt.Sprint(seed[:8]), "[]"),
		strings.ReplaceAll(strings.Trim(fmt.Sprint(seed[:8]), "[]"), " ", ","),
	} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the seed shows as %q in:\n%s", form, out.String())
		}
	}
}
