package fernet_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"frond/fernet"
)

// forge builds a token as somebody who holds the key can: any body, a right MAC.
func forge(key fernet.Key, body []byte) []byte {
	mac := hmac.New(sha256.New, key[:16])
	mac.Write(body)
	return mac.Sum(bytes.Clone(body))
}

// body builds version, time, IV and the encryption of the blocks as they are.
func body(key fernet.Key, version byte, seconds uint64, blocks []byte) []byte {
	out := binary.BigEndian.AppendUint64([]byte{version}, seconds)
	iv := make([]byte, 16)
	out = append(out, iv...)
	block, err := aes.NewCipher(key[16:])
	if err != nil {
		panic(err)
	}
	sealed := make([]byte, len(blocks))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, blocks)
	return append(out, sealed...)
}

func TestAnInsiderCanNotBreakTheReader(t *testing.T) {
	key := newKey(t)
	good := append([]byte("hello"), bytes.Repeat([]byte{11}, 11)...)
	if got, _, err := fernet.OpenRaw(key, forge(key, body(key, 0x80, 1, good))); err != nil || string(got) != "hello" {
		t.Fatalf("the forger makes no good tokens: %q, %v", got, err)
	}
	for n := range 60 { // with a right MAC over too little
		refused(t, key, forge(key, make([]byte, n)), fmt.Sprintf("%d zero bytes", n))
		refused(t, key, forge(key, append([]byte{0x80}, make([]byte, n)...)), fmt.Sprintf("version and %d bytes", n))
	}
	refused(t, key, forge(key, body(key, 0x81, 1, good)), "version 0x81")
	refused(t, key, forge(key, body(key, 0x00, 1, good)), "version 0")
	refused(t, key, forge(key, body(key, 0x80, math.MaxUint64, good)), "the last second there is")
	refused(t, key, forge(key, body(key, 0x80, 253402300800, good)), "the year 10000")
	refused(t, key, forge(key, append(body(key, 0x80, 1, good), 7)), "a byte beyond the last block")
}

func TestOnlyWholePaddingIsTakenOff(t *testing.T) {
	key := newKey(t)
	for count := range 256 {
		last := bytes.Repeat([]byte{byte(count)}, 16)
		raw := forge(key, body(key, 0x80, 1, append(make([]byte, 16), last...)))
		if count < 1 || count > 16 {
			refused(t, key, raw, fmt.Sprintf("padding of %d", count))
			continue
		}
		if got, _, err := fernet.OpenRaw(key, raw); err != nil || len(got) != 32-count {
			t.Errorf("padding of %d: %d bytes, %v", count, len(got), err)
		}
		for wrong := range count - 1 { // each byte of the padding but the count itself
			bad := bytes.Clone(last)
			bad[14-wrong] ^= 0x40
			refused(t, key, forge(key, body(key, 0x80, 1, bad)), fmt.Sprintf("padding of %d, byte %d", count, wrong))
		}
	}
}

// FuzzInsider gives the reader any body with a right MAC: what does not open
// gives ErrInvalid, and what opens seals to the same again.
func FuzzInsider(f *testing.F) {
	key := fernet.Key([]byte("0123456789abcdef0123456789ABCDEF"))
	f.Add(body(key, 0x80, 1, bytes.Repeat([]byte{16}, 16)))
	f.Add(body(key, 0x80, 1, make([]byte, 16)))
	f.Add(body(key, 0x80, math.MaxUint64, bytes.Repeat([]byte{16}, 32)))
	f.Add([]byte{0x80})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		raw := forge(key, b)
		got, at, err := fernet.OpenRaw(key, raw)
		if err != nil {
			if err != fernet.ErrInvalid {
				t.Fatal(err)
			}
			return
		}
		again, err := fernet.SealRaw(bytes.NewReader(b[9:25]), key, at, got)
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("sealed again: %x, %v; want %x", again, err, raw)
		}
	})
}

// FuzzText checks that a text is read only if it is the one Encode writes.
func FuzzText(f *testing.F) {
	key := fernet.Key{}
	f.Add(fernet.Encode(forge(key, body(key, 0x80, 1, bytes.Repeat([]byte{16}, 16)))))
	f.Add([]byte("gAAAAAAdwJ6w=="))
	f.Fuzz(func(t *testing.T, text []byte) {
		raw, err := fernet.Raw(text)
		if err == nil && !bytes.Equal(fernet.Encode(raw), text) {
			t.Fatalf("%q is read but not canonical", text)
		}
		if _, _, openErr := fernet.Open(key, text); err != nil && openErr != fernet.ErrInvalid {
			t.Fatalf("Raw refuses, Open says %v", openErr)
		}
	})
}
