package peer

import "testing"

// Time has the Node process time ts-mls by its own clock, so that the pipe between is not counted. Bytes
// allocated are not known.
func (m *tsMember) Time(b *testing.B, operation string, other Member, welcome []byte) error {
	answer, err := m.call(request{
		Op: "time", Name: operation, Other: other.(*tsMember).id, Message: welcome, Text: benchText, Length: b.N,
	})
	b.ReportMetric(answer.Nanoseconds/float64(b.N), "ns/op")
	return err
}
