package account

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"frond/server/store"
	"frond/wire"
)

// Who asks how a password is stretched, or tries one, must not learn from the time it takes whether the name exists:
// not before the accounts' names, between them, nor after, and however large the accounts are.
func TestTheTimeOfAnAnswerDoesNotTellWhetherANameExists(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures time")
	}
	s, st := newService(t, time.Now)
	s.limits = newLimiters(Limits{}, time.Now)
	for i := range 200 {
		_, account := signUp(t, s, fmt.Sprintf("m%03d", i))
		state := make([]byte, 100<<10)
		if err := st.PutState(t.Context(), account, 1, 2, state); err != nil {
			t.Fatal(err)
		}
		if i == 0 { // some with a recovery code
			v := store.Vault{Epoch: 2, Header: []byte("h"), Revision: 3, State: state, Recovery: &wire.Hash{1}}
			if err := st.PutVault(t.Context(), store.Session{Account: account}, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	names := map[string][]time.Duration{"m000": nil, "m100": nil, "m199": nil, "aaa": nil, "m100a": nil, "zzz": nil}
	kdf := func(name string) { _, _ = s.KDF(t.Context(), "192.0.2.1", &wire.KDFRequest{Name: name}) }
	signIn := func(name string) { _, _, _ = s.SignIn(t.Context(), "192.0.2.1", &wire.SignIn{Name: name}) }
	recover := func(name string) { _, _, _ = s.Recover(t.Context(), "192.0.2.1", &wire.Recover{Name: name}) }
	for what, ask := range map[string]func(string){"kdf": kdf, "sign-in": signIn, "recover": recover} {
		for attempt := 1; ; attempt++ { // a true difference shows each time, a busy machine's does not
			least, most := timesOf(t, what, names, ask)
			if most-least <= max(8*time.Microsecond, least/4) {
				break
			}
			if attempt == 4 {
				t.Errorf("%s: the answers to different names differ by %v", what, most-least)
				break
			}
		}
	}
}

// timesOf asks about each name many times and returns the shortest and the longest of the times that are
// typical of a name.
func timesOf(t *testing.T, what string, names map[string][]time.Duration, ask func(string)) (least, most time.Duration) {
	for range 1500 {
		for name := range names { // in turns, in another order each time
			begin := time.Now()
			ask(name)
			names[name] = append(names[name], time.Since(begin))
		}
	}
	for name, times := range names {
		slices.Sort(times)
		typical := times[len(times)/4]
		t.Logf("%s %s: %v", what, name, typical)
		if least == 0 || typical < least {
			least = typical
		}
		most = max(most, typical)
		names[name] = nil
	}
	return least, most
}
