package client

import (
	"errors"

	"frond/client/content"
	"frond/mls"
	"frond/wire"
)

// Reason names why a message can not be read, or what is odd about one that can.
type Reason string

// The reasons.
const (
	ReasonBeforeJoin    Reason = "before-join"    // sealed before this device was in the conversation
	ReasonKeyGone       Reason = "key-gone"       // sealed too long ago: the keys of its epoch are deleted
	ReasonBehind        Reason = "behind"         // sealed for a state this device does not have
	ReasonReplayed      Reason = "replayed"       // the same message a second time
	ReasonDamaged       Reason = "damaged"        // frame or token do not open
	ReasonAltered       Reason = "altered"        // frame, token and commitment do not belong together
	ReasonForged        Reason = "forged"         // not from the device it claims to be from
	ReasonNewer         Reason = "newer"          // made by a newer version
	ReasonOwnLost       Reason = "own-lost"       // an own message that this device no longer knows
	ReasonNoKey         Reason = "no-key"         // restored: its key is not in the vault
	ReasonVaultDamaged  Reason = "vault-damaged"  // restored: the page with its key does not open
	ReasonVaultStale    Reason = "vault-stale"    // restored: the server shows an older page than there was
	ReasonWithheld      Reason = "withheld"       // restored: the key is in the vault, the message is not in the log
	ReasonForked        Reason = "forked"         // the account's devices were shown different logs
	ReasonGone          Reason = "gone"           // the log has its place, and it was not to disappear yet
	ReasonLifetime      Reason = "lifetime"       // readable, but to be kept for another time than is agreed
	ReasonBeforeReset   Reason = "before-reset"   // sent before the account was reset
	ReasonUnlisted      Reason = "unlisted"       // from a device that its account is not known to list: it is being asked about
	ReasonAsking        Reason = "asking"         // other devices are being asked for its key
	ReasonBlocked       Reason = "blocked"        // readable, and not shown: its author is blocked
	ReasonMissingBefore Reason = "missing-before" // readable, but an earlier one of this device never came
)

// What a person can do about a reason: the name of the command for it.
const (
	actionAsk     = "ask-again" // look for the message with other devices
	actionRestore = "restore"   // look for all that is missing of the conversation in the vault
	actionReload  = "reload"    // of the page, which brings the newest version
	actionDismiss = "dismiss"   // put it aside
)

// What a person can do about a fault that is of no message.
const (
	actionOpen      = "open"      // the conversation it is about
	actionReconnect = "reconnect" // and look whether it is still so
)

// about is a fault of a conversation.
func about(v *conversation, code wire.Code, text string) Fault {
	return Fault{Code: code, Text: text, Action: actionOpen, Conversation: v.id}
}

// plainly is what a person is told of an error: its own words, when they were written for people.
func plainly(err error) string {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e.Message
	}
	return "Something the server showed is not as it should be."
}

// explanations has a sentence and exactly one action for every reason.
var explanations = map[Reason]Explained{
	ReasonBeforeJoin:    {Text: "Sent before this device joined the conversation.", Action: actionRestore},
	ReasonKeyGone:       {Text: "The key for this message is no longer on this device.", Action: actionAsk},
	ReasonBehind:        {Text: "This device has lost step with the conversation and is joining it again.", Action: actionAsk},
	ReasonReplayed:      {Text: "The server delivered an earlier message a second time.", Action: actionDismiss},
	ReasonDamaged:       {Text: "This message arrived damaged.", Action: actionAsk},
	ReasonAltered:       {Text: "This message was altered on its way.", Action: actionAsk},
	ReasonForged:        {Text: "This message is not from the person it claims to be from.", Action: actionDismiss},
	ReasonNewer:         {Text: "This message was made by a newer version of the app.", Action: actionReload},
	ReasonOwnLost:       {Text: "You sent this message, and this device no longer has its text.", Action: actionAsk},
	ReasonNoKey:         {Text: "The key for this message is not in your stored history.", Action: actionRestore},
	ReasonVaultDamaged:  {Text: "The stored keys for these messages do not open: they were altered or exchanged.", Action: actionRestore},
	ReasonVaultStale:    {Text: "The server shows an older copy of your stored keys than there was.", Action: actionRestore},
	ReasonWithheld:      {Text: "The server holds back a message that you had received.", Action: actionRestore},
	ReasonForked:        {Text: "The server shows your devices different orders of the same conversation.", Action: actionRestore},
	ReasonGone:          {Text: "The server no longer has this message.", Action: actionDismiss},
	ReasonLifetime:      {Text: "This message was given another lifetime than the conversation has. The shorter one counts.", Action: actionDismiss},
	ReasonBeforeReset:   {Text: "Messages from before can not be opened any more.", Action: actionDismiss},
	ReasonUnlisted:      {Text: "Sent from a new device. Frond is checking whose it is.", Action: actionAsk},
	ReasonAsking:        {Text: "Other devices are being asked for this message.", Action: actionAsk},
	ReasonBlocked:       {Text: "You blocked this person.", Action: actionDismiss},
	ReasonMissingBefore: {Text: "A message from this person before this one is missing.", Action: actionDismiss},
}

// explain puts a reason into words.
func (r Reason) explain() *Explained {
	if r == "" {
		return nil
	}
	e, ok := explanations[r]
	if !ok {
		e = explanations[ReasonDamaged]
	}
	e.Code = string(r)
	return &e
}

// readable says whether a message with this reason can be shown all the same.
func (r Reason) readable() bool { return r == "" || r == ReasonMissingBefore || r == ReasonLifetime }

// vaultMayHelp says whether the message may yet be had: another device of the account may have read it
// and left its key in the vault, or the server may show what it should.
func (r Reason) vaultMayHelp() bool {
	return !r.readable() && r != ReasonReplayed && r != ReasonNewer && r != ReasonGone && r != ReasonBeforeReset
}

var reasonOf = []struct {
	err    error
	reason Reason
}{
	{mls.ErrReplay, ReasonReplayed},
	{mls.ErrUnknownEpoch, ReasonKeyGone},
	{mls.ErrFutureEpoch, ReasonBehind},
	{mls.ErrSignature, ReasonForged},
	{content.ErrVersion, ReasonNewer},
	{content.ErrSignature, ReasonForged},
	{content.ErrSecret, ReasonAltered},
	{content.ErrTokenHash, ReasonAltered},
	{content.ErrCommitment, ReasonAltered},
}

// reasonFor names an error of opening a message.
func reasonFor(err error) Reason {
	var named *reasonError
	if errors.As(err, &named) {
		return named.reason
	}
	for _, r := range reasonOf {
		if errors.Is(err, r.err) {
			return r.reason
		}
	}
	return ReasonDamaged
}

// reasonError is an error that already has its name.
type reasonError struct {
	reason Reason
	text   string
}

func (e *reasonError) Error() string { return string(e.reason) + ": " + e.text }
