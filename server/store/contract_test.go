package store_test

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/go-sql-driver/mysql"

	"frond/server/store"
	"frond/server/store/mariadbtest"
	"frond/server/store/storetest"
)

func TestContractOnSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB) storetest.Database {
		dir := tb.TempDir()
		return storetest.Database{
			Options: store.Options{URL: "sqlite", Dir: dir},
			Raw: func(tb testing.TB) *sql.DB {
				db, err := sql.Open("sqlite", filepath.Join(dir, "frond.db")+"?_pragma=busy_timeout(5000)")
				if err != nil {
					tb.Fatal(err)
				}
				return db
			},
			Refuse: "CREATE TRIGGER refuse BEFORE INSERT ON group_info BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
			Allow:  "DROP TRIGGER refuse",
		}
	})
}

func TestContractOnSQLiteInMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB) storetest.Database {
		return storetest.Database{Options: store.Options{URL: "sqlite::memory:"}}
	})
}

func TestContractOnMariaDB(t *testing.T) {
	t.Parallel()
	mariadbtest.Need(t)
	storetest.Run(t, func(tb testing.TB) storetest.Database {
		url := mariadbtest.Start(tb)
		return storetest.Database{
			Options: store.Options{URL: url},
			Raw:     func(tb testing.TB) *sql.DB { return rawMariaDB(tb, url) },
			Refuse: "CREATE TRIGGER refuse BEFORE INSERT ON group_info FOR EACH ROW " +
				"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the disk is full'",
			Allow: "DROP TRIGGER refuse",
		}
	})
}

// rawMariaDB connects with the plain driver.
func rawMariaDB(tb testing.TB, text string) *sql.DB {
	tb.Helper()
	u, err := url.Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr, c.DBName = u.User.Username(), "tcp", u.Host, u.Path[1:]
	c.Passwd, _ = u.User.Password()
	db, err := sql.Open("mysql", c.FormatDSN())
	if err != nil {
		tb.Fatal(err)
	}
	return db
}
