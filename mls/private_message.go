package mls

import (
	"crypto"
	"io"
)

// paddingBucket is the size in bytes that the plaintext of application messages is padded to a
// multiple of (RFC 9420 §6.3.1, §15.1). It hides exact lengths of short messages at little cost.
const paddingBucket = 64

// privateMessage is PrivateMessage (§6.3).
type privateMessage struct {
	groupID             []byte
	epoch               uint64
	contentType         ContentType
	aad                 []byte
	encryptedSenderData []byte
	ciphertext          []byte
}

func readPrivateMessage(r *reader) *privateMessage {
	return &privateMessage{
		groupID:             r.opaque(),
		epoch:               r.uint64(),
		contentType:         ContentType(r.uint8()),
		aad:                 r.opaque(),
		encryptedSenderData: r.opaque(),
		ciphertext:          r.opaque(),
	}
}

func parsePrivateMessage(r *reader) (*privateMessage, error) {
	m := readPrivateMessage(r)
	if err := r.end("private message"); err != nil {
		return nil, err
	}
	if m.contentType < ContentApplication || m.contentType > ContentCommit {
		return nil, refuse(ErrMalformed, "6.3", "content type %d", m.contentType)
	}
	return m, nil
}

func (m *privateMessage) write(w *writer) {
	m.writeAAD(w)
	w.opaque(m.encryptedSenderData)
	w.opaque(m.ciphertext)
}

// writeSenderDataAAD writes SenderDataAAD, and writeAAD goes on to PrivateContentAAD.
func (m *privateMessage) writeSenderDataAAD(w *writer) {
	w.opaque(m.groupID)
	w.uint64(m.epoch)
	w.uint8(uint8(m.contentType))
}

func (m *privateMessage) writeAAD(w *writer) {
	m.writeSenderDataAAD(w)
	w.opaque(m.aad)
}

// senderData is SenderData (§6.3.2).
type senderData struct {
	leaf       LeafIndex
	generation uint32
	guard      [4]byte
}

func (d senderData) encode() []byte {
	w := newWriter(12)
	w.uint32(uint32(d.leaf))
	w.uint32(d.generation)
	w.raw(d.guard[:])
	return w.b
}

// senderDataKey derives what encrypts the sender data from a sample of the content's ciphertext.
func (s *suite) senderDataKey(secret, ciphertext []byte) (key, nonce []byte) {
	sample := ciphertext[:min(s.nh, len(ciphertext))]
	return s.expandWithLabel(secret, "key", sample, s.nk),
		s.expandWithLabel(secret, "nonce", sample, aeadNonceSize)
}

func (s *suite) openSenderData(secret []byte, m *privateMessage) (senderData, error) {
	aad := newWriter(len(m.groupID) + 16)
	m.writeSenderDataAAD(aad)
	key, nonce := s.senderDataKey(secret, m.ciphertext)
	plaintext, err := s.open(key, nonce, aad.b, m.encryptedSenderData)
	if err != nil {
		return senderData{}, refuse(ErrDecrypt, "6.3.2", "sender data")
	}
	r := reader{b: plaintext}
	d := senderData{leaf: LeafIndex(r.uint32()), generation: r.uint32()}
	copy(d.guard[:], r.take(4))
	return d, r.end("sender data")
}

// epochKeys is what it takes to read and write private messages of one epoch.
type epochKeys struct {
	suite      *suite
	groupID    []byte
	epoch      uint64
	context    []byte // the encoded GroupContext
	senderData []byte
	leaves     uint32
	tree       *secretNode
}

// protect encrypts signed content of a member (§6.3.1) with the next key of its ratchet, and returns
// the secret tree without that key.
func (k *epochKeys) protect(random io.Reader, a *authenticatedContent) ([]byte, *secretNode, error) {
	c := a.content
	var key messageKey
	tree, err := k.suite.use(k.tree, k.leaves, c.sender.leaf(), c.contentType, func(r *ratchet) (err error) {
		key, err = r.send(k.suite)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	guard, err := randomBytes(random, 4)
	if err != nil {
		return nil, nil, err
	}
	d := senderData{leaf: c.sender.leaf(), generation: key.generation, guard: [4]byte(guard)}
	m := &privateMessage{groupID: c.groupID, epoch: c.epoch, contentType: c.contentType, aad: c.aad}
	if err := k.encrypt(m, a, &key, d); err != nil {
		return nil, nil, err
	}
	w := newMessage(WirePrivateMessage, len(m.ciphertext)+len(m.aad)+len(m.groupID)+64)
	m.write(w)
	return w.b, tree, nil
}

func (k *epochKeys) encrypt(m *privateMessage, a *authenticatedContent, key *messageKey, d senderData) (err error) {
	aad := newWriter(len(m.groupID) + len(m.aad) + 16)
	m.writeSenderDataAAD(aad)
	senderAAD := len(aad.b)
	aad.opaque(m.aad)
	m.ciphertext, err = k.suite.seal(key.aeadKey(), key.guarded(d.guard), aad.b, privateContent(a))
	if err != nil {
		return err
	}
	senderKey, nonce := k.suite.senderDataKey(k.senderData, m.ciphertext)
	m.encryptedSenderData, err = k.suite.seal(senderKey, nonce, aad.b[:senderAAD], d.encode())
	return err
}

// privateContent is PrivateMessageContent: body, authentication data, and for application messages
// padding. The body is the end of the encoded FramedContent.
func privateContent(a *authenticatedContent) []byte {
	body := a.content.body()
	w := newWriter(len(body) + len(a.signature) + len(a.confirmationTag) + paddingBucket + 16)
	w.raw(body)
	a.writeAuth(w)
	if a.content.contentType == ContentApplication {
		for len(w.b)%paddingBucket != 0 {
			w.uint8(0)
		}
	}
	return w.b
}

// body is what follows the content type in the encoding of c.
func (c *framedContent) body() []byte {
	r := reader{b: c.raw}
	r.opaque()
	r.uint64()
	readSender(&r)
	r.opaque()
	r.uint8()
	return r.b
}

// unprotect decrypts a private message. The signature is left to the caller, who knows the members; admit
// judges the sender before a key is derived. It returns the secret tree without the key that was used.
func (k *epochKeys) unprotect(m *privateMessage, admit func(LeafIndex) error) (*authenticatedContent, *secretNode, error) {
	d, err := k.suite.openSenderData(k.senderData, m)
	if err != nil {
		return nil, nil, err
	}
	if err := admit(d.leaf); err != nil {
		return nil, nil, err
	}
	var key messageKey
	tree, err := k.suite.use(k.tree, k.leaves, d.leaf, m.contentType, func(r *ratchet) (err error) {
		key, err = r.take(k.suite, d.generation)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	aad := newWriter(len(m.groupID) + len(m.aad) + 16)
	m.writeAAD(aad)
	plaintext, err := k.suite.open(key.aeadKey(), key.guarded(d.guard), aad.b, m.ciphertext)
	if err != nil {
		return nil, nil, refuse(ErrDecrypt, "6.3.1", "content")
	}
	a, err := m.restore(sender{SenderMember, uint32(d.leaf)}, plaintext)
	return a, tree, err
}

// restore rebuilds the AuthenticatedContent that a decrypted private message stands for.
func (m *privateMessage) restore(from sender, plaintext []byte) (*authenticatedContent, error) {
	c := &framedContent{groupID: m.groupID, epoch: m.epoch, sender: from, aad: m.aad, contentType: m.contentType}
	a := &authenticatedContent{wireFormat: WirePrivateMessage, content: c}
	r := reader{b: plaintext}
	c.readBody(&r)
	body := r.since(plaintext)
	a.readAuth(&r)
	for _, b := range r.b {
		if b != 0 {
			return nil, refuse(ErrMalformed, "6.3.1", "padding is not zero")
		}
	}
	r.b = nil
	c.raw = encodeFramedContent(m.groupID, m.epoch, from, m.aad, m.contentType, body)
	return a, r.end("private message content")
}

// signed makes authenticated content of an encoded body.
func signed(s *suite, signer crypto.Signer, format WireFormat, c *framedContent, context []byte) (*authenticatedContent, error) {
	a := &authenticatedContent{wireFormat: format, content: c}
	return a, a.sign(s, signer, context)
}
