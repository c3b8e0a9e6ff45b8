package store

import (
	"context"

	"frond/wire"
)

// Forward is what a device of an account knows beyond a database that was set back.
type Forward struct {
	Index  uint64   // length of the stored sigchain
	Events [][]byte // that follow
	Over   uint64   // the stored revision
	Vault  Vault
	Gone   []wire.ID // devices that the events remove
	Come   []Device  // and those they list
}

// BringForward extends an account's sigchain, replaces its vault by one that may be many revisions and epochs on, and makes
// the devices what the sigchain says: all of it or nothing. Passwords and recovery code stay. It fails with CodeConflict when
// chain or vault changed meanwhile, with Last the chain's length or the state's revision, and with CodeExists when a
// device id is in use.
func (s *Store) BringForward(ctx context.Context, of Session, f Forward) error {
	return s.write(ctx, "bring an account forward", func(l *link) error {
		if err := s.extendChain(l, of.Account, f.Index, f.Events); err != nil {
			return err
		}
		if err := s.putForward(l, of, &f); err != nil {
			return err
		}
		for _, id := range f.Gone {
			if err := retire(l, of.Account, id); err != nil {
				return err
			}
		}
		for _, d := range f.Come {
			if err := insertNewDevice(l, of.Account, d); err != nil {
				return err
			}
		}
		if len(f.Gone) == 0 {
			return nil
		}
		return endLoose(l, of)
	})
}

func (s *Store) putForward(l *link, of Session, f *Forward) error {
	var revision, epoch uint64
	var auth wire.Hash
	var recovery *wire.Hash
	_, err := l.one([]any{&revision, &epoch, scanHash(&auth), optionalHash{&recovery}}, selectVault+s.words.forUpdate, of.Account[:])
	if err != nil {
		return err
	}
	v := &f.Vault
	if revision != f.Over || v.Revision <= revision || v.Epoch < epoch {
		return stateConflict(revision)
	}
	_, err = l.exec(updateVault, some(v.Header), number(v.Epoch), some(v.State), number(v.Revision), nullableHash(recovery), of.Account[:])
	return err
}
