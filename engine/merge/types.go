package merge

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Mode of a migration.
type Mode string

// The modes. In a first-run adoption nothing of the target may overlap; merging takes a decision for each overlap.
const (
	ModeFirstRun Mode = "first_run_adoption"
	ModeMerge    Mode = "merge_into_existing"
)

// Decision is what a merge block says about an item that overlaps with the target. The zero value is "none made".
type Decision string

// The decisions.
const (
	DecisionMap       Decision = "map_to_existing"
	DecisionCreate    Decision = "create_new"
	DecisionReconcile Decision = "reconcile"
	DecisionSkip      Decision = "skip"
)

// Place is where in the configuration something was decided.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// PlaceOf is where a block begins.
func PlaceOf(r diag.Range) *Place { return &Place{File: r.File, Line: r.Start.Line} }

// Where tells whether a block means an item. It must give the same answer each time, and is safe for many goroutines.
type Where func(identity.Item) (bool, error)

// Rule is one merge block. A nil Where means every item of the kind; with Keys it is false for what they do not
// admit. Overwrite and Keep belong to reconcile: with Overwrite only these attributes change; else, with a Keep that
// is not nil, all but those.
type Rule struct {
	Kind      identity.Kind
	Name      string
	Where     Where
	Keys      Keys
	Decision  Decision
	Target    string // type:key
	ServerID  string // of the target; empty for whichever object has the key
	Rename    string
	Overwrite []string
	Keep      []string
	Range     diag.Range
}

// Place of the block.
func (r Rule) Place() *Place { return PlaceOf(r.Range) }

// Skip is one skip block.
type Skip struct {
	Kind   identity.Kind
	Name   string
	Where  Where
	Keys   Keys
	Reason string
	Range  diag.Range
}

// Place of the block.
func (s Skip) Place() *Place { return PlaceOf(s.Range) }

// Map is one map block: Set gives the attributes to put on an item before it is translated.
type Map struct {
	Kind  identity.Kind
	Name  string
	Where Where
	Keys  Keys
	Set   func(identity.Item) (map[string]any, error)
	Range diag.Range
}

// Binding is what an earlier run recorded: which resource an item became, and by which decision. With map_to_existing
// or reconcile the resource is not ours: it is found again, and never overwritten without a decision.
type Binding struct {
	Resource identity.ResourceID `json:"resource"`
	ServerID string              `json:"server_id,omitempty"`
	Decision Decision            `json:"decision,omitempty"`
}

// Ours tells whether rehome made the resource.
func (b Binding) Ours() bool { return b.Decision == "" || b.Decision == DecisionCreate }

// BindingKey is the key of a binding: item address#resource type.
func BindingKey(item identity.Address, resourceType string) string {
	return item.String() + "#" + resourceType
}

// Basis says how a live resource was found, strongest first.
type Basis string

// The bases.
const (
	BasisBinding  Basis = "binding"
	BasisTag      Basis = "tag"
	BasisKey      Basis = "key"
	BasisEvidence Basis = "evidence"
)

// Candidate is a resource that an item would collide with or could map to. Score is 0 to 100. Item is empty for a
// resource that lives in the target; else it is the address of the item of another source that would make the
// resource.
type Candidate struct {
	Resource identity.ResourceID `json:"resource"`
	ServerID string              `json:"server_id,omitempty"`
	Item     string              `json:"item,omitempty"`
	By       Basis               `json:"by"`
	Score    int                 `json:"score"`
	Reasons  []string            `json:"reasons"`
}

// String is the candidate in a few words.
func (c Candidate) String() string {
	return fmt.Sprintf("%s (score %d: %s)", c.Resource, c.Score, strings.Join(c.Reasons, ", "))
}

// Verdict says what may be done with one desired resource.
type Verdict string

// The verdicts.
const (
	VerdictCreate    Verdict = "create"    // nothing is there
	VerdictOurs      Verdict = "ours"      // rehome made it: bring it to what is wanted
	VerdictEqual     Verdict = "equal"     // not ours, and already as wanted: leave it
	VerdictMap       Verdict = "map"       // use the live one, never change it
	VerdictReconcile Verdict = "reconcile" // change Fields of the live one
	VerdictJoin      Verdict = "join"      // use what an item of another source makes
	VerdictSkip      Verdict = "skip"
	VerdictPending   Verdict = "pending" // a decision is missing
	VerdictBlocked   Verdict = "blocked"
	VerdictManual    Verdict = "manual" // decided, but a person must act first
)

// Outcome is what became of one desired resource. Live is nil for a create. Matches is sorted, best first. Problem is
// set where a merge block cannot be followed; the verdict is then blocked.
type Outcome struct {
	Verdict  Verdict
	Live     *identity.Resource
	Joins    identity.ResourceID // of VerdictJoin
	Problem  *diag.Diagnostic
	Matches  []Candidate
	Rule     *Rule
	Fields   []string // of reconcile: the attributes that may change, sorted
	Reason   string
	ToDo     string
	Previous bool // bound to the live resource by an earlier run
	// Keeps names the attributes of its key that stay as they live: what is wanted is called otherwise, and the target
	// gives nothing of the type another one.
	Keeps []string
}
