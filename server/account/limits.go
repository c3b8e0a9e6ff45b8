package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"frond/wire"
)

// Rate allows Burst attempts at once and one more every Every. The zero Rate allows everything.
type Rate struct {
	Burst int
	Every time.Duration
}

// Limits bound attempts. An address is an IPv4 address or an IPv6 network of 64 bits.
type Limits struct {
	SignUp        Rate // per address
	KDF           Rate // per address
	SignIn        Rate // per address
	SignInAccount Rate // per user name and address
	SignInName    Rate // by password, per user name, from addresses where the account was not used before
	Approval      Rate // requests about being let in, per session
	Asking        Rate // new ones of those, per account
	Chain         Rate // verified extensions of a sigchain, per account and address or per device
	Epoch         Rate // vault epochs that bring no password, per account
	Removal       Rate // of devices, per account
	Sums          Rate // answers with sums of pages that go to no connection, per account
}

// DefaultLimits let an office behind one address sign up on its first morning, and make guessing a
// password over the network hopeless. What an account keeps for good, vault keys and sigchain events, grows
// slowly whoever has got hold of one of its devices.
var DefaultLimits = Limits{
	SignUp:        Rate{Burst: 100, Every: 6 * time.Second},
	KDF:           Rate{Burst: 200, Every: time.Second},
	SignIn:        Rate{Burst: 100, Every: 2 * time.Second},
	SignInAccount: Rate{Burst: 10, Every: 20 * time.Second},
	SignInName:    Rate{Burst: 30, Every: 10 * time.Minute},
	Approval:      Rate{Burst: 30, Every: time.Second},
	Asking:        Rate{Burst: 6, Every: 5 * time.Minute},
	Chain:         Rate{Burst: 20, Every: 20 * time.Second},
	Epoch:         Rate{Burst: 50, Every: 10 * time.Minute},
	Removal:       Rate{Burst: 20, Every: 30 * time.Minute},
	Sums:          Rate{Burst: 600, Every: time.Second},
}

// limiters are the tables behind Limits. They are apart, so that filling one with made-up names never
// makes another forget an address.
type limiters struct {
	signUp, kdf, byAddress, byAccount, byName, approval, asking, chain, epochs, removals, sums *table
}

func newLimiters(l Limits, now func() time.Time) *limiters {
	return &limiters{
		signUp:    newTable(l.SignUp, now),
		kdf:       newTable(l.KDF, now),
		byAddress: newTable(l.SignIn, now),
		byAccount: newTable(l.SignInAccount, now),
		byName:    newTable(l.SignInName, now),
		approval:  newTable(l.Approval, now),
		asking:    newTable(l.Asking, now),
		chain:     newTable(l.Chain, now),
		epochs:    newTable(l.Epoch, now),
		removals:  newTable(l.Removal, now),
		sums:      newTable(l.Sums, now),
	}
}

func (l *limiters) signIn(from, name string) error {
	if err := l.byAddress.allow(from); err != nil {
		return err
	}
	return l.byAccount.allow(network(from) + " " + name)
}

const (
	tableSize = 20000
	nameBits  = 14 // so that a table holds all there are
)

// nameKey is which of the buckets of names is a name's. There are so few that none is ever forgotten, which would let
// whoever made up names go on guessing at one; and who shares one with whom, nobody can find out.
func (s *Service) nameKey(name string) string {
	mac := hmac.New(sha256.New, s.secret[:])
	mac.Write([]byte("frond/guesses/v1"))
	mac.Write([]byte(name))
	return strconv.Itoa(int(binary.BigEndian.Uint16(mac.Sum(nil)) >> (16 - nameBits)))
}

// table holds a token bucket per key in two generations: when the younger is full the older is
// forgotten, so that memory is bounded and whoever is active is remembered.
type table struct {
	rate Rate
	now  func() time.Time

	mu         sync.Mutex
	young, old map[string]*rate.Limiter
}

func newTable(r Rate, now func() time.Time) *table {
	return &table{rate: r, now: now, young: map[string]*rate.Limiter{}}
}

// allow takes one attempt of a key, or says when there will be one: CodeRateLimited.
func (t *table) allow(key string) error {
	if t.rate.Burst == 0 {
		return nil
	}
	now := t.now()
	r := t.limiter(network(key)).ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	r.CancelAt(now)
	return tooMany(wait)
}

func tooMany(wait time.Duration) error {
	e := wire.Errorf(wire.CodeRateLimited, "Too many attempts. Wait a little and try again.")
	e.RetryAfter = uint32(math.Ceil(wait.Seconds()))
	return e
}

// succeed runs f if a key has an attempt left, and takes it if f succeeds: of an account's devices that change
// something at once one does, and the others' attempts must not count.
func (t *table) succeed(key string, f func() error) error {
	if t.rate.Burst == 0 {
		return f()
	}
	l := t.limiter(key)
	if left := l.TokensAt(t.now()); left < 1 {
		return tooMany(time.Duration((1 - left) * float64(t.rate.Every)))
	}
	err := f()
	if err == nil {
		l.ReserveN(t.now(), 1) // what went through at the same moment is paid off
	}
	return err
}

func (t *table) limiter(key string) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.young[key]; l != nil {
		return l
	}
	l := t.old[key]
	if l == nil {
		l = rate.NewLimiter(rate.Every(t.rate.Every), t.rate.Burst)
	}
	if len(t.young) >= tableSize {
		t.old, t.young = t.young, map[string]*rate.Limiter{}
	}
	t.young[key] = l
	return l
}

// network is what one customer of a provider has: an IPv4 address, or 64 bits of IPv6.
func network(from string) string {
	a, err := netip.ParseAddr(from)
	if err != nil {
		return from
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	p, _ := a.WithZone("").Prefix(64)
	return p.String()
}
