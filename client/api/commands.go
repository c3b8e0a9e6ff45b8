package api

import (
	"context"
	"time"

	"frond/client"
	"frond/wire"
)

// slowLimit is how long a command may wait for the server.
const slowLimit = 90 * time.Second

// command is how a command is done. Slow ones may wait for the server or take long to compute.
type command struct {
	slow bool
	run  func(a *API, r request) (any, error)
}

// nothing is the answer that says only that it is done.
type nothing struct{}

var commands = map[string]command{
	"start":     {true, typed((*API).start)},
	"sign-up":   {true, typed((*API).signUp)},
	"sign-in":   {true, typed((*API).signIn)},
	"sign-out":  {true, typed((*API).signOut)},
	"create":    {true, typed((*API).create)},
	"add":       {true, typed((*API).add)},
	"server":    {true, typed((*API).server)},
	"open":      {false, (*API).open},
	"older":     {false, typed((*API).older)},
	"send":      {false, typed((*API).sendText)},
	"retry":     {false, typed((*API).retry)},
	"discard":   {false, typed((*API).discard)},
	"draft":     {false, typed((*API).draft)},
	"read":      {false, typed((*API).read)},
	"reconnect": {false, typed((*API).reconnect)},

	"contact":    {true, typed((*API).contact)},
	"verify":     {false, typed((*API).verify)},
	"compare":    {true, typed((*API).compare)},
	"accept-key": {false, typed((*API).acceptKey)},
	"restore":    {false, typed((*API).restore)},
	"ask-again":  {false, typed((*API).askAgain)},
	"dismiss":    {false, typed((*API).dismiss)},
	"failures":   {false, typed((*API).failures)},

	"recovery-new":     {false, typed((*API).recoveryNew)},
	"recovery-confirm": {true, typed((*API).recoveryConfirm)},
	"recovery-check":   {false, typed((*API).recoveryCheck)},
	"recovery-off":     {true, typed((*API).recoveryOff)},
	"recover":          {true, typed((*API).recover)},
	"reset":            {true, typed((*API).reset)},
	"reset-cancel":     {true, typed((*API).resetCancel)},
	"password":         {true, typed((*API).password)},
	"protection":       {true, typed((*API).protection)},
	"unlock":           {true, typed((*API).unlock)},
	"approval-start":   {true, typed((*API).approvalStart)},
	"approval-stop":    {true, typed((*API).approvalStop)},
	"approval-open":    {true, typed((*API).approvalOpen)},
	"approval-scan":    {true, typed((*API).approvalScan)},
	"approval-answer":  {true, typed((*API).approvalAnswer)},
	"security":         {false, typed((*API).security)},
	"device-remove":    {true, typed((*API).deviceRemove)},

	"device-news-answered": {false, typed((*API).deviceNewsAnswered)},

	"device-rename": {false, typed((*API).deviceRename)},
	"settings":      {false, typed((*API).settings)},
	"setting":       {false, typed((*API).setting)},
	"replaceable":   {false, typed((*API).replaceable)},
	"devices":       {true, typed((*API).devices)},
	"members":       {false, typed((*API).members)},
	"remove-member": {true, typed((*API).remove)},
	"rename":        {true, typed((*API).rename)},
	"block":         {true, typed((*API).block)},
	"leave":         {true, typed((*API).leave)},
	"role":          {true, typed((*API).role)},
	"retention":     {true, typed((*API).retention)},
}

// typed reads a command's data strictly into its own type.
func typed[In, Out any](f func(a *API, ctx context.Context, in In) (Out, error)) func(*API, request) (any, error) {
	return func(a *API, r request) (any, error) {
		var in In
		if err := parse(r.Data, &in); err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(a.ctx, slowLimit)
		defer cancel()
		return f(a, ctx, in)
	}
}

func parse(data raw, in any) error {
	if len(data) == 0 || string(data) == null {
		return nil
	}
	if err := decode(data, in); err != nil {
		return wire.Errorf(wire.CodeBadRequest, "the command's data is not what it should be")
	}
	return nil
}

func (a *API) start(ctx context.Context, _ nothing) (session, error) {
	s, err := a.client.Start(ctx)
	return sessionOf(s), err
}

func (a *API) signOut(ctx context.Context, in struct {
	Clear bool `json:"clear"`
}) (nothing, error) {
	return nothing{}, a.client.SignOut(ctx, in.Clear)
}

type createIn struct {
	Kind   string   `json:"kind"`
	People []string `json:"people"`
	Name   string   `json:"name"`
}

type conversationRef struct {
	Conversation string `json:"conversation"`
}

func (a *API) create(ctx context.Context, in createIn) (conversationRef, error) {
	kinds := map[string]wire.ConversationKind{"direct": wire.Direct, "group": wire.Group}
	id, err := a.client.Create(ctx, client.NewConversation{Kind: kinds[in.Kind], People: in.People, Name: in.Name})
	return conversationRef{id.String()}, err
}

func (a *API) add(ctx context.Context, in struct {
	conversationRef
	People []string `json:"people"`
}) (nothing, error) {
	id, err := wire.ParseID(in.Conversation)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.Add(ctx, id, in.People)
}

func (a *API) remove(ctx context.Context, in struct {
	conversationRef
	Account string `json:"account"`
}) (nothing, error) {
	id, account, err := twoIDs(in.Conversation, in.Account)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.Remove(ctx, id, account)
}

func twoIDs(x, y string) (a, b wire.ID, err error) {
	if a, err = wire.ParseID(x); err != nil {
		return a, b, err
	}
	b, err = wire.ParseID(y)
	return a, b, err
}

type openIn struct {
	conversationRef
	Limit int `json:"limit"`
}

// open answers from the client's loop, so that no event of the timeline comes between what the
// answer shows and the answer.
func (a *API) open(r request) (any, error) {
	var in openIn
	if err := parse(r.Data, &in); err != nil {
		return nil, err
	}
	id, err := wire.ParseID(in.Conversation)
	if err != nil {
		return nil, err
	}
	err = a.client.Look(a.ctx, id, 0, in.Limit, func(p client.Page) {
		a.mu.Lock()
		a.watched, a.shown = id, in.Limit
		a.mu.Unlock()
		a.answer(r.ID, openedPage{pageOf(p), p.Draft}, nil)
	})
	return answered, err
}

type olderIn struct {
	conversationRef
	Before uint64 `json:"before"`
	Limit  int    `json:"limit"`
}

func (a *API) older(ctx context.Context, in olderIn) (page, error) {
	id, err := wire.ParseID(in.Conversation)
	if err != nil {
		return page{}, err
	}
	p, err := a.client.Messages(ctx, id, max(1, in.Before), in.Limit)
	return pageOf(p), err
}

type messageRef struct {
	Message string `json:"message"`
}

func (a *API) sendText(ctx context.Context, in struct {
	conversationRef
	Text string `json:"text"`
}) (messageRef, error) {
	id, err := wire.ParseID(in.Conversation)
	if err != nil {
		return messageRef{}, err
	}
	message, err := a.client.Send(ctx, id, in.Text)
	return messageRef{message.String()}, err
}

type bothRefs struct {
	conversationRef
	messageRef
}

func (a *API) retry(ctx context.Context, in bothRefs) (nothing, error) {
	id, message, err := twoIDs(in.Conversation, in.Message)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.Retry(ctx, id, message)
}

func (a *API) discard(ctx context.Context, in bothRefs) (nothing, error) {
	id, message, err := twoIDs(in.Conversation, in.Message)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.Discard(ctx, id, message)
}

func (a *API) read(ctx context.Context, in struct {
	conversationRef
	Position uint64 `json:"position"`
}) (nothing, error) {
	id, err := wire.ParseID(in.Conversation)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.Read(ctx, id, in.Position)
}

// draft keeps what was begun and is not sent.
func (a *API) draft(ctx context.Context, in struct {
	conversationRef
	Text string `json:"text"`
}) (nothing, error) {
	id, err := wire.ParseID(in.Conversation)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, a.client.Draft(ctx, id, in.Text)
}

type draftData struct {
	Conversation string `json:"conversation"`
	Text         string `json:"text"`
}

func (a *API) reconnect(ctx context.Context, _ nothing) (nothing, error) {
	return nothing{}, a.client.Reconnect(ctx)
}

type serverInfo struct {
	Registration string `json:"registration"`
	Release      string `json:"release"`
}

func (a *API) server(ctx context.Context, _ nothing) (serverInfo, error) {
	s, err := a.client.Server(ctx)
	return serverInfo{s.Registration, s.Release}, err
}
