package mls

// epochSecrets are the secrets of one epoch that outlive its beginning (RFC 9420 §8). What they are
// derived from, and the encryption secret that the secret tree starts from, are not kept.
type epochSecrets struct {
	init           []byte
	senderData     []byte
	exporter       []byte
	external       []byte
	confirmation   []byte
	membership     []byte
	resumption     []byte
	authentication []byte
}

// joinerSecret enters the key schedule: the init secret of the epoch before and the commit secret.
func (s *suite) joinerSecret(init, commit, context []byte) []byte {
	return s.expandWithLabel(s.extract(init, commit), "joiner", context, s.nh)
}

// memberSecret is what joiner secret and PSK secret are extracted to: the root of both the welcome
// secret and the epoch secret.
func (s *suite) memberSecret(joiner, psk []byte) []byte { return s.extract(joiner, psk) }

func (s *suite) welcomeSecret(member []byte) []byte { return s.deriveSecret(member, "welcome") }

func (s *suite) epochSecret(member, context []byte) []byte {
	return s.expandWithLabel(member, "epoch", context, s.nh)
}

// deriveEpoch derives the secrets of an epoch, and beside them its encryption secret.
func (s *suite) deriveEpoch(epoch []byte) (secrets epochSecrets, encryption []byte) {
	return epochSecrets{
		init:           s.deriveSecret(epoch, "init"),
		senderData:     s.deriveSecret(epoch, "sender data"),
		exporter:       s.deriveSecret(epoch, "exporter"),
		external:       s.deriveSecret(epoch, "external"),
		confirmation:   s.deriveSecret(epoch, "confirm"),
		membership:     s.deriveSecret(epoch, "membership"),
		resumption:     s.deriveSecret(epoch, "resumption"),
		authentication: s.deriveSecret(epoch, "authentication"),
	}, s.deriveSecret(epoch, "encryption")
}

// list names all secrets in the order in which they are stored.
func (e *epochSecrets) list() []*[]byte {
	return []*[]byte{
		&e.init, &e.senderData, &e.exporter, &e.external,
		&e.confirmation, &e.membership, &e.resumption, &e.authentication,
	}
}

// maxExport bounds the length of an exported secret in bytes; KDF.Expand can give 255 hashes.
const maxExport = 4096

// export is MLS-Exporter (§8.5).
func (s *suite) export(exporter []byte, label string, context []byte, length int) []byte {
	return s.expandWithLabel(s.deriveSecret(exporter, label), "exported", s.hash(context), length)
}
