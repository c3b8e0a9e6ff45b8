package store

import (
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"frond/server/store/mariadbtest"
	"frond/wire"
)

// hotStatement is one that runs for every message, connection or read, with parameters for it.
type hotStatement struct {
	name string
	text string
	args []any
}

func hotStatements(w *words, conversation, account, device wire.ID) []hotStatement {
	pad := func(name string, l *lookup, n int, keys ...any) hotStatement {
		list := make([][]any, n)
		for i := range list {
			list[i] = keys
		}
		text, args := l.pad(list)
		return hotStatement{fmt.Sprint(name, " ", n), text, args}
	}
	id, other, token := device[:], make([]byte, 16), make([]byte, 32)
	list := []hotStatement{
		{"entries", selectEntries, []any{conversation[:], 10, 1 << 60, 16}},
		{"session", selectSession, []any{token, 5}},
		{"credentials", credentialsByName, []any{"person1"}},
		{"account by name", accountByName, []any{"person1"}},
		{"account by id", accountByID, []any{account[:]}},
		{"chain", selectChain, []any{account[:]}},
		{"count keys", countKeys, []any{id}},
		{"inbox", selectInbox, []any{id, 0, 100}},
		{"windows", selectWindows, []any{conversation[:], id}},
		{"group info", selectGroupInfo, []any{conversation[:]}},
		{"conversations", conversationsOf, []any{id, account[:]}},
		{"account's windows", w.loadAccount, []any{account[:], conversation[:]}},
		{"windows for history", selectAccountWindows, []any{account[:], conversation[:]}},
		{"history", selectHistory, []any{conversation[:], 0, 1 << 60, 16}},
		{"pages", selectPages, []any{account[:], conversation[:], 1 << 60, 16}},
		{"due", selectDue, []any{1 << 60, 200}},
		{"page", selectPage, []any{account[:], conversation[:], 0}},
	}
	for _, n := range []int{1, 4, 16, 64} {
		list = append(list,
			pad("load conversations", &w.loadConversations, n, conversation[:]),
			pad("load appended", &w.loadAppended, n, id, other),
			pad("load members", &w.loadMembers, n, conversation[:], id),
			pad("load devices", &loadDevices, n, id),
			pad("load pairs", &loadPairs, n, token),
			pad("oldest keys", &oldestKeys, n, id),
		)
		growth := pad("longer", &longer, n, conversation[:])
		growth.args = append([]any{1}, growth.args...)
		list = append(list, growth)
	}
	return list
}

func TestHotStatementsUseAnIndexOnSQLite(t *testing.T) {
	t.Parallel()
	s, conversation, account, device := filled(t, Options{URL: "sqlite::memory:"})
	explain(t, s, hotStatements(s.words, conversation, account, device), "EXPLAIN QUERY PLAN ", func(row map[string]string) string {
		detail := row["detail"]
		if strings.HasPrefix(detail, "SCAN ") && !strings.Contains(detail, "CONSTANT ROW") && !strings.Contains(detail, "VALUES CLAUSE") {
			return detail
		}
		return ""
	})
}

func TestHotStatementsUseAnIndexOnMariaDB(t *testing.T) {
	t.Parallel()
	s, conversation, account, device := filled(t, Options{URL: mariadbtest.Start(t)})
	for _, table := range []string{"account", "chain_event", "conversation", "device", "entry", "inbox", "key_package", "member", "session", "welcome"} {
		if err := s.read(t.Context(), "analyze", func(l *link) error {
			return l.query(func(*sql.Rows) error { return nil }, "ANALYZE TABLE "+table)
		}); err != nil {
			t.Fatal(err)
		}
	}
	explain(t, s, hotStatements(s.words, conversation, account, device), "EXPLAIN ", func(row map[string]string) string {
		if row["type"] == "ALL" || row["type"] == "index" {
			return fmt.Sprint(row)
		}
		return ""
	})
}

// explain asks the database for each statement's plan; scan returns a row that reads a whole table.
func explain(t *testing.T, s *Store, list []hotStatement, verb string, scan func(row map[string]string) string) {
	t.Helper()
	for _, h := range list {
		steps := 0
		err := s.read(t.Context(), "explain", func(l *link) error {
			return l.query(func(r *sql.Rows) error {
				steps++
				row, err := columnsOf(r)
				if found := scan(row); found != "" {
					t.Errorf("%s: %s", h.name, found)
				}
				return err
			}, verb+h.text, h.args...)
		})
		if err != nil || steps == 0 {
			t.Errorf("%s: %d steps, %v", h.name, steps, err)
		}
	}
}

func columnsOf(r *sql.Rows) (map[string]string, error) {
	names, err := r.Columns()
	values := make([]sql.NullString, len(names))
	dest := make([]any, len(names))
	for i := range dest {
		dest[i] = &values[i]
	}
	row := map[string]string{}
	if err == nil {
		err = r.Scan(dest...)
	}
	for i, n := range names {
		row[n] = values[i].String
	}
	return row, err
}

// filled is a store with enough rows that a full scan would be the wrong plan, and one of each id in it.
func filled(t *testing.T, o Options) (s *Store, conversation, account, device wire.ID) {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	raw := make([]byte, 73)
	raw[0] = 0x80
	token := []byte(base64.URLEncoding.EncodeToString(raw))
	refs := make([]wire.MemberRef, 60)
	for i := range refs {
		refs[i] = wire.MemberRef{Account: drawID(), Device: drawID()}
		a := Account{ID: refs[i].Account, Name: fmt.Sprint("person", i), KDF: wire.KDF{Salt: make([]byte, 16)}, Revision: 1}
		check(t, s.CreateAccount(t.Context(), a, [][]byte{{1}, {2}}, Device{ID: refs[i].Device}, nil))
		_, err := s.PublishKeys(t.Context(), refs[i].Device, [][]byte{{1}, {2}, {3}, {4}}, []byte{9}, false)
		check(t, err)
		check(t, s.CreateSession(t.Context(), Session{Token: wire.Hash{byte(i)}, Account: a.ID, Expires: time.Now().Add(time.Hour)}))
	}
	for i := range 40 {
		conversation = drawID()
		a := refs[i]
		batch := []Append{{Account: a.Account, Device: a.Device, Create: &wire.Create{Kind: wire.Group, Handshake: wire.Handshake{
			Conversation: conversation, Message: drawID(), Frame: []byte{1}, GroupInfo: []byte{1}, Welcome: []byte{1}, Add: refs[i+1 : i+11]}}}}
		for range 50 {
			batch = append(batch, Append{Account: a.Account, Device: a.Device, Send: &wire.Send{Conversation: conversation,
				Message: drawID(), Handshake: 1, Frame: []byte{1}, Token: token}})
		}
		for _, r := range s.Append(t.Context(), batch) {
			check(t, r.Err)
		}
	}
	return s, conversation, refs[39].Account, refs[39].Device
}

func drawID() (id wire.ID) {
	_, _ = rand.Read(id[:])
	return id
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
