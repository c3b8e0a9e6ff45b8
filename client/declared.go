package client

import (
	"slices"

	"frond/identity"
	"frond/mls"
	"frond/wire"
)

// admit judges a commit by the rules, and by what its author declared to the server. g is the group before
// it; nil for a commit by which this device joins.
func (v *verifier) admit(g *mls.Group, s *mls.Staged) (change, error) {
	ch, err := v.judgeStaged(s)
	if err != nil {
		return ch, err
	}
	return ch, ch.checkDeclared(v, g, s.Effects())
}

// checkDeclared demands that the commit's authenticated data, on which the server acted, say what the
// commit does: the server ends and begins delivery by it, and cannot read the commit. It also compared the
// declared author with the session: a leaf of another account or device than that is nobody's. Devices that
// return must be in the group and stay.
func (ch *change) checkDeclared(v *verifier, g *mls.Group, e mls.Effects) (err error) {
	if ch.declared, err = wire.ParseDeclaration(e.AAD); err != nil {
		return notAllowed("what is declared: %v", err)
	}
	d := &ch.declared
	if d.Author != refOf(ch.by) {
		return notAllowed("the author is another device than it declares")
	}
	if !slices.Equal(d.Add, deviceRefs(ch.added)) || !slices.Equal(d.Remove, deviceRefs(ch.removed)) {
		return notAllowed("the commit does to its members what it does not declare")
	}
	if len(d.Return) == 0 && !d.Whole {
		return nil
	}
	if ch.external || g == nil {
		return notAllowed("a device that joins brings nobody back")
	}
	var stay []identity.Credential
	for _, m := range g.Members() {
		if c, err := v.credential(m); err == nil {
			stay = append(stay, c)
		}
	}
	members := deviceRefs(stay)
	if d.Whole && !slices.Equal(d.Return, members) {
		return notAllowed("names others than all members")
	}
	for _, m := range d.Return {
		if !slices.Contains(members, m) || slices.Contains(d.Remove, m) {
			return notAllowed("brings back a device that is not a member")
		}
	}
	return nil
}

// deviceRefs names the devices of credentials, sorted.
func deviceRefs(list []identity.Credential) []wire.MemberRef {
	var refs []wire.MemberRef
	for _, c := range list {
		refs = append(refs, refOf(c))
	}
	return wire.SortedRefs(refs)
}

// refOf names the device of a credential.
func refOf(c identity.Credential) wire.MemberRef {
	return wire.MemberRef{Account: wire.ID(c.Account), Device: wire.ID(c.Device)}
}
