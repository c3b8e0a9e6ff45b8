// Package storetest is the contract every client.Store keeps, as tests.
package storetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"frond/client"
)

// Open makes an empty store. Reopen closes over it and gives what a new process would find, after
// the store was closed.
type Open func(t *testing.T) (store client.Store, reopen func() client.Store)

// Run checks a store against the contract.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, client.Store, func() client.Store){
		"what is put is got":               puts,
		"scans are ordered and half-open":  scans,
		"a batch deletes, then puts":       batches,
		"what was written survives":        survives,
		"a wiped store is empty":           wipes,
		"values belong to the store alone": owns,
	} {
		t.Run(name, func(t *testing.T) {
			store, reopen := open(t)
			test(t, store, reopen)
		})
	}
}

func write(t *testing.T, s client.Store, b client.Batch) {
	t.Helper()
	if err := s.Write(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

func put(pairs ...string) client.Batch {
	var b client.Batch
	for i := 0; i < len(pairs); i += 2 {
		b.Put = append(b.Put, client.Item{Key: pairs[i], Value: []byte(pairs[i+1])})
	}
	return b
}

func want(t *testing.T, s client.Store, r client.Range, pairs ...string) {
	t.Helper()
	items, err := s.Scan(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range items {
		got = append(got, item.Key, string(item.Value))
	}
	if fmt.Sprint(got) != fmt.Sprint(pairs) {
		t.Fatalf("scan of %+v gives %q, want %q", r, got, pairs)
	}
}

var all = client.Range{From: " ", To: "~"}

func puts(t *testing.T, s client.Store, _ func() client.Store) {
	if v, err := s.Get(context.Background(), "none"); v != nil || err != nil {
		t.Fatalf("absent key: %q, %v", v, err)
	}
	big := bytes.Repeat([]byte{0, 0xff, 7}, 1<<20)
	write(t, s, client.Batch{Put: []client.Item{{Key: "big", Value: big}}})
	v, err := s.Get(context.Background(), "big")
	if err != nil || !bytes.Equal(v, big) {
		t.Fatalf("%d bytes, %v", len(v), err)
	}
}

func scans(t *testing.T, s client.Store, _ func() client.Store) {
	write(t, s, put("m/1", "a", "m/2", "b", "m/3", "c", "n/1", "d", "M/1", "e", "m", "f", "m0", "g"))
	want(t, s, client.Prefix("m/"), "m/1", "a", "m/2", "b", "m/3", "c")
	want(t, s, client.Range{From: "m/2", To: "n/1"}, "m/2", "b", "m/3", "c", "m0", "g")
	want(t, s, client.Range{From: "m/", To: "m0", Limit: 2, Reverse: true}, "m/3", "c", "m/2", "b")
	want(t, s, client.Range{From: "m/", To: "m0", Limit: 1}, "m/1", "a")
	want(t, s, client.Range{From: "x", To: "z"})
	want(t, s, all, "M/1", "e", "m", "f", "m/1", "a", "m/2", "b", "m/3", "c", "m0", "g", "n/1", "d")
}

func batches(t *testing.T, s client.Store, _ func() client.Store) {
	write(t, s, put("a", "1", "b", "1", "c/1", "1", "c/2", "1", "d", "1"))
	b := put("a", "2", "c/3", "2", "c/1", "2")
	b.Delete = []string{"a", "b", "not there"}
	b.DeleteRanges = []client.Range{client.Prefix("c/")}
	write(t, s, b)
	want(t, s, all, "a", "2", "c/1", "2", "c/3", "2", "d", "1")
	write(t, s, client.Batch{})
	want(t, s, all, "a", "2", "c/1", "2", "c/3", "2", "d", "1")
}

func survives(t *testing.T, s client.Store, reopen func() client.Store) {
	write(t, s, put("key", "value", strings.Repeat("k", 200), "long"))
	write(t, s, put("key", "newer"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, reopen(), all, "key", "newer", strings.Repeat("k", 200), "long")
}

func wipes(t *testing.T, s client.Store, _ func() client.Store) {
	write(t, s, put("key", "value"))
	if err := s.Wipe(context.Background()); err != nil {
		t.Fatal(err)
	}
	want(t, s, all)
	write(t, s, put("again", "value"))
	want(t, s, all, "again", "value")
}

func owns(t *testing.T, s client.Store, _ func() client.Store) {
	value := []byte("value")
	write(t, s, client.Batch{Put: []client.Item{{Key: "key", Value: value}}})
	value[0] = 'X'
	got, _ := s.Get(context.Background(), "key")
	got[1] = 'X'
	want(t, s, all, "key", "value")
}
