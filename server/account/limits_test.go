package account

import (
	"fmt"
	"testing"
	"time"

	"frond/wire"
)

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func TestAttemptsComeBackWithTime(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1e9, 0)}
	table := newTable(Rate{Burst: 3, Every: 10 * time.Second}, c.now)
	for range 3 {
		if err := table.allow("192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 { // refused attempts do not make the wait longer
		err := table.allow("192.0.2.1")
		if wire.CodeOf(err) != wire.CodeRateLimited || err.(*wire.Error).RetryAfter != 10 {
			t.Fatalf("got %v", err)
		}
	}
	if err := table.allow("192.0.2.2"); err != nil {
		t.Fatalf("another address pays for it: %v", err)
	}
	c.t = c.t.Add(10 * time.Second)
	if err := table.allow("192.0.2.1"); err != nil {
		t.Fatal(err)
	}
}

func TestAnIPv6NetworkIsOneAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8::1", "2001:db8::ffff:1", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
	} {
		if got := network(c.a) == network(c.b); got != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}

func TestATableOfAttemptsIsBoundedAndRemembersWhoIsActive(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1e9, 0)}
	table := newTable(Rate{Burst: 1, Every: time.Hour}, c.now)
	if err := table.allow("guesser"); err != nil {
		t.Fatal(err)
	}
	for i := range 5 * tableSize {
		_ = table.allow(fmt.Sprint("made up ", i))
		if i%1000 == 0 && table.allow("guesser") == nil {
			t.Fatalf("after %d others the guesser is forgotten", i)
		}
	}
	if n := len(table.young) + len(table.old); n > 2*tableSize {
		t.Fatalf("the table holds %d", n)
	}
}

// Verifying a sigchain takes as long as its owner made it; on a machine at rest, a quarter of a second at most.
func TestVerifyingSigchainsIsLimited(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.s.limits = newLimiters(DefaultLimits, time.Now)
	junk := wire.AddDevice{Device: newID(t), Index: uint64(h.owner.Chain.Len()), Events: [][]byte{{0}}}
	for range DefaultLimits.Chain.Burst {
		h.code(h.add(h.guest, junk), wire.CodeBadRequest)
	}
	h.code(h.add(h.guest, junk), wire.CodeRateLimited)
	h.code(h.add(h.signIn(), junk), wire.CodeRateLimited) // whichever session
	v := h.vault()
	removal := wire.RemoveDevice{Device: h.first, Index: junk.Index, Events: [][]byte{{0}, {0}}, Vault: &v}
	for range DefaultLimits.Chain.Burst {
		h.code(h.remove(removal), wire.CodeBadRequest) // a device is not kept from it by who knows the password
	}
	h.code(h.remove(removal), wire.CodeRateLimited)
}
