package peer

import (
	"testing"

	"frond/mls"
)

// Time times package frond/mls itself.
func (m *frondMember) Time(b *testing.B, operation string, other Member, welcome []byte) error {
	receiver := other.(*frondMember)
	return timer{
		commit: func() ([]byte, error) {
			staged, err := m.group.Commit(m.config, mls.CommitOptions{})
			if err != nil {
				return nil, err
			}
			m.group = staged.Merge()
			return staged.Message(), nil
		},
		process: func(message []byte) error {
			staged, err := receiver.group.Stage(receiver.config, message)
			if err != nil {
				return err
			}
			receiver.group = staged.Merge()
			return nil
		},
		join: func() error {
			_, err := mls.Join(receiver.config, welcome, receiver.secrets[0], receiver.signer)
			return err
		},
		send:    func() ([]byte, error) { return m.Seal(nil, benchText) },
		receive: func(message []byte) error { _, _, err := receiver.Open(message); return err },
	}.run(b, operation)
}
