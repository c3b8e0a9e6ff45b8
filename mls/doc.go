// Package mls implements Messaging Layer Security, RFC 9420: a group of devices agrees on keys that
// change whenever somebody joins, leaves or refreshes, so that each message can be read by exactly the
// members of its moment, and by nobody who takes a device before or after.
//
// # The life of a group
//
// A device that wants to be added publishes key packages ([NewKeyPackage]) and keeps their secrets.
// Another one makes a group ([Create]) of which it is the only member, and commits to adding them
// ([Group.Commit]). The commit is a [Staged] step into the next epoch: a message for the members there
// are and a welcome for those who come. Some service puts the commits of all members in one order. When
// it accepted this one, its author calls [Staged.Merge], the newcomers [Join] by the welcome, and
// everybody else verifies the message ([Group.Stage]), looks at what it does ([Staged.Effects]) and
// merges. Whoever lost a race drops the Staged, follows the winner and commits again. Until the answer
// is there the author goes on with [Staged.Present], which has given up the key of the commit.
//
// Within an epoch members send ([Group.Seal]) and read ([Group.Open]) messages. A device nobody is
// online to add takes a [Group.GroupInfo] and adds itself ([JoinExternal]); a device that lost its state
// does the same and removes its old leaf by the way. A removed member learns so from the Effects of the
// commit, and its group ends there.
//
// A group that needs other parameters, another cipher suite for example, is re-initialized
// ([CommitOptions].ReInit): it ends, one member makes its successor ([Group.Reinitialize]), and the others
// join that ([Group.JoinSuccessor]). Some members may also form a group aside ([Group.Branch]).
//
// # Values
//
// A [Group] is a value. Nothing changes it, and every step yields the next one, which shares with the
// last what stayed the same: store the next, then let the last one go. So a refused message costs
// nothing, and a crash between two steps loses at most the step. The state is stored in two halves,
// [Group.MarshalEpoch] once per epoch and [Group.MarshalRatchets] after each message, and read by
// [ParseGroup]. For large groups the second half comes in records, of which a message changes one
// ([Group.Changes], [ParseGroupRecords]).
//
// The package keeps no clock, starts no goroutine and does no input or output. Time, randomness and the
// judgement of credentials come with each call, in a [Config].
//
// # What may be called when
//
//	state                           Seal  Open     Propose  Commit  Stage    Merge  Join
//	key package published           -     -        -        -       -        -      with its Welcome
//	nothing but a group info        -     -        -        -       -        -      JoinExternal
//	in an epoch                     yes   yes (1)  yes      yes     yes      -      -
//	own commit staged, not merged   yes   yes      yes      yes     yes (2)  yes    -
//	other's commit staged           (3)   yes      (3)      (3)     -        yes    -
//	merged                          yes   yes      yes      yes     yes      (4)    -
//	proposals collected             (5)   yes      yes      yes     yes      -      -
//	re-initialized                  -     yes      -        -       -        -      JoinSuccessor
//	removed                         -     -        -        -       -        nil    anew
//
//	(1) messages of this epoch and of the last five, for 72 hours, each once
//	(2) the winner of a race; the own Staged is void then
//	(3) possible with the old Group, but no longer useful: the others have moved on
//	(4) Merge may be called again and yields the same Group
//	(5) not before somebody commits, with or without them (§12.4)
//
// # Cipher suites
//
// [DefaultSuite] combines X25519 with ML-KEM-768, under a private-use number until one is assigned.
// Suites are rows of one table; see [Suites].
package mls
