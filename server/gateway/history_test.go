package gateway_test

import (
	"fmt"
	"reflect"
	"testing"

	"frond/wire"
)

func (p *person) history(q wire.History) ([]wire.Entry, error) {
	var list wire.Entries
	err := p.ask(wire.OpHistory, q, &list)
	return list.Entries, err
}

func TestHistoryIsTheLogBackwardsWithoutFrames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben := w.join("ana"), w.join("ben")
	room := ana.meet(ben)
	ben.welcome()
	must(t, ben.ask(wire.OpSubscribe, wire.Cursor{Conversation: room.id}, nil))
	const n = 30
	for i := range n {
		ana.say(room, fmt.Sprint("line ", i))
	}
	live := ben.entries(n)
	var got []wire.Entry
	for before := uint64(0); ; {
		part, err := ben.history(wire.History{Conversation: room.id, Before: before, Limit: 7})
		must(t, err)
		if len(part) == 0 {
			break
		}
		got = append(got, part...)
		before = part[len(part)-1].Seq
	}
	if len(got) != n {
		t.Fatalf("%d entries; ben was added by the first and is not entitled to it", len(got))
	}
	for i, e := range got {
		want := live[n-1-i]
		want.Frame = []byte{}
		if !reflect.DeepEqual(e, want) {
			t.Fatalf("%+v, want %+v", e, want)
		}
	}
}

func TestHistoryAndPagesAreRefusedToStrangersAndBeyondTheLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, ben, eve := w.join("ana"), w.join("ben"), w.join("eve")
	room := ana.meet(ben)
	ana.say(room, "secret")
	_, err := eve.history(wire.History{Conversation: room.id, Limit: 10})
	wantCode(t, err, wire.CodeForbidden)
	for _, limit := range []uint32{0, wire.MaxHistory + 1} {
		_, err := ana.history(wire.History{Conversation: room.id, Limit: limit})
		wantCode(t, err, wire.CodeTooLarge)
		wantCode(t, ana.ask(wire.OpPages, wire.Pages{Conversation: room.id, Limit: limit}, nil), wire.CodeTooLarge)
	}
	page := wire.PutPage{Conversation: room.id, Revision: 1, Page: []byte("sealed")}
	wantCode(t, eve.ask(wire.OpPutPage, page, nil), wire.CodeForbidden)
	must(t, ana.ask(wire.OpPutPage, page, nil))
	for who, n := range map[*person]int{ana: 1, ben: 0, eve: 0} { // pages are of an account
		var list wire.PageList
		must(t, who.ask(wire.OpPages, wire.Pages{Conversation: room.id, Limit: 10}, &list))
		if len(list.Pages) != n {
			t.Fatalf("%s gets %d pages", who.name, len(list.Pages))
		}
		var sums wire.PageSumList
		must(t, who.ask(wire.OpPageSums, wire.PageSums{}, &sums))
		if len(sums.Sums) != n || n == 1 && sums.Sums[0] != wire.SumPage(page.Page) {
			t.Fatalf("%s gets the sums %v", who.name, sums.Sums)
		}
	}
	page.Page = make([]byte, wire.MaxPage+1)
	wantCode(t, ana.ask(wire.OpPutPage, page, nil), wire.CodeTooLarge)
	page.Page, page.Bucket = page.Page[:100], 1
	wantCode(t, ana.ask(wire.OpPutPage, page, nil), wire.CodeBadRequest)
}
