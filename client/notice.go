package client

import (
	"slices"
	"strings"

	"frond/wire"
)

// The kinds of notice.
const (
	noticeCreated = 1 // By created the conversation, with Accounts
	noticeAdded   = 2 // By added Accounts, among them this device's
	noticeChanged = 3 // By added Accounts and removed Removed
	noticeJoined  = 4 // By came by itself
	noticeDevice  = 5 // By goes on with another device
	noticeSkipped = 6 // a change by By that is not allowed
	noticeRenewed = 7 // By renewed keys: nothing to show
	noticeSetting = 8 // By changed the settings
	noticeLeft    = 9 // By left

	noticeCountedOut = 10 // the server put By out, and nobody was seen to do it
	noticeSetBack    = 11 // the server was set back to an older copy
	noticeNotInCopy  = 12 // which does not have this conversation

	noticeNewRoot    = 20 // By removed a device, and has another root since
	noticeReset      = 21 // By began anew: what came before can not be opened
	noticeReadmitted = 22 // By accepted the new keys of Accounts
	noticeRetention  = 30 // By changed how long messages are kept
	noticeDeviceOnly = 31 // messages stood here that were kept on other devices only
)

// noticeOf says what a commit of somebody else did.
func noticeOf(ch change) noticeRecord {
	n := noticeRecord{By: wire.ID(ch.by.Account)}
	for _, p := range ch.after.People {
		if _, was := ch.before.Person(p.Account); !was {
			n.Accounts = append(n.Accounts, p.Account)
		}
	}
	for _, p := range ch.before.People {
		if _, stays := ch.after.Person(p.Account); !stays {
			n.Removed = append(n.Removed, p.Account)
		}
	}
	switch {
	case !ch.external && ch.repins():
		n.What = noticeNewRoot
	case ch.external && len(ch.removed) > 0, !ch.external && ch.ownCare():
		n.What = noticeRenewed // the same device came back, or a device went: nobody came or left
	case ch.external && ch.another:
		n.What = noticeDevice
	case ch.external:
		n.What = noticeJoined
	case ch.readmits(&n):
	case len(n.Accounts)+len(n.Removed) > 0:
		n.What = noticeChanged
	case ch.rosterUntouched:
		n.What = noticeRenewed
	default:
		n.setting(&ch.before, &ch.after)
	}
	return n
}

// setting says which setting was changed.
func (n *noticeRecord) setting(before, after *Roster) {
	n.What = noticeSetting
	if before.Retention != after.Retention || before.Timer != after.Timer {
		n.What, n.Retention, n.Timer = noticeRetention, after.Retention, after.Timer
	}
}

var timerNames = [...]string{"5 minutes", "1 hour", "1 day", "1 week", "4 weeks"} // as in Timers

// retentionLine says how messages are kept from now on.
func retentionLine(by string, n *noticeRecord) string {
	switch n.Retention {
	case DeviceOnly:
		return by + " set messages to be kept only on the devices that receive them"
	case Disappearing:
		for i, timer := range Timers {
			if timer == n.Timer {
				return by + " set messages to disappear after " + timerNames[i]
			}
		}
	}
	return by + " set messages to be kept"
}

// but is the notice without the removal of people who had left by themselves, of which there was a line.
func (n noticeRecord) but(left []wire.ID) noticeRecord {
	n.Removed = slices.DeleteFunc(n.Removed, func(id wire.ID) bool { return slices.Contains(left, id) })
	if n.What == noticeChanged && len(n.Accounts)+len(n.Removed) == 0 {
		n.What = noticeRenewed
	}
	return n
}

// line puts a notice into words.
func (c *Client) line(kind wire.ConversationKind, n *noticeRecord) string {
	by, verb := c.who(n.By), "was"
	text := ""
	switch n.What {
	case noticeCreated:
		text = map[wire.ConversationKind]string{
			wire.Direct: by + " began this conversation", wire.Group: by + " created the group", wire.Open: by + " opened " + Everyone,
		}[kind]
		if kind == wire.Group && len(n.Accounts) > 0 {
			text += " with " + c.names(n.Accounts)
		}
	case noticeAdded:
		text = by + " added you"
		if kind == wire.Direct {
			text = by + " began this conversation"
		} else if n.By == c.self.Account {
			text = by + " created the group" // on another device
		}
	case noticeChanged:
		text = c.changed(by, n)
	case noticeJoined:
		text = by + " joined"
	case noticeLeft:
		text = by + " left"
	case noticeCountedOut:
		text = "The server no longer counts you in. Nobody was seen to remove you"
	case noticeSetBack:
		text = "The server was restored from a backup. What was sent shortly before may be missing for some"
	case noticeNotInCopy:
		text = "The server was restored from a backup that lacks this conversation. Begin another one"
	case noticeDevice:
		text = by + " signed in on a new device"
	case noticeSetting:
		text = by + " changed the settings"
	case noticeNewRoot:
		text = by + " removed a device. The safety number is a new one, vouched for by the old keys"
	case noticeRetention:
		text = retentionLine(by, n)
	case noticeDeviceOnly:
		text = "This conversation keeps messages only on the devices that received them."
	case noticeReset:
		text = c.resetLine()
	case noticeReadmitted:
		text = by + " accepted the new keys of " + c.names(n.Accounts)
		if len(n.Accounts) == 1 && n.Accounts[0] == c.self.Account {
			text = by + " accepted your new keys"
		}
	case noticeSkipped:
		if by == "You" {
			verb = "were"
		}
		text = "A change by " + by + " " + verb + " not valid and is ignored"
	}
	return text
}

func (c *Client) changed(by string, n *noticeRecord) string {
	var parts []string
	if len(n.Accounts) > 0 {
		parts = append(parts, "added "+c.names(n.Accounts))
	}
	if len(n.Removed) > 0 {
		parts = append(parts, "removed "+c.names(n.Removed))
	}
	return by + " " + strings.Join(parts, " and ")
}

// who names an account at the beginning of a sentence.
func (c *Client) who(account wire.ID) string {
	if account == c.self.Account {
		return "You"
	}
	if account.IsZero() {
		return "Somebody"
	}
	if name := c.nameOf(account); name != "" {
		return name
	}
	return "Somebody"
}

// names lists accounts within a sentence.
func (c *Client) names(accounts []wire.ID) string {
	var names []string
	for _, id := range accounts {
		name := c.who(id)
		switch name {
		case "You":
			name = "you"
		case "Somebody":
			name = "somebody"
		}
		names = append(names, name)
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names, "")
}
