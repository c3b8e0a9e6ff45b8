package account

import (
	"testing"

	"frond/server/account/chaintest"
	"frond/wire"
)

// The server knows two devices. Since its backup was made, the first was removed, the root rotated, and a third came.
func TestADeviceBringsAServerForwardThatWasSetBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	third, before := newID(t), h.owner.Chain.Len()
	h.owner.Unlist(h.first)
	h.owner.Rotate()
	h.owner.List(third)
	forward := func(events [][]byte) wire.BringForward {
		v := h.vault()
		v.Epoch, v.Revision = 7, 40
		return wire.BringForward{Index: uint64(before), Events: events, Over: 1, Vault: v}
	}
	bring := func(change func(*wire.BringForward)) error {
		r := forward(h.owner.Since(before))
		if change != nil {
			change(&r)
		}
		if err := r.Check(); err != nil {
			return err
		}
		return h.s.BringForward(t.Context(), h.device, &r)
	}
	reset := h.authored(func(o *chaintest.Owner) { o.BeginAnew(); o.List(newID(t)) })
	unlisted := h.authored(func(o *chaintest.Owner) { o.Unlist(h.next); o.Rotate() })
	for what, c := range map[string]struct {
		change func(*wire.BringForward)
		want   wire.Code
	}{
		"a reset":                 {func(r *wire.BringForward) { r.Events = append(r.Events, reset...) }, wire.CodeBadRequest},
		"a chain without it":      {func(r *wire.BringForward) { r.Events = append(r.Events, unlisted...) }, wire.CodeBadRequest},
		"an event that is none":   {func(r *wire.BringForward) { r.Events = [][]byte{{0}} }, wire.CodeBadRequest},
		"a part of the events":    {func(r *wire.BringForward) { r.Index, r.Events = r.Index-1, r.Events[:1] }, wire.CodeConflict},
		"another revision":        {func(r *wire.BringForward) { r.Over = 2 }, wire.CodeConflict},
		"no later revision":       {func(r *wire.BringForward) { r.Vault.Revision = 1 }, wire.CodeBadRequest},
		"an earlier epoch":        {func(r *wire.BringForward) { r.Vault.Epoch = 0 }, wire.CodeBadRequest},
		"a new recovery code":     {func(r *wire.BringForward) { r.Vault.Recovery = &wire.Hash{1} }, wire.CodeBadRequest},
		"a vault without content": {func(r *wire.BringForward) { r.Vault.State = nil }, wire.CodeBadRequest},
	} {
		if got := wire.CodeOf(bring(c.change)); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
	r := forward(h.owner.Since(before))
	h.code(h.s.BringForward(t.Context(), h.guest, &r), wire.CodeForbidden)

	h.code(bring(nil), "")
	h.is(h.owner)
	a, err := h.st.AccountByID(t.Context(), h.owner.ID())
	if err != nil || a.Epoch != 7 || a.Revision != 40 {
		t.Fatal(a.Epoch, a.Revision, err)
	}
	if _, err := h.st.SessionByToken(t.Context(), h.guest.Token); wire.CodeOf(err) != wire.CodeUnauthenticated {
		t.Error("a session without a device outlives the removal that was brought")
	}
	if _, err := h.st.SessionByToken(t.Context(), h.device.Token); err != nil {
		t.Error(err)
	}
	h.code(bring(nil), wire.CodeConflict) // the chain is longer now
	again := wire.BringForward{Index: uint64(h.owner.Chain.Len()), Over: 40, Vault: wire.PutVault{Epoch: 7, Revision: 41, Header: []byte("h"), State: []byte("s")}}
	h.code(h.s.BringForward(t.Context(), h.device, &again), "") // with a vault alone
	h.is(h.owner)
	again.Over, again.Vault.Revision, again.Vault.Epoch = 41, 42, 6
	h.code(h.s.BringForward(t.Context(), h.device, &again), wire.CodeConflict)
}
