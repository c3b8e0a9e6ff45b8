package client

import (
	"slices"
	"testing"

	"frond/wire"
)

// everyReason is what a row of a timeline may say about itself.
var everyReason = []Reason{
	ReasonBeforeJoin, ReasonKeyGone, ReasonBehind, ReasonReplayed, ReasonDamaged, ReasonAltered, ReasonForged, ReasonNewer,
	ReasonOwnLost, ReasonNoKey, ReasonVaultDamaged, ReasonVaultStale, ReasonWithheld, ReasonForked, ReasonAsking, ReasonMissingBefore,
	ReasonGone, ReasonLifetime, ReasonBeforeReset, ReasonBlocked, ReasonUnlisted,
}

func TestEveryReasonHasASentenceOneActionAndACount(t *testing.T) {
	t.Parallel()
	actions := []string{actionAsk, actionRestore, actionReload, actionDismiss}
	for _, r := range everyReason {
		e := r.explain()
		if e.Code != string(r) || e.Text == "" || e.Text[len(e.Text)-1] != '.' {
			t.Errorf("%s says %+v", r, e)
		}
		if !slices.Contains(actions, e.Action) {
			t.Errorf("%s has the action %q", r, e.Action)
		}
		failure := r != ReasonAsking && r != ReasonBlocked && r != ReasonUnlisted // a wish, or not decided
		if failure && !slices.Contains(wire.FailureNames, string(r)) {
			t.Errorf("%s can not be reported", r)
		}
	}
	if len(explanations) != len(everyReason) {
		t.Errorf("%d reasons are explained, %d are known here", len(explanations), len(everyReason))
	}
	for _, name := range []string{countSkipped, countLostStep, countLostSeat, countRolledBack, countBroken, countRejoined, countKeyFound} {
		if !slices.Contains(wire.FailureNames, name) {
			t.Errorf("%s can not be reported", name)
		}
	}
	if !slices.IsSorted(wire.FailureNames) {
		t.Error("the names are not in order")
	}
}
