// Command baseline is the bare server that bench compares Frond with: WebSocket in, one durable SQLite
// transaction per batch, ready-made frames out, everything that waits for a connection in one write.
// No accounts, no membership, no cursors, no catch-up: what is left is the floor.
package main

import (
	"bytes"
	"database/sql"
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/gorilla/websocket"
	_ "modernc.org/sqlite"
)

type item struct {
	from *conn
	body []byte
}

type room struct {
	mu    sync.Mutex
	conns []*conn
}

type conn struct {
	ws      *websocket.Conn
	room    *room
	mu      sync.Mutex
	waiting [][]byte
	writing bool
}

var (
	incoming = make(chan item, 4096)
	rooms    sync.Map
	ack      = []byte{0x83, 0x18, 64, 0x00, 0xa0}
	upgrader = websocket.Upgrader{ReadBufferSize: 2048, WriteBufferSize: 1024, WriteBufferPool: &sync.Pool{}, CheckOrigin: func(*http.Request) bool { return true }}
)

// push queues frames that are shared with other connections and starts a writer unless one runs.
func (c *conn) push(frames []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, frames)
	if !c.writing {
		c.writing = true
		go c.write()
	}
}

func (c *conn) write() {
	for {
		c.mu.Lock()
		frames := c.waiting
		c.waiting = nil
		c.writing = len(frames) > 0
		c.mu.Unlock()
		if len(frames) == 0 {
			return
		}
		out := frames[0]
		if len(frames) > 1 {
			out = bytes.Join(frames, nil)
		}
		if err := c.ws.WriteMessage(websocket.BinaryMessage, out); err != nil {
			c.ws.Close()
			return
		}
	}
}

func (c *conn) read() {
	for {
		_, body, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		incoming <- item{c, body}
	}
}

// writer makes whatever waits durable in one transaction, then hands it out.
func writer(insert func([]item) error) {
	for first := range incoming {
		batch := []item{first}
	gather:
		for len(batch) < 256 {
			select {
			case next := <-incoming:
				batch = append(batch, next)
			default:
				break gather
			}
		}
		if err := insert(batch); err != nil {
			log.Fatal(err)
		}
		out := map[*room][]byte{}
		for _, it := range batch {
			out[it.from.room] = append(out[it.from.room], it.body...)
		}
		for r, frames := range out {
			r.mu.Lock()
			for _, c := range r.conns {
				c.push(frames)
			}
			r.mu.Unlock()
		}
		for _, it := range batch {
			it.from.push(ack)
		}
	}
}

func main() {
	db, err := sql.Open("sqlite", "file:"+os.Args[2]+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_txlock=immediate")
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE entry (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)"); err != nil {
		log.Fatal(err)
	}
	stmt, err := db.Prepare("INSERT INTO entry (body) VALUES (?)")
	if err != nil {
		log.Fatal(err)
	}
	go writer(func(batch []item) error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback() // after Commit it does nothing
		for _, it := range batch {
			if _, err := tx.Stmt(stmt).Exec(it.body); err != nil {
				return err
			}
		}
		return tx.Commit()
	})
	log.Fatal(http.ListenAndServe(os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		found, _ := rooms.LoadOrStore(r.Header.Get("Cookie"), &room{})
		c := &conn{ws: ws, room: found.(*room)}
		c.room.mu.Lock()
		c.room.conns = append(c.room.conns, c)
		c.room.mu.Unlock()
		go c.read() // its own goroutine, so that what net/http holds is freed
	})))
}
