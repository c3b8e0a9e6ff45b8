package wire

import "time"

// Version is the protocol both sides speak; Hello carries it and a server refuses any other.
const Version = 1

// Limits on everything that comes from outside. Sizes are bytes.
const (
	MaxFrame        = 8 << 20  // one frame, body included; a create for 500 devices fits
	MaxSmallFrame   = 1 << 20  // a WebSocket message before the first Hello was answered
	MaxHTTPBody     = 1 << 20  // one HTTP request
	MaxDeviceBody   = 3 << 20  // one to add a device, by who is signed in: it may carry a vault epoch
	MaxHTTPAnswer   = 4 << 20  // one HTTP answer: a sign-in hands out header and state
	MaxText         = 64 << 10 // UTF-8 text of one message, as the person wrote it
	MaxToken        = 192 << 10
	MaxMLSFrame     = 2 << 20 // a commit for 500 devices with the hybrid suite
	MaxGroupInfo    = 4 << 20 // sealed GroupInfo with its tree
	MaxWelcome      = 6 << 20
	MaxKeyPackage   = 16 << 10
	MaxKeyPackages  = 100 // in one publication, and in the pool of one device
	MaxChainEvents  = 1000
	ResetEvents     = 32 // the last ones of them: for account resets only
	MaxChainEvent   = 4 << 10
	MaxDevices      = 10        // active ones of an account
	MaxHeader       = 256 << 10 // vault header, all slots
	MaxState        = 2 << 20   // 500 contacts who have had many devices take half of it
	MaxPage         = 32 << 10  // sealed message keys of one bucket
	PageBucket      = 256       // seqs whose keys share a page
	DraftBucket     = 1 << 40   // the page that holds a conversation's draft; no log comes that far
	MaxPages        = 64        // in one answer
	MaxHistory      = 500       // entries in one answer
	MaxHistoryBytes = 4 << 20   // of entries in one answer, beyond its first
	MaxCursors      = 5000      // conversations in one Hello
	MaxLookup       = 200       // names or accounts in one Lookup
	MaxClaim        = 500       // accounts in one ClaimKeys
	MaxInboxAck     = 500
	MaxWake         = 1000
	MaxPrivate      = 500            // devices in a direct or group conversation
	MaxOpen         = 1000           // devices in an open conversation
	MaxErrorMessage = 300            // of an Error that arrives; the rest is cut off
	MaxLifetime     = 28 * 24 * 3600 // seconds that a message which is to disappear may stay
)

// MaxStaleHandshakes is how many handshakes a sent message may lag behind the log. Receivers keep
// the keys of five past epochs, so a message within this bound can always be opened; one beyond it
// is refused with CodeStale before it is stored, and its author seals it again.
const MaxStaleHandshakes = 3

// PingAfter is how long a client lets a connection be silent before it sends a Ping; a server
// closes a connection it has heard nothing from for twice as long plus a little.
const PingAfter = 25 * time.Second
