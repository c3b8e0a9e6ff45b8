package mls

import "fmt"

// PSKType tells where a pre-shared key comes from (RFC 9420 §8.4).
type PSKType uint8

const (
	PSKExternal   PSKType = 1
	PSKResumption PSKType = 2
)

// PSKUsage tells what a resumption key is injected for.
type PSKUsage uint8

const (
	PSKApplication PSKUsage = 1
	PSKReInit      PSKUsage = 2
	PSKBranch      PSKUsage = 3
)

// PSKID is PreSharedKeyID: it names a pre-shared key. ID belongs to external keys; Usage, GroupID and
// Epoch to resumption keys. Nonce makes each injection of the key unlike the others.
type PSKID struct {
	Type    PSKType
	ID      []byte
	Usage   PSKUsage
	GroupID []byte
	Epoch   uint64
	Nonce   []byte
}

func (id PSKID) write(w *writer) {
	w.uint8(uint8(id.Type))
	switch id.Type {
	case PSKExternal:
		w.opaque(id.ID)
	case PSKResumption:
		w.uint8(uint8(id.Usage))
		w.opaque(id.GroupID)
		w.uint64(id.Epoch)
	}
	w.opaque(id.Nonce)
}

func (id PSKID) encode() []byte {
	w := newWriter(64)
	id.write(w)
	return w.b
}

func readPSKID(r *reader) PSKID {
	id := PSKID{Type: PSKType(r.uint8())}
	switch id.Type {
	case PSKExternal:
		id.ID = r.opaque()
	case PSKResumption:
		id.Usage = PSKUsage(r.uint8())
		if id.Usage < PSKApplication || id.Usage > PSKBranch {
			r.fail()
		}
		id.GroupID = r.opaque()
		id.Epoch = r.uint64()
	default:
		r.fail()
	}
	id.Nonce = r.opaque()
	return id
}

// psk is a pre-shared key with its name.
type psk struct {
	id    PSKID
	value []byte
}

// pskSecret chains the keys in their order (§8.4); without keys it is all zero.
func (s *suite) pskSecret(keys []psk) []byte {
	secret := s.zero()
	for i, k := range keys {
		label := newWriter(80)
		k.id.write(label)
		label.uint16(uint16(i))
		label.uint16(uint16(len(keys)))
		extracted := s.extract(s.zero(), k.value)
		input := s.expandWithLabel(extracted, "derived psk", label.b, s.nh)
		secret = s.extract(input, secret)
	}
	return secret
}

// findPSKs looks the keys up: resumption keys of known epochs of this group by own, all others by the
// application.
func (c *Config) findPSKs(ids []PSKID, own func(PSKID) []byte) ([]psk, error) {
	keys := make([]psk, 0, len(ids))
	for _, id := range ids {
		value := own(id)
		if value == nil && c.PSK != nil {
			v, err := c.PSK(id)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrNoPSK, err)
			}
			value = v
		}
		if value == nil {
			return nil, ErrNoPSK
		}
		keys = append(keys, psk{id, value})
	}
	return keys, nil
}
