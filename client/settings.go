package client

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"

	"frond/identity"
	"frond/wire"
)

// What an account keeps in step between its devices beside conversations: its settings, and the names
// its owner gave to its devices. Both travel in the account's state.
const (
	MaxSettings   = 32  // settings of an account
	MaxSettingKey = 32  // bytes
	MaxSetting    = 256 // bytes
	MaxLabel      = 64  // bytes of a device's name
)

// stamped is a small text that every device of the account may change. Whoever wrote last is right.
type stamped struct {
	Value string `cbor:"1,keyasint"`
	At    uint64 `cbor:"2,keyasint"` // milliseconds since 1970
}

// next is a new value that beats this one, also when this device's clock is behind the other's.
func (s stamped) next(value string, now uint64) stamped { return stamped{value, max(now, s.At+1)} }

// beats says which of two values every device keeps.
func (s stamped) beats(o stamped) bool { return s.At > o.At || s.At == o.At && s.Value > o.Value }

// mergeTexts takes what is newer in other. When that makes too many, the oldest go, on every device the same.
func mergeTexts(own, other map[string]stamped) (all map[string]stamped, changed bool) {
	all = maps.Clone(own)
	for key, theirs := range other {
		if mine, known := all[key]; (!known || theirs.beats(mine)) && len(key) <= MaxSettingKey && len(theirs.Value) <= MaxSetting {
			all[key] = theirs
		}
	}
	for len(all) > MaxSettings {
		delete(all, oldestText(all))
	}
	return all, !maps.Equal(all, own)
}

func oldestText(all map[string]stamped) (oldest string) {
	for key, v := range all {
		if o := all[oldest]; oldest == "" || v.At < o.At || v.At == o.At && key < oldest {
			oldest = key
		}
	}
	return oldest
}

// Settings are an account's, on all its devices. As an event they replace what was known.
type Settings struct{ All map[string]string }

func (Settings) event() {}

func (c *Client) settingsNow() Settings {
	s := Settings{All: map[string]string{}}
	for key, v := range c.settings {
		s.All[key] = v.Value
	}
	return s
}

// Settings reads the account's settings.
func (c *Client) Settings(ctx context.Context) (s Settings, err error) {
	return s, c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		s = c.settingsNow()
		return nil
	})
}

// SetSetting changes a setting, here and on the account's other devices. Names are made of a to z and '-'.
// A name stays once it was used; "" is a value like others.
func (c *Client) SetSetting(ctx context.Context, key, value string) error {
	switch {
	case key == "" || len(key) > MaxSettingKey || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz-") != "":
		return wire.Errorf(wire.CodeBadRequest, "A setting's name has at most %d letters a to z and hyphens.", MaxSettingKey)
	case len(value) > MaxSetting || !utf8.ValidString(value):
		return wire.Errorf(wire.CodeTooLarge, "A setting is text of at most %d bytes.", MaxSetting)
	}
	return c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		old, known := c.settings[key]
		if !known && len(c.settings) >= MaxSettings {
			return wire.Errorf(wire.CodeLimit, "There are at most %d settings.", MaxSettings)
		}
		if known && old.Value == value {
			return nil
		}
		next := maps.Clone(c.settings)
		next[key] = old.next(value, c.nowMillis())
		t := c.begin()
		c.putSettings(t, next)
		c.stateChanged(t)
		return t.commit()
	})
}

func (c *Client) putSettings(t *tx, next map[string]stamped) {
	t.put(c.self.keys.single("settings"), next)
	t.then(func() {
		c.settings = next
		c.emit(c.settingsNow())
	})
}

func (c *Client) putLabels(t *tx, next map[string]stamped) {
	t.put(c.self.keys.single("labels"), next)
	t.then(func() {
		c.labels = next
		c.emit(c.settingsNow()) // an open list of devices asks again
	})
}

// takeTexts takes settings and device names from another device's state.
func (c *Client) takeTexts(t *tx, theirs *accountState) {
	if next, changed := mergeTexts(c.settings, theirs.Settings); changed {
		c.putSettings(t, next)
	}
	if next, changed := mergeTexts(c.labels, theirs.Labels); changed {
		c.putLabels(t, next)
	}
}

func (c *Client) loadTexts() error {
	if _, err := c.get(c.self.keys.single("settings"), &c.settings); err != nil {
		return err
	}
	_, err := c.get(c.self.keys.single("labels"), &c.labels)
	return err
}

// RenameDevice gives one of the account's devices another name, which its owner alone sees, on every
// device. With "" it has again the name that it came with.
func (c *Client) RenameDevice(ctx context.Context, device wire.ID, name string) error {
	name = strings.TrimSpace(name)
	if len(name) > MaxLabel || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return wire.Errorf(wire.CodeNameInvalid, "A device's name has at most %d bytes of text.", MaxLabel)
	}
	return c.run(ctx, func() error {
		if c.self == nil {
			return errNotSignedIn
		}
		if _, active := c.self.chain.Credential(identity.ID(device)); !active {
			return wire.Errorf(wire.CodeNotFound, "There is no such device.")
		}
		old := c.labels[device.String()]
		if old.Value == name {
			return nil
		}
		next := maps.Clone(c.labels)
		next[device.String()] = old.next(name, c.nowMillis())
		t := c.begin()
		c.putLabels(t, next)
		c.stateChanged(t)
		return t.commit()
	})
}

// deviceName is what the owner calls a device, or else what the sigchain does.
func (c *Client) deviceName(d identity.Device) string {
	return labelled(d, c.labels)
}

func labelled(d identity.Device, labels map[string]stamped) string {
	if label := labels[wire.ID(d.ID).String()].Value; label != "" {
		return label
	}
	return d.Name
}

// keptLabels are the names to save: those of removed devices go.
func (c *Client) keptLabels() map[string]stamped {
	kept := maps.Clone(c.labels)
	for _, d := range c.self.chain.AllDevices() {
		if !d.Active() {
			delete(kept, wire.ID(d.ID).String())
		}
	}
	return kept
}
