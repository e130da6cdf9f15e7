package merge

import "github.com/rehome-iam/rehome/engine/identity"

// OverlapStatus says how far an overlap is decided.
type OverlapStatus string

// The statuses of an overlap.
const (
	OverlapPending  OverlapStatus = "pending"   // a decision is missing
	OverlapDecided  OverlapStatus = "decided"   // a block, or an earlier run, decided it
	OverlapFollowUp OverlapStatus = "follow_up" // decided, but a person must act first
	OverlapInvalid  OverlapStatus = "invalid"   // its block cannot be followed
	OverlapBlocked  OverlapStatus = "blocked"   // the mode of the migration allows no decision
)

// Overlap is one item that meets resources of the target, or items of another source, with what was decided about it.
// Resource is what the item becomes, empty while that is open. Decisions are those that a merge block may take;
// NeedsRename says that create_new needs a rename, because the key is taken.
type Overlap struct {
	Item        ItemName             `json:"item"`
	Wanted      identity.ResourceID  `json:"wanted"`
	Status      OverlapStatus        `json:"status"`
	Matches     []Candidate          `json:"matched_resources"`
	Decisions   []string             `json:"allowed_decisions"`
	NeedsRename bool                 `json:"create_new_needs_rename"`
	RenameFrom  string               `json:"rename_from,omitempty"` // what a rename replaces
	Sides       []Side               `json:"sides,omitempty"`       // both sides, when a resource of the same key lives
	Decision    string               `json:"decision,omitempty"`
	DecidedBy   *Place               `json:"decided_by,omitempty"`
	Resource    *identity.ResourceID `json:"resource,omitempty"`
	Reason      string               `json:"reason,omitempty"`
}

// ItemName is an item as a reader wants it named.
type ItemName struct {
	Source string        `json:"source"`
	Kind   identity.Kind `json:"kind"`
	ID     string        `json:"id"`
	Name   string        `json:"name"`
	Person string        `json:"person,omitempty"` // id of the user that it is, or is about

	// Of an item that uses the resource of another source's item: the decision and where it stands.
	Decision  string `json:"decision,omitempty"`
	DecidedBy *Place `json:"decided_by,omitempty" plan:"envelope"`
}

// Address of the item.
func (i ItemName) Address() identity.Address {
	return identity.Address{Source: i.Source, Kind: i.Kind, ID: i.ID}
}
