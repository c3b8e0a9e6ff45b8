package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"

	"frond/server/store"
	"frond/wire"
)

// defaultKDF is the cost that clients choose for new passwords. Names that do not exist are answered
// with it, so it must be what most accounts have.
var defaultKDF = wire.KDF{Memory: 64 << 10, Time: 3, Threads: 1}

// KDF answers how the password of a name is stretched. from is the client's network address.
func (s *Service) KDF(ctx context.Context, from string, r *wire.KDFRequest) (wire.KDF, error) {
	if err := s.limits.kdf.allow(from); err != nil {
		return wire.KDF{}, err
	}
	name, err := wire.CheckUserName(r.Name)
	if err != nil {
		return wire.KDF{}, err
	}
	fake := s.fakeKDF(name)
	c, known, err := s.store.CredentialsByName(ctx, name)
	if !known {
		return fake, err
	}
	return c.KDF, err
}

// fakeKDF is what a name without an account is answered: always the same, and not to be told from a
// real answer without the server's secret.
func (s *Service) fakeKDF(name string) wire.KDF {
	mac := hmac.New(sha256.New, s.secret[:])
	mac.Write([]byte("frond/salt/v1"))
	mac.Write([]byte(name))
	kdf := defaultKDF
	kdf.Salt = mac.Sum(nil)[:wire.SaltSize]
	return kdf
}

// authenticate finds the account of a name whose authentication secret is auth. A name that does not
// exist costs the same work and gets the same answer. Guesses are few for each name, wherever they come from, but
// nobody is kept out by them where the account was used before.
func (s *Service) authenticate(ctx context.Context, from, name string, auth wire.Hash) (store.Account, error) {
	c, known, err := s.store.CredentialsByName(ctx, name)
	if err != nil {
		return store.Account{}, err
	}
	if key := s.nameKey(name); !s.networks.knows(c.Account, from) {
		if err := s.limits.byName.allow(key); err != nil {
			return store.Account{}, err
		}
	}
	hash := hashAuth(auth)
	equal := subtle.ConstantTimeCompare(hash[:], c.Auth[:]) == 1
	if !known || !equal {
		return store.Account{}, wire.Errorf(wire.CodeWrongPassword, "The user name or the password is wrong.")
	}
	return s.store.AccountByID(ctx, c.Account)
}

// hashAuth is what the database keeps of an authentication secret.
func hashAuth(auth wire.Hash) wire.Hash { return sha256.Sum256(auth[:]) }
