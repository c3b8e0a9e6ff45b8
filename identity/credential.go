package identity

import (
	"bytes"
	"fmt"
)

// Credential is what an MLS leaf says about its owner (RFC 9420, section 5.3,
// a Basic credential's identity). It is whole in itself: the certificate
// verifies under the root that is in it. Whether that root is the one the
// conversation pins is for the roster to say.
type Credential struct {
	Account     ID       `cbor:"1,keyasint"`
	Root        RootKey  `cbor:"2,keyasint"`
	Device      ID       `cbor:"3,keyasint"`
	DeviceKey   [32]byte `cbor:"4,keyasint"`
	Certificate []byte   `cbor:"5,keyasint"`
}

// Marshal returns the one encoding of the credential.
func (c Credential) Marshal() []byte { return encode(c) }

// ParseCredential reads a credential and verifies its certificate. It fails
// with ErrMalformed, ErrLimit, ErrKey, ErrTime or ErrSignature.
func ParseCredential(b []byte) (Credential, error) {
	var c Credential
	if err := decode(b, MaxCredentialSize, &c); err != nil {
		return Credential{}, fmt.Errorf("credential: %w", err)
	}
	if err := c.Verify(); err != nil {
		return Credential{}, fmt.Errorf("credential: %w", err)
	}
	return c, nil
}

// Verify checks the certificate under the root that is in the credential.
func (c Credential) Verify() error {
	_, err := VerifyCertificate(c.Root, c.Account, c.Device, c.DeviceKey, c.Certificate)
	return err
}

// Matches checks that the leaf's signature key is the device key that the
// certificate speaks of; otherwise it fails with ErrKey.
func (c Credential) Matches(signatureKey []byte) error {
	if !bytes.Equal(signatureKey, c.DeviceKey[:]) {
		return fmt.Errorf("%w: the leaf's signature key is not the certified one", ErrKey)
	}
	return nil
}
