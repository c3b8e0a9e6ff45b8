package api

import (
	"context"

	"frond/client"
	"frond/wire"
)

type member struct {
	Account  string `json:"account"`
	Name     string `json:"name"`
	Role     string `json:"role"`
	You      bool   `json:"you"`
	Verified bool   `json:"verified"`
	Changed  bool   `json:"changed"`
	Blocked  bool   `json:"blocked"`
}

type rights struct {
	Add    bool `json:"add"`
	Remove bool `json:"remove"`
	Rename bool `json:"rename"`
	Leave  bool `json:"leave"`
	Roles  bool `json:"roles"`

	Retention bool `json:"retention"`
}

type membersData struct {
	Members []member `json:"members"`
	Can     rights   `json:"can"`
}

var roleNames = map[client.Role]string{client.Member: "member", client.Moderator: "moderator", client.Owner: "owner"}

func (a *API) members(ctx context.Context, in conversationRef) (membersData, error) {
	id, err := wire.ParseID(in.Conversation)
	if err != nil {
		return membersData{}, err
	}
	list, can, err := a.client.Members(ctx, id)
	out := membersData{Members: []member{}, Can: rights{Add: can.Add, Remove: can.Remove, Rename: can.Rename, Roles: can.Roles, Leave: can.Leave, Retention: can.Retention}}
	for _, p := range list {
		out.Members = append(out.Members, member{p.Account.String(), p.Name, roleNames[p.Role], p.You, p.Verified, p.Changed, p.Blocked})
	}
	return out, err
}

func (a *API) leave(ctx context.Context, in conversationRef) (nothing, error) {
	id, err := wire.ParseID(in.Conversation)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.Leave(ctx, id)
}

func (a *API) rename(ctx context.Context, in struct {
	conversationRef
	Name string `json:"name"`
}) (nothing, error) {
	id, err := wire.ParseID(in.Conversation)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.Rename(ctx, id, in.Name)
}

func (a *API) role(ctx context.Context, in struct {
	conversationRef
	accountRef
	Role string `json:"role"`
}) (nothing, error) {
	id, account, err := twoIDs(in.Conversation, in.Account)
	if err != nil {
		return nothing{}, err
	}
	for role, name := range roleNames {
		if name == in.Role {
			return nothing{}, a.client.SetRole(ctx, id, account, role)
		}
	}
	return nothing{}, wire.Errorf(wire.CodeBadRequest, "there is no such role")
}
