package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"frond/server/account"
	"frond/server/delivery"
	"frond/server/stats"
	"frond/wire"
)

// Options say what a gateway serves and to whom.
type Options struct {
	Accounts *account.Service
	Log      *delivery.Log
	Static   http.Handler                    // the web app; nil: only the API
	Healthy  func(ctx context.Context) error // asks the database; nil: always healthy
	Release  string                          // of the program
	// Origins are the addresses a browser may show for this server besides the one it asked for, as
	// scheme://host[:port]. Behind a proxy that ends TLS this must name the public address.
	Origins []string
	// Proxied says that a proxy of ours is in front, so the client's address is the last one in
	// X-Forwarded-For.
	Proxied bool
	Limits  *Limits          // nil: DefaultLimits
	Now     func() time.Time // nil: time.Now
	Logger  *slog.Logger     // nil: slog.Default()
	Stats   *stats.Stats     // nil: nothing is counted
}

// Limits bound what clients may take. A zero field has no limit.
type Limits struct {
	Connections        int     // WebSockets in all
	AccountConnections int     // WebSockets of one account
	Requests           float64 // per second and connection, in the long run
	RequestBurst       int     // at once
	Bytes              float64 // of messages per second and connection, in the long run
	ByteBurst          int     // at once; at least wire.MaxFrame
	Handshakes         float64 // commits and new conversations per second and device, in the long run
	HandshakeBurst     int     // at once: a new device joins everything it was in
	HalfRead           int64   // bytes of messages that have begun and not ended, of all connections
}

// DefaultLimits are far above what people do and far below what hurts.
var DefaultLimits = Limits{
	Connections: 20000, AccountConnections: 20, Requests: 200, RequestBurst: 1000,
	Bytes: 1 << 20, ByteBurst: 64 << 20, Handshakes: 5, HandshakeBurst: 2000, HalfRead: 512 << 20,
}

// Gateway serves clients. Handler and ServeSocket are its two doors.
type Gateway struct {
	accounts *account.Service
	log      *delivery.Log
	static   http.Handler
	healthy  func(ctx context.Context) error
	info     wire.ServerInfo
	origins  origins
	proxied  bool
	limits   Limits
	now      func() time.Time
	logger   *slog.Logger
	conns    registry
	crew     crew
	quotas   quotas
	halfRead halfRead
	stats    *stats.Stats
	sourcing sync.Mutex
	sources  map[wire.ID]*source // by device; sourcing guards it
	older    sync.Once           // the database was said to be an older copy
	routes   http.Handler
	ctx      context.Context // of what connections ask of the database; ends with Shutdown
	cancel   context.CancelFunc
}

// New returns a gateway.
func New(o Options) (*Gateway, error) {
	origins, err := parseOrigins(o.Origins)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		accounts: o.Accounts, log: o.Log, static: o.Static, healthy: o.Healthy,
		origins: origins, proxied: o.Proxied, limits: DefaultLimits, now: o.Now, logger: o.Logger,
		info: wire.ServerInfo{Version: wire.Version, Release: o.Release, Registration: o.Accounts.Registration()},
	}
	if o.Limits != nil {
		g.limits = *o.Limits
	}
	if g.now == nil {
		g.now = time.Now
	}
	if g.logger == nil {
		g.logger = slog.Default()
	}
	g.crew = newCrew()
	g.stats, g.sources = o.Stats, map[wire.ID]*source{}
	g.stats.Connections(g.conns.count)
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.conns.limits = g.limits
	g.quotas.rate, g.quotas.burst = g.limits.Handshakes, g.limits.HandshakeBurst
	g.halfRead.most = g.limits.HalfRead
	g.accounts.OnRevoke(g.conns.revoke)
	g.accounts.OnChange(g.accountChanged)
	g.routes = g.handler()
	return g, nil
}

// Handler answers HTTP requests, WebSocket upgrades among them.
func (g *Gateway) Handler() http.Handler { return g.routes }

// Shutdown takes no more connections and requests, answers everything that was accepted, says goodbye
// on every connection and waits until they are closed or ctx ends. It closes the log.
func (g *Gateway) Shutdown(ctx context.Context) error {
	defer g.cancel()
	g.conns.drain()
	err := g.log.Close(ctx)
	g.conns.dismiss(wire.Errorf(wire.CodeUnavailable, "The server is restarting."))
	if waited := g.conns.wait(ctx); err == nil {
		err = waited
	}
	return err
}
