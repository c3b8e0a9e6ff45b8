package store

import (
	"database/sql"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-sql-driver/mysql"

	"frond/server/store/mariadbtest"
)

// A crash may interrupt a migration of MariaDB after any of its statements; starting again finishes it.
func TestMariaDBFinishesAHalfAppliedMigration(t *testing.T) {
	t.Parallel()
	list, err := loadMigrations((&mysqlDialect{}).migrations())
	if err != nil {
		t.Fatal(err)
	}
	statements := statementsOf(list[0].text)
	for _, done := range []int{1, len(statements) / 2, len(statements) - 1, len(statements)} {
		url := mariadbtest.Start(t)
		db := plain(t, url)
		for _, text := range statements[:done] {
			if _, err := db.Exec(text); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Open(t.Context(), Options{URL: url})
		if err != nil {
			t.Fatalf("after %d statements: %v", done, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// plain connects with the plain driver.
func plain(t *testing.T, url string) *sql.DB {
	t.Helper()
	d, err := newMySQL(&Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	connector, err := mysql.NewConnector(d.(*mysqlDialect).config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Every statement for MySQL must be one that may run twice; see migration.
func TestMySQLMigrationsMayRunTwice(t *testing.T) {
	t.Parallel()
	repeatable := regexp.MustCompile(`^(CREATE TABLE IF NOT EXISTS|DROP TABLE IF EXISTS|ALTER TABLE \w+ (ADD|DROP) (COLUMN|INDEX|KEY)|CREATE INDEX) `)
	list, err := loadMigrations((&mysqlDialect{}).migrations())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		for _, text := range statementsOf(m.text) {
			if !repeatable.MatchString(text) {
				t.Errorf("migration %d: %q may not be repeatable", m.version, strings.SplitN(text, "\n", 2)[0])
			}
		}
	}
}

// Both folders describe the same tables with the same columns.
func TestBothDatabasesHaveTheSameTables(t *testing.T) {
	t.Parallel()
	lite, my := tables(t, &sqliteDialect{}), tables(t, &mysqlDialect{})
	delete(lite["entry"], "id") // the order of arrival, which MySQL does not keep
	if len(lite) != len(my) {
		t.Errorf("%d tables and %d", len(lite), len(my))
	}
	for table, columns := range lite {
		for c := range columns {
			if !my[table][c] {
				t.Errorf("MySQL has no %s.%s", table, c)
			}
		}
		if len(columns) != len(my[table]) {
			t.Errorf("%s has %d columns and %d", table, len(columns), len(my[table]))
		}
	}
}

func tables(t *testing.T, d dialect) map[string]map[string]bool {
	t.Helper()
	list, err := loadMigrations(d.migrations())
	if err != nil {
		t.Fatal(err)
	}
	head := regexp.MustCompile(`^CREATE TABLE (?:IF NOT EXISTS )?(\w+)`)
	column := regexp.MustCompile(`(?m)^  ([a-z_]+) `)
	all := map[string]map[string]bool{}
	for _, m := range list {
		for _, text := range statementsOf(m.text) {
			if h := head.FindStringSubmatch(text); h != nil {
				all[h[1]] = map[string]bool{}
				for _, c := range column.FindAllStringSubmatch(text, -1) {
					all[h[1]][c[1]] = true
				}
			}
		}
	}
	return all
}

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{{"0002_a.sql"}, {"0001_a.sql", "0003_b.sql"}, {"0001_a.sql", "0001_b.sql"}, {"first.sql"}} {
		files := fstest.MapFS{}
		for _, n := range names {
			files[n] = &fstest.MapFile{}
		}
		if _, err := loadMigrations(files); err == nil {
			t.Errorf("accepted %v", names)
		}
	}
}

func TestStatementsAreSplitAtSemicolonsThatEndALine(t *testing.T) {
	t.Parallel()
	got := statementsOf("-- a comment; with a semicolon\nCREATE TABLE a (\n  b INT -- ; c\n);\n\nDROP TABLE c;\n")
	if len(got) != 2 || !strings.HasPrefix(got[0], "CREATE TABLE a (") || got[1] != "DROP TABLE c\n" {
		t.Fatalf("%q", got)
	}
}

func TestTheDatabaseFileIsForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/made/here"
	s, err := Open(t.Context(), Options{URL: "sqlite", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{"", "/frond.db", "/frond.db-wal"} {
		info, err := os.Stat(dir + name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%q has mode %v", name, info.Mode())
		}
	}
}
