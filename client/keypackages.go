package client

import (
	"time"

	"frond/mls"
	"frond/wire"
)

const (
	keyLifetime = 90 * 24 * time.Hour
	keyMargin   = 3 * 24 * time.Hour // clocks differ: a key package is valid from this long ago
	keyGrace    = 7 * 24 * time.Hour // a welcome may arrive this long after a key package's end
)

// refillKeys publishes key packages when the server has few. Their secrets are durable before
// the server hears of them. A secret is deleted when a welcome used it, or long after its time. Those
// under a root that is no longer the account's are replaced, since nobody may be added by them, and so are all
// when the pool holds some that this device has no secrets for: its store was set back.
func (c *Client) refillKeys(count int, lastResort bool) {
	if c.self == nil || !c.online() {
		return
	}
	root := wire.Hash(c.self.cred.Root)
	replace := c.self.Published != root || c.lacksKeys(count)
	if replace {
		count, lastResort = 0, false
	}
	if c.publishing || count > c.cfg.KeyPool/2 && lastResort {
		return
	}
	t := c.begin()
	c.pruneKeys(t)
	body := wire.PublishKeys{Replace: replace}
	for range max(0, c.cfg.KeyPool-count) {
		kp, err := c.newKeyPackage(t, false)
		if err != nil {
			c.cfg.Log.Error("make a key package", "error", err)
			return
		}
		body.Packages = append(body.Packages, kp)
	}
	if !lastResort {
		kp, err := c.newKeyPackage(t, true)
		if err != nil {
			c.cfg.Log.Error("make a key package", "error", err)
			return
		}
		body.LastResort = kp
	}
	if t.commit() != nil {
		return
	}
	c.publish(body, root)
}

// publish offers key packages, and the same ones again as long as the server can not take them.
func (c *Client) publish(body wire.PublishKeys, root wire.Hash) {
	me := c.self
	c.publishing = true
	c.request(wire.OpPublishKeys, body, func(answer []byte, err error) {
		switch {
		case c.self != me:
			return
		case passes(err):
			c.after(c.jitter(c.cfg.Backoff.Most/4), func() {
				if c.self == me {
					c.publish(body, root)
				}
			})
			return
		}
		c.publishing = false
		var pool wire.KeyCount
		if err == nil {
			err = wire.Decode(answer, &pool)
		}
		if err == nil {
			c.packages = int(pool.Count)
			c.published(root)
		} else if wire.CodeOf(err) != CodeOffline {
			c.cfg.Log.Warn("publish key packages", "error", err)
		}
	})
}

// lacksKeys reports whether the server's pool holds more key packages than this device has secrets for.
func (c *Client) lacksKeys(count int) bool {
	have := 0
	err := c.each(Prefix(c.self.keys.table("key")), func(_ string, value []byte) error {
		var rec keyRecord
		if wire.Decode(value, &rec) == nil && !rec.LastResort {
			have++
		}
		return nil
	})
	return err == nil && have < count
}

// published notes which root the key packages are under.
func (c *Client) published(root wire.Hash) {
	if c.self == nil {
		return
	}
	if c.self.Published != root {
		c.self.Published = root
		t := c.begin()
		t.put(keyAccount(c.self.Account), c.self.selfRecord)
		if t.commit() != nil {
			return
		}
	}
	if wire.Hash(c.self.cred.Root) != root { // it was replaced meanwhile
		c.refillKeys(0, false)
	}
}

func (c *Client) newKeyPackage(t *tx, lastResort bool) ([]byte, error) {
	now := c.cfg.Now()
	life := mls.Lifetime{NotBefore: uint64(now.Add(-keyMargin).Unix()), NotAfter: uint64(now.Add(keyLifetime).Unix())}
	kp, secrets, err := mls.NewKeyPackage(c.cfg.Rand, mls.KeyPackageOptions{
		Suite: c.cfg.Suite, Signer: c.self.key.Signer(), Credential: c.self.credential(),
		Lifetime: life, LastResort: lastResort, Extensions: []mls.ExtensionType{RosterExtension},
	})
	if err != nil {
		return nil, err
	}
	t.put(c.self.keys.key(kp.Ref()), keyRecord{Secrets: secrets.Marshal(), LastResort: lastResort, NotAfter: life.NotAfter})
	return kp.Marshal(), nil
}

func (s *self) credential() mls.Credential { return mls.BasicCredential(s.cred.Marshal()) }

// pruneKeys deletes secrets that no welcome can need any more.
func (c *Client) pruneKeys(t *tx) {
	limit := uint64(c.cfg.Now().Add(-keyGrace).Unix())
	err := c.each(Prefix(c.self.keys.table("key")), func(key string, value []byte) error {
		var rec keyRecord
		if err := wire.Decode(value, &rec); err != nil {
			return err
		}
		if rec.NotAfter < limit {
			t.delete(key)
		}
		return nil
	})
	if err != nil {
		c.cfg.Log.Error("look through key packages", "error", err)
	}
}

// keyFor finds the secrets of the key package a welcome is for.
func (c *Client) keyFor(welcome []byte) (string, *keyRecord, error) {
	refs, err := mls.WelcomeFor(welcome)
	if err != nil {
		return "", nil, err
	}
	for _, ref := range refs {
		rec := new(keyRecord)
		key := c.self.keys.key(ref)
		b, err := c.cfg.Store.Get(c.ctx, key)
		if err != nil {
			return "", nil, wire.Errorf(CodeStorage, "This device can not read its store: %v", err)
		}
		if b != nil && wire.Decode(b, rec) == nil {
			return key, rec, nil
		}
	}
	return "", nil, wire.Errorf(wire.CodeNotFound, "the welcome is for a key package this device does not have")
}
