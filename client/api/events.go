package api

import (
	"frond/client"
	"frond/wire"
)

type eventMessage struct {
	Event string `json:"event"`
	Data  any    `json:"data"`
}

type conversationsData struct {
	Conversations []conversation `json:"conversations"`
}

type conversationData struct {
	Conversation conversation `json:"conversation"`
}

type timelineData struct {
	Conversation string    `json:"conversation"`
	Upsert       []message `json:"upsert"`
	Remove       []string  `json:"remove"`
}

type faultData struct {
	Code   wire.Code `json:"code"`
	Text   string    `json:"text"`
	Action string    `json:"action,omitempty"`

	Account string `json:"account,omitempty"`

	Conversation string `json:"conversation,omitempty"`
}

func faultOf(e client.Fault) faultData {
	out := faultData{Code: e.Code, Text: e.Text, Action: e.Action}
	if !e.Account.IsZero() {
		out.Account = e.Account.String()
	}
	if !e.Conversation.IsZero() {
		out.Conversation = e.Conversation.String()
	}
	return out
}

// event passes on what the client says. It runs in the client's loop.
func (a *API) event(e client.Event) {
	switch e := e.(type) {
	case client.Session:
		a.send(eventMessage{"session", sessionOf(e)})
	case client.Connection:
		a.send(eventMessage{"connection", connection{e.State, millis(e.RetryAt)}})
	case client.Conversations:
		all := make([]conversation, 0, len(e.All))
		for _, c := range e.All {
			all = append(all, conversationOf(c))
		}
		a.send(eventMessage{"conversations", conversationsData{all}})
	case client.Changed:
		a.send(eventMessage{"conversation", conversationData{conversationOf(e.Conversation)}})
	case client.Timeline:
		if id, _ := a.watching(); id == e.Conversation {
			a.send(eventMessage{"timeline", timelineData{id.String(), messagesOf(e.Upsert), append([]string{}, e.Remove...)}})
		}
	case client.Fault:
		a.send(eventMessage{"fault", faultOf(e)})
	case client.Restore:
		a.send(eventMessage{"restore", restoreOf(e)})
	case client.DeviceNews:
		a.send(eventMessage{"device-news", deviceNewsOf(e)})
	case client.Removing:
		a.send(eventMessage{"removing", removingData{e.Left}})
	case client.Drafted:
		a.send(eventMessage{"draft", draftData{e.Conversation.String(), e.Text}})
	case client.Approval:
		a.send(eventMessage{"approval", approval{e.State, e.Digits}})
	case client.ApprovalRequest:
		a.send(eventMessage{"approval-request", approvalRequest{e.ID.String(), e.Device, millis(e.At), e.Over}})
	case client.Settings:
		a.send(eventMessage{"settings", settingsData{e.All}})
	case client.AccountReset, client.ResetBegun:
		a.resetEvent(e)
	case client.Renamed:
		a.renamed()
	}
}

func (a *API) watching() (wire.ID, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.watched, a.shown
}

// renamed shows the opened conversation's newest rows again: names in them became known. The rows
// are read by another goroutine, since the loop waits for this one.
func (a *API) renamed() {
	id, limit := a.watching()
	if id.IsZero() {
		return
	}
	a.wg.Go(func() {
		_ = a.client.Look(a.ctx, id, 0, limit, func(p client.Page) {
			if now, _ := a.watching(); now == id {
				a.send(eventMessage{"timeline", timelineData{id.String(), messagesOf(p.Messages), []string{}}})
			}
		})
	})
}
