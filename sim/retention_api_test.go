package sim

import (
	"fmt"
	"testing"
	"time"
)

func TestTheInterfaceSaysHowLongMessagesAreKept(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		ada, ben := s.signedUp("ada"), s.signedUp("ben")
		id := ada.ok("create", `{"kind": "direct", "people": ["ben"]}`)["conversation"].(string)
		in := func(data string) string { return fmt.Sprintf(`{"conversation": %q%s}`, id, data) }
		if can := ben.ok("members", in(""))["can"].(map[string]any); can["retention"] != true || can["rename"] != false {
			t.Fatalf("ben may %v", can)
		}
		ada.opens(id)
		ada.types(id, "not for the server to keep")
		time.Sleep(3 * time.Second)

		ben.ok("retention", in(`, "mode": "disappearing", "timer": 3600`))
		time.Sleep(3 * time.Second)
		c := ada.newest("conversation")["conversation"].(map[string]any)
		if c["retention"] != "disappearing" || c["timer"] != 3600.0 {
			t.Fatalf("%v", c)
		}
		ada.ok("send", in(`, "text": "for an hour"`))
		time.Sleep(time.Second)
		rows := ben.ok("open", in(""))["messages"].([]any)
		m := rows[len(rows)-1].(map[string]any)
		if left := m["expires"].(float64) - float64(time.Now().UnixMilli()); left < 3590_000 || left > 3600_000 {
			t.Fatalf("%v ms are left", left)
		}
		time.Sleep(time.Hour)
		if gone := ben.newest("timeline")["remove"].([]any); len(gone) != 1 || gone[0] != m["id"] {
			t.Fatalf("the interface is told to remove %v", gone)
		}

		// A draft stays on this device from the moment messages do.
		ben.ok("retention", in(`, "mode": "full"`))
		time.Sleep(time.Second)
		ada.types(id, "half a thought")
		time.Sleep(3 * time.Second)
		ben.ok("retention", in(`, "mode": "device"`))
		time.Sleep(3 * time.Second)
		laptop := s.signedIn("ada")
		ben.ok("retention", in(`, "mode": "full"`))
		time.Sleep(time.Second)
		if here, there := ada.opens(id), laptop.opens(id); here != "half a thought" || there != "" {
			t.Fatalf("the draft is %q here and %q there", here, there)
		}
		time.Sleep(time.Second)
		if d := laptop.newest("draft"); d != nil && d["text"] != "" {
			t.Fatalf("the other device has the draft %v", d)
		}
		for data, code := range map[string]string{
			`, "mode": "for-ever"`:                  "bad-request",
			`, "mode": "disappearing"`:              "bad-request",
			`, "mode": "disappearing", "timer": 42`: "bad-request",
		} {
			ada.refused(code, "retention", in(data))
		}
	})
}
