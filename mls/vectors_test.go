package mls

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The official test vectors (https://github.com/mlswg/mls-implementations) are not part of this
// repository. MLS_VECTORS names a folder of JSON files; without it ../shared/mls-vectors beside the
// repository is used. What a case is for is told by its fields, not by the name of its file.

// vectorKind recognises and runs one kind of case.
type vectorKind struct {
	name   string
	fields []string // all must be present
	run    func(t *testing.T, s *suite, raw json.RawMessage)
}

var vectorKinds = []vectorKind{
	{"tree-math", []string{"n_leaves", "n_nodes", "root", "left", "sibling"}, runTreeMath},
	{"deserialization", []string{"vlbytes_header", "length"}, runDeserialization},
	{"crypto-basics", []string{"ref_hash", "expand_with_label", "encrypt_with_label"}, runCryptoBasics},
	{"secret-tree", []string{"encryption_secret", "sender_data", "leaves"}, runSecretTree},
	{"message-protection", []string{"proposal_priv", "commit_priv", "application_priv"}, runMessageProtection},
	{"key-schedule", []string{"initial_init_secret", "epochs"}, runKeySchedule},
	{"psk_secret", []string{"psks", "psk_secret"}, runPSKSecret},
	{"transcript-hashes", []string{"authenticated_content", "confirmed_transcript_hash_after"}, runTranscriptHashes},
	{"welcome", []string{"init_priv", "signer_pub", "welcome"}, runWelcome},
	{"tree-operations", []string{"tree_before", "proposal", "tree_after"}, runTreeOperations},
	{"tree-validation", []string{"tree", "tree_hashes", "resolutions"}, runTreeValidation},
	{"treekem", []string{"leaves_private", "update_paths"}, runTreeKEM},
	{"messages", []string{"mls_welcome", "mls_group_info", "ratchet_tree"}, runMessages},
	{"passive-client", []string{"initial_epoch_authenticator", "epochs"}, runPassiveClient},
}

// hexBytes is binary data in a vector.
type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil || s == nil {
		return err
	}
	raw, err := hex.DecodeString(*s)
	*h = raw
	return err
}

func vectorFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("MLS_VECTORS")
	if folder == "" {
		folder = filepath.Join("..", "shared", "mls-vectors")
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(repositoryRoot(t), folder)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no test vectors: %s is missing; set MLS_VECTORS", folder)
	}
	return folder
}

func repositoryRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	must(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the tests")
		}
		dir = parent
	}
}

// vectorCounts says what was run, for the log.
type vectorCounts struct {
	ran         map[string]int
	unsupported map[string]int
}

func TestOfficialVectors(t *testing.T) {
	t.Parallel()
	folder := vectorFolder(t)
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	must(t, err)
	if len(files) == 0 {
		t.Fatalf("no *.json in %s", folder)
	}
	counts := &vectorCounts{map[string]int{}, map[string]int{}}
	t.Cleanup(counts.print)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { counts.runFile(t, file) })
	}
}

// print says what ran, when the last case is done.
func (c *vectorCounts) print() {
	for _, name := range slices.Sorted(maps.Keys(c.ran)) {
		fmt.Printf("mls vectors: %-20s %4d cases ran\n", name, c.ran[name])
	}
	for _, why := range slices.Sorted(maps.Keys(c.unsupported)) {
		fmt.Printf("mls vectors: %4d cases not run, %s\n", c.unsupported[why], why)
	}
}

func (c *vectorCounts) runFile(t *testing.T, file string) {
	b, err := os.ReadFile(file)
	must(t, err)
	var cases []json.RawMessage
	if err := json.Unmarshal(b, &cases); err != nil {
		cases = []json.RawMessage{b}
	}
	for i, raw := range cases {
		kind, err := recognise(raw)
		if err != nil {
			t.Fatalf("case %d: %v", i, err)
		}
		s, unsupported := vectorSuite(t, raw)
		if unsupported != "" {
			c.unsupported[unsupported]++
			continue
		}
		c.ran[kind.name]++
		name := fmt.Sprint(i)
		if s != nil {
			name = fmt.Sprintf("%d/suite%d", i, s.id)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind.run(t, s, raw)
		})
	}
}

func recognise(raw json.RawMessage) (vectorKind, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return vectorKind{}, err
	}
	for _, k := range vectorKinds {
		if !slices.ContainsFunc(k.fields, func(f string) bool { _, has := fields[f]; return !has }) {
			return k, nil
		}
	}
	return vectorKind{}, fmt.Errorf("no known kind of vector has the fields %s", strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
}

// vectorSuite is the suite of a case, nil when the case has none, or the name of one this package has not.
func vectorSuite(t *testing.T, raw json.RawMessage) (*suite, string) {
	var v struct {
		Suite *CipherSuite `json:"cipher_suite"`
	}
	must(t, json.Unmarshal(raw, &v))
	if v.Suite == nil {
		return nil, ""
	}
	s, err := suiteOf(*v.Suite)
	if errors.Is(err, ErrUnsupported) {
		return nil, fmt.Sprintf("suite %d: %s", *v.Suite, absent[*v.Suite])
	}
	return s, ""
}

func parseVector[T any](t *testing.T, raw json.RawMessage) T {
	t.Helper()
	var v T
	must(t, json.Unmarshal(raw, &v))
	return v
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s:\n got %x\nwant %x", what, got, want)
	}
}
