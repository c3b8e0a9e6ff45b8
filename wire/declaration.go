package wire

import (
	"bytes"
	"slices"
	"sort"
)

// declarationVersion is the only version there is.
const declarationVersion = 1

// Declaration is what a handshake tells the server about membership, and who says so. It is the MLS
// authenticated data of the commit, so that its author signs what the server acts on; the server compares
// the author with the session, and members compare all of it with what the commit does. The lists are
// sorted. It has one encoding.
type Declaration struct {
	Version uint64      `cbor:"1,keyasint"`
	Author  MemberRef   `cbor:"2,keyasint"`
	Add     []MemberRef `cbor:"3,keyasint,omitempty"`
	Remove  []MemberRef `cbor:"4,keyasint,omitempty"`
	Return  []MemberRef `cbor:"5,keyasint,omitempty"`
	Whole   bool        `cbor:"6,keyasint,omitempty"` // Return names all members
}

// Declare returns the encoded Declaration of a membership change, whatever the order of its lists.
func Declare(author MemberRef, add, remove, back []MemberRef) []byte {
	return Declaration{Author: author, Add: add, Remove: remove, Return: back}.encode()
}

// DeclareWhole returns the encoded Declaration of a handshake after which exactly these are members.
func DeclareWhole(author MemberRef, members []MemberRef) []byte {
	return Declaration{Author: author, Return: members, Whole: true}.encode()
}

func (d Declaration) encode() []byte {
	d.Version = declarationVersion
	d.Add, d.Remove, d.Return = SortedRefs(d.Add), SortedRefs(d.Remove), SortedRefs(d.Return)
	b, err := Encode(d)
	if err != nil {
		panic(err) // unreachable: no field can fail
	}
	return b
}

// ParseDeclaration reads authenticated data. It refuses what Declare would not have written.
func ParseDeclaration(b []byte) (Declaration, error) {
	var d Declaration
	if err := Decode(b, &d); err != nil {
		return Declaration{}, err
	}
	if d.Version != declarationVersion || !bytes.Equal(b, d.encode()) {
		return Declaration{}, Errorf(CodeBadRequest, "malformed Declaration")
	}
	return d, nil
}

// SortedRefs returns a sorted copy, by account and then by device.
func SortedRefs(refs []MemberRef) []MemberRef {
	refs = slices.Clone(refs)
	sort.Slice(refs, func(i, j int) bool {
		if d := bytes.Compare(refs[i].Account[:], refs[j].Account[:]); d != 0 {
			return d < 0
		}
		return bytes.Compare(refs[i].Device[:], refs[j].Device[:]) < 0
	})
	return refs
}
