// Package storetest is the contract that every database behind package store fulfils, told as
// stories. Each story gets an empty database of its own and works through the store alone, except
// where it looks at what is really in the tables or breaks the database on purpose.
package storetest

import (
	"database/sql"
	"testing"

	"frond/server/store"
)

// Database is an empty database to tell a story on.
type Database struct {
	Options store.Options
	// Raw connects past the store; nil when the database lives inside it (and ends with it).
	Raw func(tb testing.TB) *sql.DB
	// Refuse is a statement that makes the database fail when the group info of a conversation is
	// stored, and Allow undoes it.
	Refuse, Allow string
}

// Run tells all stories.
func Run(t *testing.T, fresh func(tb testing.TB) Database) {
	for _, story := range []struct {
		name string
		tell func(*world)
	}{
		{"an account is found by name and id as it was created", accountRoundTrip},
		{"credentials are found by their exact name", credentials},
		{"of many who want one name exactly one gets it", nameRace},
		{"a refused sign-up leaves nothing behind", refusedSignUp},
		{"an invite is good for as many sign-ups as it says", invites},
		{"a name that looks like SQL is a name", sqlNames},
		{"lookups return each account once with its whole chain", lookups},
		{"a sigchain is extended by one of two", chainRace},
		{"a device comes beside the others, and a removed one is out", removeDevice},
		{"a device comes in the place of another, or nothing happens", replaceDevice},
		{"a database that was set back is brought forward, or nothing happens", bringForward},
		{"the state is replaced by one of two", stateRace},
		{"an account begins anew, and nothing of its old devices is left", resets},
		{"two people who both begin anew may begin another conversation", resetOfBoth},
		{"a reset waits, is cancelled and expires", resetWaits},
		{"a full sigchain has room for resets", resetOfFullChain},
		{"of many who use one reset one begins anew", resetRace},
		{"a session lives until it expires or is revoked", sessions},
		{"a session without a device ends with what it was opened by", looseSessions},
		{"a recovery code sets a password within the hour", recoveredSessions},
		{"a one-time key package is claimed exactly once", claimsOnce},
		{"a pool refills, keeps its limit and never gets a claimed package back", keyPool},
		{"a message is stored byte for byte", roundTrip},
		{"messages and refusals share a batch", mixedBatch},
		{"a retry gets the first answer", retries},
		{"a retry comes late, or among new messages", lateRetries},
		{"a message id means one thing only", reusedMessageID},
		{"of two commits one wins", commitRace},
		{"commits in one batch follow one another", commitsInBatch},
		{"a message sealed too many handshakes ago is refused", stale},
		{"reading stops at its limits and goes on after them", reading},
		{"two people get one direct conversation", directRace},
		{"a direct conversation stays between two", directOnlyTwo},
		{"a group is for its members while they are members", windows},
		{"one commit may remove a device and add it again", removeAndAdd},
		{"who was cut off returns without a hole", returning},
		{"a device is named with its account", misnamed},
		{"who leaves a group is out with all devices", leaving},
		{"a new device of a member joins by itself", externalJoin},
		{"everyone joins the open conversation and nobody is added", openConversation},
		{"a conversation has a limit of devices", deviceLimit},
		{"a stranger gets in nowhere", strangers},
		{"a replaced device appends nothing", replacedDevice},
		{"a welcome waits until every device has it", inbox},
		{"an inbox is bounded in bytes", inboxBytes},
		{"history is read backwards, without frames", historyBackwards},
		{"an account has the history of its own time in a conversation", historyWindows},
		{"large history comes in several answers", historyLarge},
		{"a message disappears when its time has come", disappearing},
		{"what disappeared is in no table", disappearedForGood},
		{"many messages disappear in batches", manyDisappear},
		{"a page of message keys is replaced by who knows the last one", pages},
		{"pages of nothing are refused", strangePages},
		{"a draft has a page of its own", draftPages},
		{"an account's pages are known by their sums", pageSums},
		{"of many who write one page one wins", pageRace},
		{"the largest things fit", largest},
		{"malformed items are refused one by one", malformed},
		{"writers from all sides get a log without gaps", manyWriters},
		{"everything is there after a restart", restart},
		{"a database that fails in the middle of a batch stores nothing of it", allOrNothing},
		{"a database of a newer program is left alone", newerDatabase},
		{"a copy goes on behind where it ended, and is told who is in a group", setBack},
		{"old things are pruned", prune},
		{"a cancelled context is reported and harms nothing", cancelled},
		{"a closed store says so", closed},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(newWorld(t, fresh(t))) })
	}
}
