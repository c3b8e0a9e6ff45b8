package identity

import (
	"fmt"
	"time"
)

// maxCertificateSize bounds an encoded certificate, in bytes; one has about 77.
const maxCertificateSize = 96

// certificate is what the root says about a device: since when, and a
// signature. Account, device and key are not repeated here; who holds a
// certificate knows them.
type certificate struct {
	Created   uint64 `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"`
}

// certified is what a certificate signs.
type certified struct {
	Account ID       `cbor:"1,keyasint"`
	Device  ID       `cbor:"2,keyasint"`
	Key     [32]byte `cbor:"3,keyasint"`
	Created uint64   `cbor:"4,keyasint"`
}

// Certify returns a certificate: the root's word that the device with this id
// and public key belongs to the account. It fails with ErrKey or ErrTime.
func (r Root) Certify(account, device ID, key [32]byte, created time.Time) ([]byte, error) {
	if err := checkKey(key); err != nil {
		return nil, fmt.Errorf("device key: %w", err)
	}
	seconds, err := toSeconds(created)
	if err != nil {
		return nil, err
	}
	signature, err := r.key.sign(labelCertificate, encode(certified{account, device, key, seconds}))
	if err != nil {
		return nil, err
	}
	return encode(certificate{seconds, signature}), nil
}

// VerifyCertificate checks that the root certified this device of this account
// with this key, and returns when. It fails with ErrMalformed, ErrLimit, ErrKey,
// ErrTime or ErrSignature.
func VerifyCertificate(root RootKey, account, device ID, key [32]byte, cert []byte) (time.Time, error) {
	var c certificate
	if err := decode(cert, maxCertificateSize, &c); err != nil {
		return time.Time{}, fmt.Errorf("certificate: %w", err)
	}
	created, err := fromSeconds(c.Created)
	if err != nil {
		return time.Time{}, fmt.Errorf("certificate: %w", err)
	}
	if err := checkKey(key); err != nil {
		return time.Time{}, fmt.Errorf("device key: %w", err)
	}
	message := encode(certified{account, device, key, c.Created})
	if err := verify(root, labelCertificate, message, c.Signature); err != nil {
		return time.Time{}, fmt.Errorf("certificate: %w", err)
	}
	return created, nil
}
