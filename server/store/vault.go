package store

import (
	"context"
	"crypto/subtle"
	"time"

	"frond/wire"
)

const (
	selectVault = "SELECT revision, epoch, auth, recovery FROM account WHERE id = ?"
	updateVault = "UPDATE account SET header = ?, epoch = ?, state = ?, revision = ?, recovery = ? WHERE id = ?"
	updateAuth  = "UPDATE account SET auth = ?, kdf_memory = ?, kdf_time = ?, kdf_threads = ?, kdf_salt = ? WHERE id = ?"
	usedRecover = "UPDATE session SET recovered = 0 WHERE account = ?"

	// recoverWithin is how long a session that a recovery code opened may set a password. Clients do at once;
	// when that did not go through, the code itself is as good as the present password.
	recoverWithin = time.Hour
)

// Vault is a new vault epoch.
type Vault struct {
	Epoch       uint64
	Header      []byte
	Revision    uint64
	State       []byte
	Password    *Password  // nil: stays
	Recovery    *wire.Hash // hash of the authentication secret; nil: stays, unless RecoveryOff
	RecoveryOff bool
}

// Password is what a database knows of a password, hashed.
type Password struct {
	Current *wire.Hash // nil: only a session that was opened by recovery code may do that
	Auth    wire.Hash
	KDF     wire.KDF
}

// PutVault opens a new vault epoch. With a new password, the account's other sessions without a device end; with
// another recovery code, or none, those of them that the old one opened. It fails with CodeConflict, and Last
// the stored revision, unless epoch and revision are the stored ones plus one, and with CodeWrongPassword when
// the present password is neither the stored one nor the recovery code.
func (s *Store) PutVault(ctx context.Context, of Session, v Vault) error {
	return s.write(ctx, "put vault", func(l *link) error { return s.openEpoch(l, of, v) })
}

func (s *Store) openEpoch(l *link, of Session, v Vault) error {
	var revision, epoch uint64
	var auth wire.Hash
	var recovery *wire.Hash
	found, err := l.one([]any{&revision, &epoch, scanHash(&auth), optionalHash{&recovery}}, selectVault+s.words.forUpdate, of.Account[:])
	switch {
	case err != nil:
		return err
	case !found:
		return errNoAccount()
	case v.Revision != revision+1 || v.Epoch != epoch+1:
		return stateConflict(revision)
	}
	if err := s.putPassword(l, of, v.Password, auth, recovery); err != nil {
		return err
	}
	if v.Recovery != nil || v.RecoveryOff {
		recovery = v.Recovery
	}
	if _, err := l.exec(updateVault, some(v.Header), number(v.Epoch), some(v.State), number(v.Revision), nullableHash(recovery), of.Account[:]); err != nil {
		return err
	}
	if v.Password != nil {
		return endLoose(l, of)
	}
	if v.Recovery != nil || v.RecoveryOff {
		_, err = l.exec(revokeRecovered, of.Account[:], of.Token[:])
	}
	return err
}

// endLoose ends the account's sessions without a device, but for one: what they were let in by is not good any more,
// and nobody sees them.
func endLoose(l *link, of Session) error {
	_, err := l.exec(revokeLoose, of.Account[:], of.Token[:])
	return err
}

func (s *Store) putPassword(l *link, of Session, p *Password, auth wire.Hash, recovery *wire.Hash) error {
	if p == nil {
		return nil
	}
	if err := s.mayChange(l, of, p, auth, recovery); err != nil {
		return err
	}
	if _, err := l.exec(usedRecover, of.Account[:]); err != nil { // of who recovered elsewhere too: the later password counts
		return err
	}
	_, err := l.exec(updateAuth, p.Auth[:], int64(p.KDF.Memory), int64(p.KDF.Time), int64(p.KDF.Threads), some(p.KDF.Salt), of.Account[:])
	return err
}

// mayChange asks for the present password, or for a session that a recovery code opened.
func (s *Store) mayChange(l *link, of Session, p *Password, auth wire.Hash, recovery *wire.Hash) error {
	if p.Current == nil {
		var n Session
		found, err := l.one([]any{scanHash(&n.Token), scanID(&n.Account), optionalID{&n.Device}, &n.Recovered,
			timeColumn{&n.Created}, timeColumn{&n.Seen}, timeColumn{&n.Expires}}, selectSession, of.Token[:], number(s.now()))
		if err != nil || found && n.Recovered && n.Account == of.Account && s.now() < millis(n.Created.Add(recoverWithin)) {
			return err
		}
		return errWrongPassword()
	}
	if subtle.ConstantTimeCompare(p.Current[:], auth[:]) == 1 {
		return nil
	}
	if recovery != nil && subtle.ConstantTimeCompare(p.Current[:], recovery[:]) == 1 {
		return nil
	}
	return errWrongPassword()
}

func errWrongPassword() error {
	return wire.Errorf(wire.CodeWrongPassword, "The present password is wrong.")
}
