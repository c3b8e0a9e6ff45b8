// Package script makes and runs random histories of a group whose members belong to different
// implementations. A history is a list of steps; a seed gives always the same list. Steps name members
// by number, taken modulo the members there are, so that any sublist of a history is a history too:
// that is what makes a failing one easy to shrink.
package script

import (
	"encoding/json"
	"strings"
)

// The steps a history is made of.
const (
	Add      = "add"      // By commits additions: one new member of each of Peers
	Remove   = "remove"   // By commits the removal of Targets
	Update   = "update"   // By commits nothing but fresh keys
	External = "external" // a new member of Peers[0] joins by external commit
	Resync   = "resync"   // By lost its state and replaces its own leaf by external commit
	Refs     = "refs"     // Proposals are sent, then By commits them
	Talk     = "talk"     // By sends Count messages, which arrive in any order
	Late     = "late"     // as Talk, but they arrive after a commit by Targets[0]
	Race     = "race"     // By and Targets[0] commit at once, By's is accepted
)

// Step is one thing that happens. Public chooses PublicMessage framing for handshakes.
type Step struct {
	Do        string     `json:"do"`
	By        int        `json:"by,omitempty"`
	Peers     []string   `json:"peers,omitempty"`
	Targets   []int      `json:"targets,omitempty"`
	Proposals []Proposal `json:"proposals,omitempty"`
	Count     int        `json:"count,omitempty"`
	Public    bool       `json:"public,omitempty"`
	PSKs      int        `json:"psks,omitempty"`  // pre-shared keys that the commit injects
	Again     bool       `json:"again,omitempty"` // the members added are earlier ones where possible
}

// target is the first of Targets, member 0 without any.
func (s Step) target() int {
	if len(s.Targets) == 0 {
		return 0
	}
	return s.Targets[0]
}

// Proposal is a standalone proposal of a Refs step: an Add of Peer, a Remove of Target or an Update.
type Proposal struct {
	Do     string `json:"do"`
	By     int    `json:"by,omitempty"`
	Peer   string `json:"peer,omitempty"`
	Target int    `json:"target,omitempty"`
	Public bool   `json:"public,omitempty"`
}

// Script is a whole history: who creates the group, and what happens then.
type Script struct {
	Suite   uint16 `json:"suite"`
	Creator string `json:"creator"`
	Steps   []Step `json:"steps"`
}

// String is the script as JSON, one step a line, as Parse takes it.
func (s Script) String() string {
	lines := make([]string, len(s.Steps))
	for i, step := range s.Steps {
		b, _ := json.Marshal(step)
		lines[i] = "  " + string(b)
	}
	head, _ := json.Marshal(Script{Suite: s.Suite, Creator: s.Creator, Steps: []Step{}})
	return strings.TrimSuffix(string(head), "]}") + "\n" + strings.Join(lines, ",\n") + "\n]}"
}

// Parse reads what String wrote.
func Parse(b []byte) (Script, error) {
	var s Script
	err := json.Unmarshal(b, &s)
	return s, err
}
