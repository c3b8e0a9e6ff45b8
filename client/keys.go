package client

import (
	"fmt"

	"frond/wire"
)

// The keys of the store. Everything of an account stands under its id, so one store can serve
// several accounts after another and forget one of them.
//
//	session                      who is signed in here
//	account/<account>            selfRecord: keys of this device, secrets of the account
//	<account>/contact/<account>  contactRecord
//	<account>/key/<ref>          keyRecord: secrets of a published key package
//	<account>/conv/<conversation>         conversationRecord: small, changes with every message
//	<account>/roster/<conversation>       Roster: changes with some handshakes
//	<account>/epoch/<conversation>        MLS state, the half that changes with every handshake
//	<account>/ratchet/<conversation>/<record>   MLS state, the half that changes with every message
//	<account>/pending/<conversation>      pendingRecord: a handshake on its way
//	<account>/peer/<conversation>/<account>/<device>   peerRecord: what a device said last
//	<account>/out/<conversation>/<order>     outboxRecord: a message on its way
//	<account>/msg/<conversation>/<seq>       messageRecord: a row of the timeline
//	<account>/history/<conversation>         historyRecord: what is still to be restored
//	<account>/page/<conversation>/<bucket>   pageRecord: what the vault holds
//	<account>/draft/<conversation>           draftRecord
//	<account>/attempts                       when requests to be let in were looked at
//	<account>/until/<time>/<conversation>/<seq>   dueRecord: a row of the timeline that disappears then
//	<account>/clock                          clockRecord
//	<account>/settings, <account>/labels     texts of the account and when they were written
//	<account>/since/<conversation>           sinceRecord: who came while this device watched
//	<account>/ask/<conversation>/<seq>       askRecord: a message that is looked for with other devices
//	<account>/count/<name>                   how often something went wrong, or was repaired
//	<account>/report                         reportRecord: what of that the server was told
//	<account>/news/<device>                  newsRecord: it came or went, and the person has not answered
//	<account>/blocks                         blocksRecord: who is blocked
//	<account>/due/<conversation>/<bucket>    dueRecord: the vault lacks keys of the bucket
const keySession = "session"

func keyAccount(account wire.ID) string { return "account/" + account.String() }

// keyring makes the keys of one account.
type keyring string

func keysOf(account wire.ID) keyring { return keyring(account.String() + "/") }

func (k keyring) all() Range                         { return Prefix(string(k)) }
func (k keyring) single(name string) string          { return string(k) + name }
func (k keyring) table(name string) string           { return string(k) + name + "/" }
func (k keyring) of(table string, id wire.ID) string { return k.table(table) + id.String() }
func (k keyring) key(ref []byte) string              { return fmt.Sprintf("%skey/%x", string(k), ref) }

func (k keyring) rows(table string, conversation wire.ID) string {
	return k.of(table, conversation) + "/"
}

func (k keyring) row(table string, conversation wire.ID, order uint64) string {
	return fmt.Sprintf("%s%016x", k.rows(table, conversation), order)
}

// between is the range of a conversation's rows with from <= order < to.
func (k keyring) between(table string, conversation wire.ID, from, to uint64) Range {
	return Range{From: k.row(table, conversation, from), To: k.row(table, conversation, to)}
}

func (k keyring) peer(conversation wire.ID, of wire.MemberRef) string {
	return k.rows("peer", conversation) + of.Account.String() + "/" + of.Device.String()
}
