package store

import (
	"context"

	"frond/wire"
)

// The row is found through the first name that is not before the one that is asked for, or through the first of
// all: so a name that nobody has costs the same two look-ups in one index, and reads a row as narrow, as one that
// somebody has.
const credentialsByName = "SELECT id, name, auth, kdf_memory, kdf_time, kdf_threads, kdf_salt, recovery FROM account " +
	"WHERE name = COALESCE((SELECT MIN(name) FROM account WHERE name >= ?), (SELECT MIN(name) FROM account))"

// Credentials are what a sign-in is checked against, as hashes.
type Credentials struct {
	Account  wire.ID
	Auth     wire.Hash
	KDF      wire.KDF
	Recovery *wire.Hash // nil: there is no recovery code
}

// CredentialsByName finds the credentials of a canonical user name, or known is false. How long it takes does not
// tell which: then too a row was read, though nothing of it is returned.
func (s *Store) CredentialsByName(ctx context.Context, name string) (c Credentials, known bool, err error) {
	err = s.read(ctx, "find credentials", func(l *link) error {
		var found string
		c = Credentials{}
		_, err := l.one([]any{scanID(&c.Account), &found, scanHash(&c.Auth), &c.KDF.Memory, &c.KDF.Time,
			&c.KDF.Threads, &c.KDF.Salt, optionalHash{&c.Recovery}}, credentialsByName, name)
		known = found == name
		return err
	})
	if !known || err != nil {
		return Credentials{}, false, err
	}
	return c, true, nil
}
