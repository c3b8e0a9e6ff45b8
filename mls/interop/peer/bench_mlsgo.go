package peer

import (
	"testing"

	"github.com/thomas-vilte/mls-go/framing"
	"github.com/thomas-vilte/mls-go/group"
)

// Time times the group package of mls-go, with its default framing of commits, PublicMessage.
func (m *goMember) Time(b *testing.B, operation string, other Member, welcome []byte) error {
	receiver := other.(*goMember)
	return timer{
		commit: func() ([]byte, error) {
			message, err := m.Commit(Changes{Public: true})
			if err != nil {
				return nil, err
			}
			staged := m.staged
			m.staged = nil
			return message, m.group.MergeCommit(staged)
		},
		process: func(message []byte) error {
			parsed, err := framing.UnmarshalMLSMessage(message)
			if err != nil {
				return err
			}
			public, _ := parsed.AsPublic()
			return receiver.group.ProcessPublicMessage(public)
		},
		join: func() error {
			body, err := messageBody(welcome, framing.WireFormatWelcome)
			if err != nil {
				return err
			}
			parsed, err := group.UnmarshalWelcome(body)
			if err != nil {
				return err
			}
			kp := receiver.packages[0]
			_, err = group.JoinFromWelcome(parsed, kp.public, kp.private, nil)
			return err
		},
		send:    func() ([]byte, error) { return m.Seal(nil, benchText) },
		receive: func(message []byte) error { _, _, err := receiver.Open(message); return err },
	}.run(b, operation)
}
