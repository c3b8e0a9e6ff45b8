package sim

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stage is a server with user interfaces, which are told stories in virtual time.
type stage struct {
	t      *testing.T
	server *server
	pages  []*page
}

// onStage runs a story, and ends everything after it.
func onStage(t *testing.T, story func(t *testing.T, s *stage)) {
	t.Helper()
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, server: &server{dir: dir}}
		if err := s.server.start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			for _, p := range s.pages {
				if err := p.api.Close(context.Background()); err != nil {
					t.Error(err)
				}
			}
			if err := s.server.stop(); err != nil {
				t.Error(err)
			}
		}()
		story(t, s)
	})
}

// page opens another browser.
func (s *stage) page() *page {
	p := newPage(s.t, s.server, uint64(1+len(s.pages)))
	s.pages = append(s.pages, p)
	p.ok("start", `{}`)
	return p
}

func (s *stage) signedUp(name string) *page {
	p := s.page()
	p.ok("sign-up", fmt.Sprintf(`{"name": %q, "password": "correct horse"}`, name))
	time.Sleep(3 * time.Second)
	return p
}

func (s *stage) signedIn(name string) *page {
	p := s.page()
	p.ok("sign-in", fmt.Sprintf(`{"name": %q, "password": "correct horse"}`, name))
	time.Sleep(8 * time.Second)
	return p
}

// devices returns id and name of each device, the present one first.
func (p *page) devices() (ids, names []string) {
	p.t.Helper()
	for _, d := range p.ok("devices", `{}`)["devices"].([]any) {
		d := d.(map[string]any)
		ids, names = append(ids, d["id"].(string)), append(names, d["name"].(string))
	}
	return ids, names
}

func (p *page) setting(key string) any {
	p.t.Helper()
	return p.ok("settings", `{}`)["settings"].(map[string]any)[key]
}

func TestSettingsAndNamesOfDevicesAreInStep(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone := s.signedUp("ada")
		phone.ok("setting", `{"key": "theme", "value": "dark"}`)
		ids, _ := phone.devices()
		phone.ok("device-rename", fmt.Sprintf(`{"id": %q, "name": " Ada's phone "}`, ids[0]))
		time.Sleep(3 * time.Second)

		laptop, tablet := s.signedIn("ada"), s.signedIn("ada")
		if got := laptop.setting("theme"); got != "dark" {
			t.Fatalf("a new device has the theme %v", got)
		}
		ids, names := tablet.devices()
		if names[0] != "Ada's phone" || names[1] != "device" {
			t.Fatalf("the devices are called %q", names)
		}
		laptop.ok("setting", `{"key": "theme", "value": "light"}`)
		laptop.ok("device-rename", fmt.Sprintf(`{"id": %q, "name": "Laptop"}`, ids[1]))
		time.Sleep(3 * time.Second)
		for _, p := range s.pages {
			if got := p.newest("settings"); got["settings"].(map[string]any)["theme"] != "light" {
				t.Fatalf("settings: %v", got)
			}
			if _, names := p.devices(); names[1] != "Laptop" {
				t.Fatalf("the devices are called %q", names)
			}
		}

		// Apart, each changes something; together again, the later word on each thing stands everywhere.
		phone.lane.set(true, false)
		phone.ok("setting", `{"key": "theme", "value": "from the phone"}`)
		phone.ok("setting", `{"key": "sound", "value": "off"}`)
		time.Sleep(time.Minute)
		laptop.ok("setting", `{"key": "theme", "value": "from the laptop"}`)
		laptop.ok("setting", `{"key": "language", "value": "de"}`)
		time.Sleep(time.Minute)
		phone.lane.set(false, false)
		phone.ok("reconnect", `{}`)
		time.Sleep(2 * time.Minute)
		for _, p := range s.pages {
			if got := fmt.Sprint(p.ok("settings", `{}`)["settings"]); got != "map[language:de sound:off theme:from the laptop]" {
				t.Fatalf("the settings are %s", got)
			}
		}

		// The name goes with the device, and the first name comes back when the other is taken away.
		phone.ok("device-remove", fmt.Sprintf(`{"id": %q}`, ids[1]))
		time.Sleep(20 * time.Second)
		if got := tablet.newest("device-news"); got["name"] != "Laptop" || got["added"] != false {
			t.Fatalf("device-news: %v", got)
		}
		tablet.ok("device-rename", fmt.Sprintf(`{"id": %q, "name": ""}`, ids[0]))
		time.Sleep(3 * time.Second)
		if _, names := phone.devices(); names[0] != "device" {
			t.Fatalf("the devices are called %q", names)
		}
	})
}

func TestSettingsAndNamesHaveBounds(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		none := s.page()
		none.refused("not-signed-in", "settings", `{}`)
		none.refused("not-signed-in", "setting", `{"key": "theme", "value": "dark"}`)
		p := s.signedUp("ada")
		for _, key := range []string{"", "Theme", "a1", "ä", strings.Repeat("k", 33)} {
			p.refused("bad-request", "setting", fmt.Sprintf(`{"key": %q, "value": ""}`, key))
		}
		p.refused("too-large", "setting", fmt.Sprintf(`{"key": "theme", "value": %q}`, strings.Repeat("v", 257)))
		for i := range 32 {
			p.ok("setting", fmt.Sprintf(`{"key": "k%s", "value": %q}`, strings.Repeat("-", i), strings.Repeat("v", 256)))
		}
		p.refused("limit", "setting", `{"key": "theme", "value": "dark"}`)
		ids, _ := p.devices()
		p.refused("name-invalid", "device-rename", fmt.Sprintf(`{"id": %q, "name": %q}`, ids[0], strings.Repeat("n", 65)))
		p.refused("name-invalid", "device-rename", fmt.Sprintf(`{"id": %q, "name": "a\u202eb"}`, ids[0]))
		p.refused("not-found", "device-rename", `{"id": "00000000000000000000000000000001", "name": "x"}`)
	})
}

// A card that says whether the account is safe must not go on saying so, or the contrary, on other devices.
func TestARecoveryCodeThatIsSetOnOneDeviceShowsOnTheOthers(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		phone := s.signedUp("ada")
		laptop := s.signedIn("ada")
		code := phone.ok("recovery-new", `{}`)["code"].(string)
		phone.ok("recovery-confirm", fmt.Sprintf(`{"code": %q}`, code))
		time.Sleep(5 * time.Second)
		for _, p := range s.pages {
			if got := p.newest("session"); got["recovery"] != true {
				t.Fatalf("session: %v", got)
			}
		}
		laptop.ok("recovery-off", `{}`)
		time.Sleep(5 * time.Second)
		for _, p := range s.pages {
			if got := p.newest("session"); got["recovery"] != false {
				t.Fatalf("session: %v", got)
			}
		}
	})
}
