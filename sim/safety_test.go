package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A rehearsal promises that nothing changes: a code that was shown and put away is not the account's.
func TestARehearsalChangesNothing(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone := s.signedUp("ada")
		phone.refused("recovery-code", "recovery-check", fmt.Sprintf(`{"code": %q}`, phone.ok("recovery-new", `{}`)["code"]))
		if got := phone.ok("security", `{}`); got["recovery"] != false || got["epoch"] != 1.0 {
			t.Fatalf("security: %v", got)
		}
		code := phone.code()
		time.Sleep(5 * time.Second)
		put := phone.ok("recovery-new", `{}`)["code"].(string)
		before := phone.ok("security", `{}`)["epoch"]
		phone.refused("recovery-code", "recovery-check", fmt.Sprintf(`{"code": %q}`, put))
		phone.refused("recovery-code", "recovery-check", `{"code": "nonsense"}`)
		phone.ok("recovery-check", fmt.Sprintf(`{"code": %q}`, strings.ToLower(code)))
		if after := phone.ok("security", `{}`)["epoch"]; after != before {
			t.Fatalf("the vault went from epoch %v to %v", before, after)
		}
	})
}

// What is still to be fetched is safe elsewhere; what the vault never gets is said to stay here.
func TestTheCardCountsWhatOnlyThisDeviceHas(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		ada, ben := s.signedUp("ada"), s.signedUp("ben")
		kept := ada.ok("create", `{"kind": "direct", "people": ["ben"]}`)["conversation"].(string)
		card := func(p *page) string {
			h := p.ok("security", `{}`)["history"].(map[string]any)
			return fmt.Sprintf("%v waiting, %v on devices, %v disappearing", h["waiting"], h["deviceOnly"], h["disappearing"])
		}
		ben.ok("send", fmt.Sprintf(`{"conversation": %q, "text": "a moment ago"}`, kept))
		time.Sleep(time.Second)
		if got := card(ada); got != "1 waiting, 0 on devices, 0 disappearing" {
			t.Fatalf("after a message: %v", got)
		}
		for i := range 300 {
			ben.ok("send", fmt.Sprintf(`{"conversation": %q, "text": "%d"}`, kept, i))
		}
		for _, mode := range []string{`"device"`, `"disappearing", "timer": 3600`} {
			id := ada.ok("create", `{"kind": "group", "name": "g", "people": ["ben"]}`)["conversation"].(string)
			ada.ok("retention", fmt.Sprintf(`{"conversation": %q, "mode": %s}`, id, mode))
			ada.ok("send", fmt.Sprintf(`{"conversation": %q, "text": "not for long"}`, id))
		}
		time.Sleep(10 * time.Second)
		if got := card(ada); got != "0 waiting, 1 on devices, 1 disappearing" {
			t.Fatalf("in calm: %v", got)
		}

		again := s.page()
		again.lane.inner = distant{again.lane.inner, 300 * time.Millisecond}
		again.ok("sign-in", `{"name": "ada", "password": "correct horse"}`)
		fetching := false
		for range 60 {
			time.Sleep(200 * time.Millisecond)
			if got := card(again); !strings.HasPrefix(got, "0 waiting") {
				t.Fatalf("while the history comes: %v", got)
			}
			progress := again.newest("restore")
			fetching = fetching || progress != nil && progress["finished"] == false
		}
		if !fetching || again.newest("restore")["finished"] != true {
			t.Fatalf("restore: %v", again.newest("restore"))
		}
	})
}
