package stats_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"frond/server/stats"
	"frond/wire"
)

func TestWhatWasCountedIsShown(t *testing.T) {
	t.Parallel()
	s := stats.New()
	s.Connections(func() int { return 3 })
	s.Appended(3 * time.Millisecond)
	s.Refused(wire.CodeStale)
	s.Refused(wire.CodeStale)
	s.Signalled()
	s.Failed("damaged", 7)
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, nil)
	for _, line := range []string{
		"frond_connections 3", `frond_append_seconds_bucket{le="0.005"} 1`, `frond_append_seconds_bucket{le="0.002"} 0`,
		`frond_refused_total{code="stale"} 2`, "frond_signals_total 1",
		`frond_device_failures_total{reason="damaged"} 7`, `frond_device_failures_total{reason="altered"} 0`,
	} {
		if !strings.Contains(answer.Body.String(), "\n"+line+"\n") && !strings.HasPrefix(answer.Body.String(), line+"\n") {
			t.Errorf("%q is missing in\n%s", line, answer.Body.String())
		}
	}
}

func TestWithoutStatsNothingIsCounted(t *testing.T) {
	t.Parallel()
	var s *stats.Stats
	s.Connections(nil)
	s.Appended(time.Second)
	s.Refused(wire.CodeStale)
	s.Signalled()
	s.Failed("damaged", 1)
}
