// Package mariadbtest runs a real MariaDB for tests and benchmarks, in a temporary folder and on a
// free port of the loopback interface.
//
// # Story
//
// A test calls [Start] and gets the URL of an empty database of its own. The first call of a
// process starts the server, which takes a few seconds; the server ends with the last test that
// uses it or, in a package whose TestMain is [Main], with the process. A test that wants to hurt the
// database calls [Run] for a server of its own, which it may [Server.Kill] and [Server.Restart].
//
// The server keeps its promises as in earnest: InnoDB flushes its log at every commit. Where the
// operating system can, the server is tied to the test process and dies with it.
package mariadbtest

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// Required is the value of FROND_TEST_MARIADB that turns skipping into failing.
const Required = "required"

// common is the server that the tests of this process share.
var common struct {
	sync.Mutex
	server *Server
	users  int
	kept   bool  // until Main ends
	failed error // to start: not tried again
}

// Start returns the URL of an empty database on a MariaDB that the tests of this process share. When
// the program is not installed the test is skipped, or fails if FROND_TEST_MARIADB=required.
func Start(tb testing.TB) (url string) {
	tb.Helper()
	Need(tb)
	s, err := acquire()
	if err != nil {
		tb.Fatalf("start MariaDB: %v", err)
	}
	tb.Cleanup(release)
	url, err = s.NewDatabase()
	if err != nil {
		tb.Fatalf("create a database: %v", err)
	}
	return url
}

// Need skips or fails the test when MariaDB is not installed.
func Need(tb testing.TB) {
	tb.Helper()
	err := available()
	switch {
	case err == nil:
	case os.Getenv("FROND_TEST_MARIADB") == Required:
		tb.Fatalf("FROND_TEST_MARIADB=required: %v", err)
	default:
		tb.Skipf("%v (install the package mariadb-server to run this test)", err)
	}
}

func available() error {
	for _, program := range []string{"mariadbd", "mariadb-install-db"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("the program %s is missing", program)
		}
	}
	return nil
}

// Main runs a package's tests and stops the shared server only after the last one. Use it as
//
//	func TestMain(m *testing.M) { os.Exit(mariadbtest.Main(m)) }
func Main(m *testing.M) int {
	common.Lock()
	common.kept = true
	common.Unlock()
	code := m.Run()
	common.Lock()
	defer common.Unlock()
	if common.server != nil {
		common.server.Stop()
		common.server = nil
	}
	return code
}

func acquire() (*Server, error) {
	common.Lock()
	defer common.Unlock()
	if common.failed != nil {
		return nil, common.failed
	}
	if common.server == nil {
		if common.server, common.failed = Run(); common.failed != nil {
			return nil, common.failed
		}
	}
	common.users++
	return common.server, nil
}

func release() {
	common.Lock()
	defer common.Unlock()
	if common.users--; common.users == 0 && !common.kept {
		common.server.Stop()
		common.server = nil
	}
}
