package verify

import (
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
)

// GrantedAtSource is the name of the probe that compares the grants of an application with the newest snapshot of its
// source. It does not compare persons.
const GrantedAtSource = "granted_at_source"

// Incumbent is what the newest snapshots grant, held against what is in the target.
type Incumbent struct {
	Snapshots []SourceSnapshot `json:"snapshots"`
	// Assignments counts those that stand by themselves at the sources (not those that follow from a group), of
	// applications that are active there; Held those whose grant is in the target.
	Assignments  int       `json:"assignments"`
	Held         int       `json:"held"`
	Applications []Lacking `json:"applications"` // that lack one, those on which most people hang first; never nil
}

// SourceSnapshot says what was compared with.
type SourceSnapshot struct {
	Source      string    `json:"source"`
	ID          string    `json:"id"`
	CompletedAt time.Time `json:"completed_at"`
}

// Lacking is an application of a source of which not every assignment is in the target.
type Lacking struct {
	Application identity.Address `json:"application"`
	Name        string           `json:"name"`
	Moved       bool             `json:"moved"` // the application itself is in the target
	Assignments int              `json:"assignments"`
	Held        int              `json:"held"`
	Everyone    bool             `json:"everyone,omitempty"` // everybody of the source lacks it
	People      int              `json:"people"`             // assigned directly, and not in the target
	Others      int              `json:"others"`             // service principals, and what else is no person
	Groups      []LackingGroup   `json:"groups"`             // never nil
}

// Hanging is how many people hang on what is lacking; who is in two groups counts twice.
func (l Lacking) Hanging() int {
	n := l.People
	for _, group := range l.Groups {
		n += group.Members
	}
	return n
}

// LackingGroup is a group whose grant is not in the target.
type LackingGroup struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Members int    `json:"members"` // people in it at the source, nested groups not followed
}
