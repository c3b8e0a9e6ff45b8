package store

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"frond/wire"
)

//go:embed migrations/mysql
var mysqlMigrations embed.FS

// Connections to MySQL or MariaDB. Appends come from one goroutine, so a few writers are enough for
// everything else.
const (
	mysqlWriters = 4
	mysqlReaders = 8
)

// mysqlPacket is the smallest max_allowed_packet that takes the largest row, a welcome.
const mysqlPacket = wire.MaxWelcome + 1<<20

// mysqlSession makes a connection behave the same whatever the server's defaults are: bad values
// are refused instead of changed, each statement of a transaction sees what is committed, and a
// transaction waits at most ten seconds for a lock.
const mysqlSession = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', " +
	"SESSION innodb_lock_wait_timeout = 10"

const mysqlIsolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"

// Error numbers that MySQL and MariaDB share.
const (
	mysqlTableExists  = 1050
	mysqlColumnExists = 1060
	mysqlKeyExists    = 1061
	mysqlDuplicate    = 1062
	mysqlNothingThere = 1091 // nothing to drop
	mysqlLockTimeout  = 1205
	mysqlDeadlock     = 1213
	mysqlShutdown     = 1053
	mysqlKilled       = 1927
	mysqlIdle         = 4031
)

// mysqlDialect is MySQL or MariaDB.
type mysqlDialect struct {
	config *mysql.Config
	logger *slog.Logger
}

var mysqlWords = newWords(words{
	begin:     "START TRANSACTION",
	forUpdate: " FOR UPDATE",
	upsert: func(key string, columns ...string) string {
		if len(columns) == 0 {
			columns = strings.Split(key, ", ")[:1]
			return "ON DUPLICATE KEY UPDATE " + columns[0] + " = " + columns[0]
		}
		set := make([]string, len(columns))
		for i, c := range columns {
			set[i] = c + " = VALUES(" + c + ")"
		}
		return "ON DUPLICATE KEY UPDATE " + strings.Join(set, ", ")
	},
	// MariaDB uses an index over both columns for a chain of ORs, not for a list of pairs.
	pairs: func(a, b string, n int) string {
		return "(" + strings.Repeat(" OR "+a+" = ? AND "+b+" = ?", n)[len(" OR "):] + ")"
	},
})

// newMySQL reads the URL. Errors never repeat it, since it may hold a password.
func newMySQL(o *Options) (dialect, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Opaque != "" || u.Fragment != "" {
		return nil, fmt.Errorf("store: malformed database URL: want mysql://user:password@host:port/name")
	}
	c := mysql.NewConfig()
	c.User, c.Passwd = u.User.Username(), password(u)
	c.DBName = strings.TrimPrefix(u.Path, "/")
	c.Net, c.Addr = "tcp", net.JoinHostPort(orElse(u.Hostname(), "127.0.0.1"), orElse(u.Port(), "3306"))
	c.Timeout, c.ReadTimeout, c.WriteTimeout = 10*time.Second, 30*time.Second, 30*time.Second
	c.MaxAllowedPacket = 64 << 20
	c.ClientFoundRows = true                   // count the rows a statement meant, as SQLite does
	c.Logger = &mysql.NopLogger{}              // errors are returned
	err = c.Apply(mysql.Charset("binary", "")) // bytes are stored and compared as they are
	if c.DBName == "" || c.User == "" || err != nil {
		return nil, fmt.Errorf("store: the database URL needs a user and a database name")
	}
	if err := mysqlOptions(c, u.Query()); err != nil {
		return nil, fmt.Errorf("store: database URL: %w", err)
	}
	return &mysqlDialect{config: c, logger: o.Logger}, nil
}

func password(u *url.URL) string {
	if p, ok := u.User.Password(); ok {
		return p
	}
	return os.Getenv("MYSQL_PWD")
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func mysqlOptions(c *mysql.Config, query url.Values) error {
	c.TLSConfig = "preferred"
	for name := range query {
		value := query.Get(name)
		switch name {
		case "tls":
			if value != "true" && value != "false" && value != "skip-verify" && value != "preferred" {
				return fmt.Errorf("tls is true, false, skip-verify or preferred")
			}
			c.TLSConfig = value
		case "socket":
			c.Net, c.Addr = "unix", value
		case "ca":
			if err := trust(c, value); err != nil {
				return err
			}
		default:
			return fmt.Errorf("unknown option; known are tls, ca and socket")
		}
	}
	return nil
}

// trust makes the connection encrypted and accepts certificates of these authorities only.
func trust(c *mysql.Config, file string) error {
	pem, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("ca: no certificate in the file")
	}
	host, _, _ := net.SplitHostPort(c.Addr)
	c.TLS = &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12}
	return nil
}

func (d *mysqlDialect) words() *words { return mysqlWords }

func (d *mysqlDialect) open(ctx context.Context) (readers, writers *pool, err error) {
	connector, err := mysql.NewConnector(d.config)
	if err != nil {
		return nil, nil, err
	}
	w, r := sql.OpenDB(&setUp{connector}), sql.OpenDB(&setUp{connector})
	if err := d.checkServer(ctx, w); err != nil {
		return nil, nil, errors.Join(err, w.Close(), r.Close())
	}
	return newPool(r, mysqlReaders), newPool(w, mysqlWriters), nil
}

func (d *mysqlDialect) close() error { return nil }

// checkServer refuses a server that could not store the largest row and warns about one that
// acknowledges before data is durable.
func (d *mysqlDialect) checkServer(ctx context.Context, db *sql.DB) error {
	var packet, flush int64
	err := db.QueryRowContext(ctx, "SELECT @@max_allowed_packet, @@innodb_flush_log_at_trx_commit").Scan(&packet, &flush)
	if err != nil {
		return err
	}
	if packet < mysqlPacket {
		return fmt.Errorf("the database server's max_allowed_packet is %d: set it to at least %d", packet, mysqlPacket)
	}
	if flush != 1 {
		d.logger.Warn("the database may lose acknowledged messages in a crash: set innodb_flush_log_at_trx_commit to 1",
			"innodb_flush_log_at_trx_commit", flush)
	}
	return nil
}

// setUp prepares every new connection.
type setUp struct{ driver.Connector }

func (s *setUp) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	for _, text := range []string{mysqlSession, mysqlIsolation} {
		if _, err := c.(driver.ExecerContext).ExecContext(ctx, text, nil); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

func (d *mysqlDialect) duplicate(err error) bool { return mysqlError(err, mysqlDuplicate) }

func (d *mysqlDialect) transient(err error) bool {
	return mysqlError(err, mysqlDeadlock, mysqlLockTimeout)
}

func mysqlError(err error, numbers ...uint16) bool {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return false
	}
	for _, n := range numbers {
		if e.Number == n {
			return true
		}
	}
	return false
}

// connectionEnded reports a connection that ended before or under a statement.
func connectionEnded(err error) bool {
	var network net.Error
	return mysqlError(err, mysqlShutdown, mysqlKilled, mysqlIdle) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}

func (d *mysqlDialect) migrations() fs.FS {
	sub, _ := fs.Sub(mysqlMigrations, "migrations/mysql") // the path is a constant
	return sub
}

// patient connects without a limit on how long a statement may take: changing a large table can
// take minutes.
func (d *mysqlDialect) patient(*pool) (*pool, func() error, error) {
	c := d.config.Clone()
	c.ReadTimeout = 0
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, nil, err
	}
	p := newPool(sql.OpenDB(&setUp{connector}), 1)
	return p, p.close, nil
}

// lock lets one process migrate at a time. Names of locks are common to the whole server and have
// at most 64 characters.
func (d *mysqlDialect) lock(l *link) (func() error, error) {
	var got sql.NullInt64
	name := fmt.Sprintf("frond %x", sha256.Sum256([]byte(d.config.DBName)))[:32]
	if _, err := l.one([]any{&got}, "SELECT GET_LOCK(?, 60)", name); err != nil {
		return nil, err
	}
	if got.Int64 != 1 {
		return nil, fmt.Errorf("another process has been changing the tables for a minute")
	}
	return func() error {
		_, err := l.one([]any{&got}, "SELECT RELEASE_LOCK(?)", name)
		return err
	}, nil
}

// scrub can do nothing: InnoDB purges undo logs by itself, and how long binary logs are kept is for whoever
// runs the database to set.
func (d *mysqlDialect) scrub(*link) (bool, error) { return true, nil }

// apply runs a migration statement by statement; see migration.
func (d *mysqlDialect) apply(l *link, m migration) error {
	for _, text := range statementsOf(m.text) {
		err := l.script(text)
		if err != nil && !mysqlError(err, mysqlTableExists, mysqlColumnExists, mysqlKeyExists, mysqlNothingThere) {
			return err
		}
	}
	_, err := l.exec(insertMigration, m.version, m.name)
	return err
}

// statementsOf splits a migration at lines that end with a semicolon and drops comment lines.
func statementsOf(text string) (list []string) {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		if strings.HasPrefix(line, "--") || line == "" && b.Len() == 0 {
			continue
		}
		b.WriteString(strings.TrimSuffix(line, ";") + "\n")
		if strings.HasSuffix(line, ";") {
			list = append(list, b.String())
			b.Reset()
		}
	}
	return list
}
