package mariadbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

// startTime bounds how long a server may take to come up; recovery after a kill is part of it.
const startTime = 60 * time.Second

// Server is a MariaDB of its own.
type Server struct {
	dir      string
	port     int
	password string
	options  []string
	process  *process
	made     atomic.Int64 // databases
}

// Run makes and starts a server; options are further arguments of mariadbd. Stop it when done.
func Run(options ...string) (*Server, error) {
	if err := available(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "frond-mariadb-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, password: randomText(), options: options}
	if err = s.install(); err == nil {
		err = s.Restart()
	}
	if err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func randomText() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// install makes the system tables. The user of the tests is made by the server at each start.
func (s *Server) install() error {
	text := "CREATE USER IF NOT EXISTS frond@'127.0.0.1' IDENTIFIED BY '" + s.password + "';\n" +
		"GRANT ALL PRIVILEGES ON *.* TO frond@'127.0.0.1';\n"
	if err := os.WriteFile(s.setup(), []byte(text), 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(s.temporary(), 0o700); err != nil {
		return err
	}
	cmd := exec.Command("mariadb-install-db", "--no-defaults", "--datadir="+s.data(), "--tmpdir="+s.temporary(), "--skip-test-db",
		"--auth-root-authentication-method=socket", "--user="+currentUser())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) data() string  { return filepath.Join(s.dir, "data") }
func (s *Server) setup() string { return filepath.Join(s.dir, "setup.sql") }
func (s *Server) log() string   { return filepath.Join(s.dir, "log") }

// temporary is a folder of its own: a MariaDB that starts removes temporary tables of others that it finds.
func (s *Server) temporary() string { return filepath.Join(s.dir, "tmp") }

// currentUser is what mariadbd wants to be told when it runs as root.
func currentUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "root"
}

// Restart starts a server that was stopped or killed, on the same port and data.
func (s *Server) Restart() (err error) {
	for range 3 { // a free port may be gone when the server wants it
		if s.port == 0 {
			if s.port, err = freePort(); err != nil {
				return err
			}
		}
		if err = s.start(); err == nil {
			return nil
		}
		if s.made.Load() > 0 {
			return err // others know the port
		}
		s.port = 0
	}
	return err
}

func (s *Server) start() error {
	args := append([]string{"--no-defaults", "--datadir=" + s.data(), "--tmpdir=" + s.temporary(), "--user=" + currentUser(),
		"--port=" + strconv.Itoa(s.port), "--bind-address=127.0.0.1",
		"--socket=" + filepath.Join(s.dir, "socket"), "--pid-file=" + filepath.Join(s.dir, "pid"),
		"--log-error=" + s.log(), "--init-file=" + s.setup(), "--skip-name-resolve", "--performance-schema=OFF",
		"--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=64M",
		"--max-connections=200"}, s.options...)
	p, err := startProcess(exec.Command("mariadbd", args...))
	if err != nil {
		return err
	}
	s.process = p
	if err := s.wait(); err != nil {
		s.Kill()
		text, _ := os.ReadFile(s.log())
		return fmt.Errorf("%w\n%s", err, text)
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// wait returns when the server answers.
func (s *Server) wait() error {
	db, err := s.open("")
	if err != nil {
		return err
	}
	defer db.Close()
	for end := time.Now().Add(startTime); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = db.PingContext(context.Background()); err == nil {
			return nil
		}
		if s.process.ended() {
			return errors.New("mariadbd ended")
		}
	}
	return fmt.Errorf("mariadbd does not answer: %w", err)
}

// open connects with the plain driver.
func (s *Server) open(database string) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = "frond", s.password, database
	c.Net, c.Addr = "tcp", s.address()
	c.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

func (s *Server) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// NewDatabase makes an empty database and returns its URL.
func (s *Server) NewDatabase() (url string, err error) {
	name := "frond" + strconv.FormatInt(s.made.Add(1), 10)
	db, err := s.open("")
	if err != nil {
		return "", err
	}
	defer db.Close()
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		return "", err
	}
	return "mysql://frond:" + s.password + "@" + s.address() + "/" + name, nil
}

// Set changes a global variable of the running server, for connections made after.
func (s *Server) Set(variable, value string) error {
	db, err := s.open("")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec("SET GLOBAL " + variable + " = " + value)
	return err
}

// Kill ends the server with SIGKILL, as a crash would, and waits until it is gone.
func (s *Server) Kill() {
	if s.process != nil {
		s.process.kill()
	}
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() {
	if s.process != nil {
		s.process.stop()
	}
	_ = os.RemoveAll(s.dir) // a temporary folder
}
