package peer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// driver is a Node process that answers one JSON line with one JSON line.
type driver struct {
	mu  sync.Mutex
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// request and response are the whole vocabulary of tsmls/driver.mjs; byte strings travel as base64.
type request struct {
	Op       string   `json:"op"`
	Member   string   `json:"member,omitempty"`
	Other    string   `json:"other,omitempty"`
	Suite    uint16   `json:"suite,omitempty"`
	Name     string   `json:"name,omitempty"`
	Unpadded bool     `json:"unpadded,omitempty"`
	GroupID  []byte   `json:"groupId,omitempty"`
	Message  []byte   `json:"message,omitempty"`
	Resync   bool     `json:"resync,omitempty"`
	Add      [][]byte `json:"add,omitempty"`
	Remove   []uint32 `json:"remove,omitempty"`
	PSKs     [][]byte `json:"psks,omitempty"`
	Public   bool     `json:"public,omitempty"`
	AAD      []byte   `json:"aad"`
	Text     []byte   `json:"plaintext"`
	Label    string   `json:"label,omitempty"`
	Context  []byte   `json:"context,omitempty"`
	Length   int      `json:"length,omitempty"`
}

type response struct {
	Error         string   `json:"error"`
	Suites        []uint16 `json:"suites"`
	Message       []byte   `json:"message"`
	Removed       bool     `json:"removed"`
	AAD           []byte   `json:"aad"`
	Text          []byte   `json:"plaintext"`
	Leaf          uint32   `json:"leaf"`
	Epoch         uint64   `json:"epoch"`
	Authenticator []byte   `json:"authenticator"`
	Exported      []byte   `json:"exported"`
	SignatureKey  []byte   `json:"signatureKey"`
	ExternalPub   []byte   `json:"externalPub"`
	Nanoseconds   float64  `json:"nanoseconds"`
}

// startDriver runs node driver.mjs in dir, which must hold installed node_modules.
func startDriver(dir string) (*driver, error) {
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "ts-mls")); err != nil {
		return nil, fmt.Errorf("ts-mls is not installed, run npm --prefix %s ci: %w", dir, err)
	}
	cmd := exec.Command("node", "driver.mjs")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start node: %w", err)
	}
	return &driver{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 1<<20)}, nil
}

func (d *driver) call(r request) (response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var answer response
	line, err := json.Marshal(r)
	if err != nil {
		return answer, err
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		return answer, fmt.Errorf("ts-mls driver %s: %w", r.Op, err)
	}
	back, err := d.out.ReadBytes('\n')
	if err != nil {
		return answer, fmt.Errorf("ts-mls driver %s: %w", r.Op, err)
	}
	if err := json.Unmarshal(back, &answer); err != nil {
		return answer, fmt.Errorf("ts-mls driver %s: %w", r.Op, err)
	}
	if answer.Error != "" {
		return answer, errors.New("ts-mls " + r.Op + ": " + strings.TrimSpace(answer.Error))
	}
	return answer, nil
}

func (d *driver) close() error {
	d.in.Close()
	return d.cmd.Wait()
}
