package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"frond/wire"
)

// socket is the cheapest WebSocket client that obeys RFC 6455: binary messages, no fragments sent,
// an all-zero mask. It exists so that the load generator costs less than what it measures.
type socket struct {
	net.Conn
	r *bufio.Reader
}

func dial(addr, cookie string) (*socket, error) {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	var h strings.Builder
	fmt.Fprintf(&h, "GET %s HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", wire.PathSocket, addr, addr)
	h.WriteString("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
	if cookie != "" {
		fmt.Fprintf(&h, "Cookie: %s\r\n", cookie)
	}
	h.WriteString("\r\n")
	if _, err := io.WriteString(c, h.String()); err != nil {
		return nil, err
	}
	s := &socket{Conn: c, r: bufio.NewReaderSize(c, 4096)}
	return s, s.readUpgrade()
}

func (s *socket) readUpgrade() error {
	for first := true; ; first = false {
		line, err := s.r.ReadString('\n')
		if err != nil {
			return fmt.Errorf("upgrade: %w", err)
		}
		if first && !strings.Contains(line, " 101 ") {
			return fmt.Errorf("upgrade refused: %s", strings.TrimSpace(line))
		}
		if line == "\r\n" {
			return nil
		}
	}
}

// message frames payload as one masked binary message.
func message(payload []byte) []byte {
	b := []byte{0x82}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return append(append(b, 0, 0, 0, 0), payload...)
}

func (s *socket) request(kind wire.Kind, id uint64, body any) error {
	f, err := wire.EncodeFrame(kind, id, body)
	if err != nil {
		return err
	}
	_, err = s.Write(message(f))
	return err
}

// next reads one message and answers pings.
func (s *socket) next() ([]byte, error) {
	var head [10]byte
	for {
		if _, err := io.ReadFull(s.r, head[:2]); err != nil {
			return nil, err
		}
		n := uint64(head[1] & 0x7f)
		if wide := map[uint64]int{126: 2, 127: 8}[n]; wide > 0 {
			if _, err := io.ReadFull(s.r, head[2:2+wide]); err != nil {
				return nil, err
			}
			n = 0
			for _, c := range head[2 : 2+wide] {
				n = n<<8 | uint64(c)
			}
		}
		payload := make([]byte, n)
		if _, err := io.ReadFull(s.r, payload); err != nil {
			return nil, err
		}
		switch head[0] & 0x0f {
		case 8:
			return nil, io.EOF
		case 9:
			if _, err := s.Write([]byte{0x8a, 0x80, 0, 0, 0, 0}); err != nil {
				return nil, err
			}
		case 2:
			return payload, nil
		}
	}
}

// entryMark begins every entry push: an array of three, kind 66, id 0. No other byte of the
// generated traffic is 0x83, so counting marks counts deliveries without decoding anything.
var entryMark = []byte{0x83, 0x18, byte(wire.PushEntry), 0x00}

// countEntries reads until the connection ends and reports entries as they come.
func (s *socket) countEntries(size int, got func(n int)) {
	buf := make([]byte, size)
	kept := 0
	for {
		n, err := s.r.Read(buf[kept:])
		if n > 0 {
			seen := buf[:kept+n]
			if c := bytes.Count(seen, entryMark); c > 0 {
				got(c)
			}
			tail := seen[max(0, len(seen)-len(entryMark)+1):]
			kept = copy(buf, tail)
		}
		if err != nil {
			return
		}
	}
}
