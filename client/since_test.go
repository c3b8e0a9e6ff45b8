package client

import (
	"testing"

	"frond/mls"
	"frond/wire"
)

// Somebody's leaf takes the place, and the device id, of another one in the commit that removes it. What was sent
// to that device only is not for the newcomer.
func TestWhoTakesOverADevicesIDWasNotThereBefore(t *testing.T) {
	t.Parallel()
	circle := newCircle(t, wire.Group)
	c, v := desk(circle, shelf{})
	twin := circle.ann.twin(circle.bob)
	s := must(circle.ownerG.Commit(config(), mls.CommitOptions{
		Remove: []mls.LeafIndex{circle.leaf(circle.bob)}, Add: []*mls.KeyPackage{packageOf(twin)},
	}))
	v.group = s.Merge()
	tx := c.begin()
	if err := c.noteCame(tx, v, circle.ownerG, &v.roster); err != nil {
		t.Fatal(err)
	}
	if err := tx.commit(); err != nil {
		t.Fatal(err)
	}
	v.roster.Retention = DeviceOnly
	before := &messageRecord{Epoch: circle.ownerG.Epoch()}
	if c.entitled(v, twin.id(), wire.ID(twin.cred.Device), before) {
		t.Error("the newcomer may have what was sent before")
	}
	if !c.entitled(v, circle.moderator.id(), wire.ID(circle.moderator.cred.Device), before) {
		t.Error("who was there may not have it")
	}
}
