package client

import (
	"frond/identity"
	"frond/mls"
)

// maxVerified bounds how many verified credentials are remembered.
const maxVerified = 4096

// verifier reads the credentials of leaves and remembers those it verified: the same ones return
// with every message and every commit.
type verifier struct {
	known map[string]identity.Credential
}

// credential verifies a leaf for itself: the certificate under the root it names, and the leaf's
// signature key against the certificate. It depends on the leaf's bytes alone.
func (v *verifier) credential(m mls.Member) (identity.Credential, error) {
	if m.Credential.Type != mls.CredentialBasic {
		return identity.Credential{}, identity.ErrMalformed
	}
	c, ok := v.known[string(m.Credential.Identity)]
	if !ok {
		var err error
		if c, err = identity.ParseCredential(m.Credential.Identity); err != nil {
			return identity.Credential{}, err
		}
		v.remember(string(m.Credential.Identity), c)
	}
	return c, c.Matches(m.SignatureKey)
}

func (v *verifier) remember(key string, c identity.Credential) {
	if v.known == nil || len(v.known) >= maxVerified {
		v.known = map[string]identity.Credential{}
	}
	v.known[key] = c
}

// authenticate is the authentication service of RFC 9420, section 5.3.1.
func (v *verifier) authenticate(m mls.Member) error {
	_, err := v.credential(m)
	return err
}
