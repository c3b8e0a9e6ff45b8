// Package stats counts what an operator wants to know of a running server, for Prometheus and its like to
// collect: how many are connected, how long messages take until they are durable, what is refused, and what
// goes wrong on people's devices. It counts; it knows nobody's name.
//
// The methods of a nil *Stats do nothing.
package stats

import (
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"frond/wire"
)

// latencies are the upper ends of the buckets of the time an append takes, in seconds.
var latencies = []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5}

// Stats holds the counters of one server. It is safe for concurrent use.
type Stats struct {
	set     *metrics.Set
	appends *metrics.PrometheusHistogram
	signals *metrics.Counter
}

// New returns counters that all stand at zero.
func New() *Stats {
	set := metrics.NewSet()
	s := &Stats{
		set: set, signals: set.NewCounter("frond_signals_total"),
		appends: set.NewPrometheusHistogramExt("frond_append_seconds", latencies),
	}
	for _, name := range wire.FailureNames {
		s.failures(name)
	}
	return s
}

// Connections lets count say how many connections there are.
func (s *Stats) Connections(count func() int) {
	if s != nil {
		s.set.NewGauge("frond_connections", func() float64 { return float64(count()) })
	}
}

// Appended counts an entry of the log and the time from its arrival until it was durable.
func (s *Stats) Appended(took time.Duration) {
	if s != nil {
		s.appends.Update(took.Seconds())
	}
}

// Refused counts a request that was answered with an error.
func (s *Stats) Refused(code wire.Code) {
	if s != nil {
		s.set.GetOrCreateCounter(`frond_refused_total{code="` + string(code) + `"}`).Inc()
	}
}

// Signalled counts a signal that was passed on.
func (s *Stats) Signalled() {
	if s != nil {
		s.signals.Inc()
	}
}

// Failed adds what a device reported. The name is one of wire.FailureNames.
func (s *Stats) Failed(name string, n uint64) {
	if s != nil {
		s.failures(name).AddInt64(int64(n))
	}
}

func (s *Stats) failures(name string) *metrics.Counter {
	return s.set.GetOrCreateCounter(`frond_device_failures_total{reason="` + name + `"}`)
}

// ServeHTTP writes the counters, and those of the process, in the text format of Prometheus.
func (s *Stats) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	s.set.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
}
