package interop

import (
	"bytes"
	"crypto/hpke"
	"os"
	"strings"
	"testing"

	"frond/mls/interop/peer"
	"frond/mls/interop/script"
)

// able is an implementation that is believed able to do everything.
type able struct{ peer.Implementation }

func (able) Traits() peer.Traits {
	return peer.Traits{
		ProposesUpdate: true, PrivateHandshake: true, PrivateProposal: true,
		Discards: true, FilteredRoot: true, NoticesReuse: true, ReadsPadding: true,
	}
}

// Each place where the scripts spare a peer is one where the peer fails; when one of these tests fails, the
// peer has been mended, and the trait that spares it can go.
func TestPeersStillFailWhereTheyAreSpared(t *testing.T) {
	for _, c := range []struct{ name, creator, steps, failure string }{
		{
			"§14, a member whose commit loses processes the winner", "frond",
			`[{"do":"add","peers":["mls-go","frond"]},{"do":"race","by":2,"targets":[1],"public":true}]`,
			"mls-go-1 processes what frond-2 sent: decrypting path secret",
		}, {
			"§6.3.1, handshakes in PrivateMessage have padding", "ts-mls",
			`[{"do":"add","peers":["mls-go","frond"]},{"do":"refs","proposals":[{"do":"add","peer":"frond"}]}]`,
			"unable to locate raw handshake body",
		}, {
			"§7.4, the left half of the tree is blank", "frond",
			`[{"do":"add","peers":["frond","frond","ts-mls"]},{"do":"remove","by":2,"targets":[0,1]}]`,
			"ts-mls-3 processes what frond-2 sent: ts-mls process: CryptoVerificationError",
		}, {
			"§12.4.2, a removed member's leaf goes to somebody else", "frond",
			`[{"do":"add","peers":["ts-mls"]},{"do":"refs","proposals":[{"do":"remove","target":1},{"do":"add","peer":"frond"}]}]`,
			"ts-mls-1 processes what frond-0 sent: ts-mls process: InternalError",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := script.Parse([]byte(`{"suite":1,"creator":"` + c.creator + `","steps":` + c.steps + `}`))
			if err != nil {
				t.Fatal(err)
			}
			_, err = script.Run(s, ableKinds(t), 6)
			if err == nil || !strings.Contains(err.Error(), c.failure) {
				t.Errorf("got %v, want %q", err, c.failure)
			}
		})
	}
}

// ableKinds are all three, none of them spared.
func ableKinds(t *testing.T) map[string]peer.Implementation {
	kinds := implementations(t, []string{"frond", "ts-mls"}, 0)
	kinds["mls-go"] = peer.MLSGo{}
	for name, k := range kinds {
		kinds[name] = able{k}
	}
	return kinds
}

// ts-mls refuses to join where two ancestors of an unmerged leaf list different unmerged leaves, which RFC
// 9420 §12.4.3.1 allows. The others join that very tree.
func TestOneJoinIsRefusedAgainstTheRFC(t *testing.T) {
	b, err := os.ReadFile("testdata/unmerged-below-fresh-root.json")
	if err != nil {
		t.Fatal(err)
	}
	for newcomer, refused := range map[string]int{"frond": 0, "mls-go": 0, "ts-mls": 1} {
		s, err := script.Parse(bytes.ReplaceAll(b, []byte("NEWCOMER"), []byte(newcomer)))
		if err != nil {
			t.Fatal(err)
		}
		stats, err := script.Run(s, implementations(t, []string{"frond", "mls-go", "ts-mls"}, 0), 6)
		if err != nil || stats.Refused != refused {
			t.Errorf("%s: %d refused, error %v, want %d", newcomer, stats.Refused, err, refused)
		}
	}
}

// What the ts-mls driver repairs is still in need of repair.
func TestTSMLSStillNeedsItsRepairs(t *testing.T) {
	list, err := drivers()
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := list[0].AsShipped(2, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	// RFC 9420 §5.1.1: an uncompressed point, 65 bytes that start with 4.
	if len(shipped.SignatureKey) != 33 {
		t.Errorf("ECDSA key of %d bytes", len(shipped.SignatureKey))
	}
	// RFC 9420 §12.4.3.2: HPKEPublicKey, 65 bytes after their length.
	if len(shipped.ExternalPub) != 65 {
		t.Errorf("external_pub of %d bytes", len(shipped.ExternalPub))
	}
}

// The KEM of the hybrid suite is the same on both sides, X-Wing or MLKEM768-X25519, 0x647a, but for one
// function: DeriveKeyPair of draft-ietf-hpke-pq, which crypto/hpke follows, hashes its input under a label,
// and that of draft-connolly-cfrg-xwing-kem does not.
func TestHybridDraftsDifferInDeriveKeyPairAlone(t *testing.T) {
	const suite = 0xF07A
	list, err := drivers()
	if err != nil {
		t.Fatal(err)
	}
	for _, ikm := range [][]byte{make([]byte, 32), bytes.Repeat([]byte{0xA5}, 32)} {
		key, err := hpke.MLKEM768X25519().DeriveKeyPair(ikm)
		if err != nil {
			t.Fatal(err)
		}
		want := key.PublicKey().Bytes()
		if got, err := list[0].DeriveKeyPair(suite, ikm); err != nil || !bytes.Equal(got, want) {
			t.Errorf("the driver derives another key, error %v", err)
		}
		if shipped, err := list[0].AsShipped(suite, ikm); err != nil || bytes.Equal(shipped.Derived, want) {
			t.Errorf("ts-mls derives the same key now, error %v", err)
		}
		if len(want) != 1216 {
			t.Errorf("public key of %d bytes", len(want))
		}
	}
}
