package api

import (
	"context"
	"errors"
	"sync"

	"frond/client"
	"frond/wire"
)

// queued is how many quick commands may wait.
const queued = 256

// API serves one user interface.
type API struct {
	client *client.Client
	rand   reader
	post   func(message []byte)
	ctx    context.Context
	cancel context.CancelFunc
	quick  chan request
	wg     sync.WaitGroup

	mu      sync.Mutex
	watched wire.ID // the conversation whose timeline the interface shows
	shown   int     // how many of its rows
	offered string  // a recovery code that was shown and not confirmed yet
}

// request is a command of the interface.
type request struct {
	ID      uint64 `json:"id"`
	Command string `json:"command"`
	Data    raw    `json:"data"`
}

// New makes a client and its API. post gets each message for the interface, one after the other; it
// must not wait for the API.
func New(cfg client.Config, post func(message []byte)) (*API, error) {
	a := &API{post: post, quick: make(chan request, queued)}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.rand = random(cfg.Rand)
	cfg.Emit = a.event
	c, err := client.New(cfg)
	if err != nil {
		a.cancel()
		return nil, err
	}
	a.client = c
	a.wg.Go(a.serveQuick)
	return a, nil
}

// Close ends the API and its client.
func (a *API) Close(ctx context.Context) error {
	a.cancel()
	err := a.client.Close(ctx)
	a.wg.Wait()
	return err
}

// Handle takes one command and returns at once. Commands that are quick are done in the
// order in which they come; those that stretch a password or wait for the server run beside them.
func (a *API) Handle(message []byte) {
	var r request
	if err := decode(message, &r); err != nil {
		a.answer(r.ID, nil, wire.Errorf(wire.CodeBadRequest, "a command is {id, command, data}"))
		return
	}
	c, ok := commands[r.Command]
	switch {
	case !ok:
		a.answer(r.ID, nil, wire.Errorf(wire.CodeBadRequest, "there is no such command"))
	case c.slow:
		a.wg.Go(func() { a.do(c, r) })
	default:
		select {
		case a.quick <- r:
		default:
			a.answer(r.ID, nil, wire.Errorf(wire.CodeRateLimited, "too many commands wait"))
		}
	}
}

func (a *API) serveQuick() {
	for {
		select {
		case r := <-a.quick:
			a.do(commands[r.Command], r)
		case <-a.ctx.Done():
			return
		}
	}
}

// do runs a command and answers it, unless the command did that itself.
func (a *API) do(c command, r request) {
	out, err := c.run(a, r)
	if out != answered || err != nil {
		a.answer(r.ID, out, err)
	}
}

// answered is what a command returns that has posted its own answer.
var answered any = &struct{ _ byte }{}

type reply struct {
	ID    uint64   `json:"id"`
	OK    any      `json:"ok,omitempty"`
	Error *refusal `json:"error,omitempty"`
}

type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (a *API) answer(id uint64, out any, err error) {
	if err != nil {
		a.send(reply{ID: id, Error: refused(err)})
		return
	}
	a.send(reply{ID: id, OK: out})
}

// refused is an error as the interface gets it: a code and a sentence.
func refused(err error) *refusal {
	var e *wire.Error
	switch {
	case errors.As(err, &e):
		return &refusal{Code: string(e.Code), Message: e.Message}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &refusal{Code: string(client.CodeOffline), Message: "This took too long. Try again."}
	}
	return &refusal{Code: string(wire.CodeInternal), Message: err.Error()}
}

func (a *API) send(v any) {
	message, err := encode(v)
	if err != nil {
		panic(err) // unreachable: all types here can be written
	}
	a.post(message)
}
