package fernet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"frond/fernet"
)

// A vector has the fields of the specification's three files.
type vector struct {
	Desc   string    `json:"desc"`
	Token  string    `json:"token"`
	Now    time.Time `json:"now"`
	TTL    int       `json:"ttl_sec"`
	IV     []int     `json:"iv"`
	Src    string    `json:"src"`
	Secret string    `json:"secret"`
}

// skew is the specification's allowance for clocks that differ.
const skew = 60 * time.Second

func TestGenerateVectors(t *testing.T) {
	for _, v := range readVectors(t, "generate.json") {
		iv := make([]byte, len(v.IV))
		for i, b := range v.IV {
			iv[i] = byte(b)
		}
		token, err := fernet.Seal(bytes.NewReader(iv), parseKey(t, v.Secret), v.Now, []byte(v.Src))
		if err != nil || string(token) != v.Token {
			t.Errorf("sealed %q: got %s, %v; want %s", v.Src, token, err, v.Token)
		}
	}
}

func TestVerifyVectors(t *testing.T) {
	for _, v := range readVectors(t, "verify.json") {
		ttl := time.Duration(v.TTL) * time.Second
		got, _, err := fernet.OpenWithin(parseKey(t, v.Secret), []byte(v.Token), v.Now, ttl, skew)
		if err != nil || string(got) != v.Src {
			t.Errorf("opened %s: got %q, %v; want %q", v.Token, got, err, v.Src)
		}
	}
}

func TestInvalidVectors(t *testing.T) {
	for _, v := range readVectors(t, "invalid.json") {
		ttl := time.Duration(v.TTL) * time.Second
		got, at, err := fernet.OpenWithin(parseKey(t, v.Secret), []byte(v.Token), v.Now, ttl, skew)
		if !errors.Is(err, fernet.ErrInvalid) || got != nil || !at.IsZero() {
			t.Errorf("%s: got %q, %v, %v; want ErrInvalid and nothing else", v.Desc, got, at, err)
		}
	}
}

func readVectors(t *testing.T, name string) []vector {
	t.Helper()
	path := filepath.Join(vectorFolder(t), name)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("no official vectors at %s; set FERNET_VECTORS to the folder that holds them", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if len(vectors) == 0 {
		t.Fatalf("%s holds no vectors", path)
	}
	return vectors
}

// vectorFolder returns FERNET_VECTORS, relative to the repository's root.
func vectorFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("FERNET_VECTORS")
	if folder == "" {
		folder = filepath.Join("..", "shared", "fernet-vectors")
	}
	if filepath.IsAbs(folder) {
		return folder
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(root, folder)
		}
		parent := filepath.Dir(root)
		if parent == root {
			t.Fatal("no go.mod above the test's folder")
		}
		root = parent
	}
}

func parseKey(t *testing.T, text string) fernet.Key {
	t.Helper()
	key, err := fernet.ParseKey(text)
	if err != nil {
		t.Fatalf("parse key %q: %v", text, err)
	}
	return key
}
