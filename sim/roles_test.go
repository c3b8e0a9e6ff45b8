package sim

import (
	"context"
	"testing"
	"time"

	"frond/client"
	"frond/wire"
)

func (p *person) title(t *testing.T, id wire.ID) string {
	t.Helper()
	for _, v := range p.conversations(context.Background()) {
		if v.ID == id {
			return v.Title
		}
	}
	t.Fatalf("%s is not in it", p.name)
	return ""
}

func TestAnOwnerNamesTheGroupAndGivesRoles(t *testing.T) {
	tell(t, 4, func(t *testing.T, w *World, p []*person) {
		ctx := context.Background()
		ada, ben, cleo, dan := p[0], p[1], p[2], p[3]
		id := ada.create(t, wire.Group, ben, cleo)
		may := func(p *person) client.Rights {
			_, can, err := p.on().Members(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			return can
		}
		if may(ben) != (client.Rights{Leave: true}) || may(ada) != (client.Rights{Add: true, Remove: true, Rename: true, Roles: true, Retention: true}) {
			t.Fatalf("%+v, %+v", may(ben), may(ada))
		}
		for what, err := range map[string]error{
			"a member renames":          ben.on().Rename(ctx, id, "ben's"),
			"a member makes an owner":   ben.on().SetRole(ctx, id, ben.account, client.Owner),
			"the last owner steps down": ada.on().SetRole(ctx, id, ada.account, client.Member),
		} {
			if wire.CodeOf(err) != wire.CodeForbidden {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := ada.on().Rename(ctx, id, "  Garden "); err != nil {
			t.Fatal(err)
		}
		if err := ada.on().SetRole(ctx, id, ben.account, client.Moderator); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if cleo.title(t, id) != "Garden" {
			t.Fatalf("cleo is in %q", cleo.title(t, id))
		}
		if may(ben) != (client.Rights{Add: true, Remove: true, Leave: true}) {
			t.Fatalf("a moderator may %+v", may(ben))
		}
		if err := ben.on().Add(ctx, id, []string{dan.name}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		list, _, err := dan.on().Members(ctx, id)
		if err != nil || len(list) != 4 || !list[0].You || list[0].Role != client.Member {
			t.Fatalf("%+v, %v", list, err)
		}
		if wire.CodeOf(ben.on().Rename(ctx, id, "ben's")) != wire.CodeForbidden {
			t.Fatal("a moderator renames")
		}
		if err := ada.on().SetRole(ctx, id, ben.account, client.Owner); err != nil {
			t.Fatal(err)
		}
		if err := ada.on().SetRole(ctx, id, ada.account, client.Member); err != nil {
			t.Fatalf("with another owner there: %v", err)
		}
	})
}
