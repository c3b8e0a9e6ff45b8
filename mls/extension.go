package mls

import "slices"

// ExtensionType numbers extensions of key packages, leaves, group contexts and group infos
// (RFC 9420 §13.4, §17.3).
type ExtensionType uint16

const (
	ExtensionApplicationID        ExtensionType = 0x0001
	ExtensionRatchetTree          ExtensionType = 0x0002
	ExtensionRequiredCapabilities ExtensionType = 0x0003
	ExtensionExternalPub          ExtensionType = 0x0004
	ExtensionExternalSenders      ExtensionType = 0x0005
	// ExtensionLastResort marks a key package that may be used more than once (draft-ietf-mls-extensions).
	ExtensionLastResort ExtensionType = 0x000A
)

// isDefault tells the types that every client supports and none lists in its capabilities (§7.2).
func (t ExtensionType) isDefault() bool { return t >= 1 && t <= 5 }

// Extension is one typed value in a list of extensions.
type Extension struct {
	Type ExtensionType
	Data []byte
}

func writeExtensions(w *writer, list []Extension) {
	w.vector(func() {
		for _, e := range list {
			w.uint16(uint16(e.Type))
			w.opaque(e.Data)
		}
	})
}

func readExtensions(r *reader) []Extension {
	var list []Extension
	r.each(func(r *reader) {
		list = append(list, Extension{Type: ExtensionType(r.uint16()), Data: r.opaque()})
	})
	return list
}

func findExtension(list []Extension, t ExtensionType) ([]byte, bool) {
	for _, e := range list {
		if e.Type == t {
			return e.Data, true
		}
	}
	return nil, false
}

// repeatedExtension returns a type that list has twice; §13.4 allows each type once.
func repeatedExtension(list []Extension) (ExtensionType, bool) {
	for i, e := range list {
		if _, again := findExtension(list[i+1:], e.Type); again {
			return e.Type, true
		}
	}
	return 0, false
}

// requiredCapabilities is RequiredCapabilities (§11.1).
type requiredCapabilities struct {
	extensions  []ExtensionType
	proposals   []ProposalType
	credentials []CredentialType
}

func parseRequiredCapabilities(b []byte) (requiredCapabilities, error) {
	r := reader{b: b}
	c := requiredCapabilities{
		extensions:  readUint16s[ExtensionType](&r),
		proposals:   readUint16s[ProposalType](&r),
		credentials: readUint16s[CredentialType](&r),
	}
	return c, r.end("required capabilities")
}

// RequiredCapabilities builds the group context extension that lists what each member must support
// (§11.1). Default extension and proposal types need not be listed.
func RequiredCapabilities(extensions []ExtensionType, proposals []ProposalType, credentials []CredentialType) Extension {
	w := newWriter(16)
	writeUint16s(w, extensions)
	writeUint16s(w, proposals)
	writeUint16s(w, credentials)
	return Extension{Type: ExtensionRequiredCapabilities, Data: w.b}
}

// ExternalSender is somebody outside of the group who may send it proposals (§12.1.8.1). Its place in the
// list is its index as a sender. Whether Credential is true is for the application to judge, when a
// commit brings the extension (Effects.After).
type ExternalSender struct {
	SignatureKey []byte
	Credential   Credential
}

// ExternalSenders builds the group context extension that lists them.
func ExternalSenders(list ...ExternalSender) Extension {
	w := newWriter(256)
	w.vector(func() {
		for _, s := range list {
			w.opaque(s.SignatureKey)
			s.Credential.write(w)
		}
	})
	return Extension{Type: ExtensionExternalSenders, Data: w.b}
}

// ParseExternalSenders reads the data of the extension.
func ParseExternalSenders(data []byte) ([]ExternalSender, error) {
	r := reader{b: data}
	var list []ExternalSender
	r.each(func(r *reader) {
		list = append(list, ExternalSender{SignatureKey: r.opaque(), Credential: readCredential(r)})
	})
	return list, r.end("external senders")
}

// parseExternalPub reads the external_pub extension (§12.4.3.2).
func parseExternalPub(b []byte) ([]byte, error) {
	r := reader{b: b}
	key := r.opaque()
	return key, r.end("external_pub")
}

func writeUint16s[T ~uint16](w *writer, list []T) {
	w.length(2 * len(list))
	for _, v := range list {
		w.uint16(uint16(v))
	}
}

func readUint16s[T ~uint16](r *reader) []T {
	b := r.opaque()
	if len(b)%2 != 0 {
		r.fail()
		return nil
	}
	list := make([]T, len(b)/2)
	for i := range list {
		list[i] = T(uint16(b[2*i])<<8 | uint16(b[2*i+1]))
	}
	return list
}

func addMissing[T comparable](list []T, more ...T) []T {
	for _, v := range more {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}
