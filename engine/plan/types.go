package plan

import (
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
)

// FormatVersion of the plan as JSON. A field never changes its meaning within a major version.
const FormatVersion = "1.0"

// Action of a step.
type Action string

// The actions. None is for what is not done, and for what is already as wanted.
const (
	ActionCreate Action = "create"
	ActionUpdate Action = "update"
	ActionDelete Action = "delete"
	ActionMap    Action = "map"
	ActionNone   Action = "none"
)

// Disposition says what happens with a step.
type Disposition string

// The dispositions before a run.
const (
	DispositionPlanned   Disposition = "planned"
	DispositionManual    Disposition = "manual_follow_up"
	DispositionBlocked   Disposition = "blocked"
	DispositionSkipped   Disposition = "skipped"
	DispositionUnchanged Disposition = "unchanged" // the resource is as wanted
)

// Migration is what the plan is for.
type Migration struct {
	Name   string     `json:"name"`
	Tenant string     `json:"tenant"`
	Mode   merge.Mode `json:"mode"`
}

// Target is where the plan writes.
type Target struct {
	Provider string `json:"provider"`
	Name     string `json:"name"`
	Identity string `json:"identity"`
	Summary  string `json:"summary,omitempty" plan:"envelope"`
	// SnapshotAt is when the target was read into the file that the plan was made from, RFC 3339; empty for a live target.
	SnapshotAt string `json:"snapshot_at,omitempty" plan:"envelope"`
}

// Snapshot is one input of the plan.
type Snapshot struct {
	Source      string         `json:"source"`
	ID          string         `json:"id"`
	CompletedAt string         `json:"completed_at"` // RFC 3339
	Items       int            `json:"items"`
	Gaps        []identity.Gap `json:"gaps,omitempty"`
	Assessment  string         `json:"assessment"`
}

// Step is one planned change of one resource, or one item for which nothing is done, with its reason.
//
// ID is type:key for a resource, item:ADDRESS for an item without one. DependsOn holds IDs of steps, sorted.
// Before and After hold managed attributes only. Tag is the address of the first item it was made from.
type Step struct {
	ID          string              `json:"id"`
	Action      Action              `json:"action"`
	Disposition Disposition         `json:"disposition"`
	Resource    identity.ResourceID `json:"resource"`
	ServerID    string              `json:"server_id,omitempty"`
	Tag         string              `json:"tag,omitempty"`
	Items       []merge.ItemName    `json:"items"`
	// of a step that stands for many people; Items then holds the first ten
	Crowd          *Crowd              `json:"crowd,omitempty"`
	Class          assess.Class        `json:"class"`
	Reason         string              `json:"reason,omitempty"`
	ToDo           string              `json:"to_do,omitempty"` // what a person must do, for manual and blocked steps
	Notes          []string            `json:"notes,omitempty"` // approximations and losses: field: what becomes of it
	Before         identity.Attributes `json:"before"`
	After          identity.Attributes `json:"after"`
	AfterUnknown   []string            `json:"after_unknown"`   // known only after apply
	AfterSensitive []string            `json:"after_sensitive"` // shown as (sensitive)
	Unordered      []string            `json:"unordered,omitempty"`
	DependsOn      []string            `json:"depends_on"`
	DecidedBy      *merge.Place        `json:"decided_by,omitempty" plan:"envelope"`
	Decision       string              `json:"decision,omitempty"` // map_to_existing, create_new, reconcile, skip
	NoWayBack      string              `json:"no_way_back,omitempty"`
	// of a rollback: afterwards the items belong to no resource of this type
	Unbinds        bool `json:"unbinds,omitempty"`
	AwaitsDecision bool `json:"awaits_decision,omitempty"`
	// the source took away what the resource stands for; the target has it still
	Withdrawn bool              `json:"withdrawn,omitempty"`
	Matches   []merge.Candidate `json:"matches,omitempty"` // resources that the items overlap with, best first
	// of a reconcile: every attribute, both sides, what becomes of it
	Sides []merge.Side `json:"sides,omitempty"`
}

// Withdrawn lists the steps about what the source took away and the target still has, in the order of the plan.
func (p *Plan) Withdrawn() []*Step {
	var found []*Step
	for i := range p.Steps {
		if p.Steps[i].Withdrawn {
			found = append(found, &p.Steps[i])
		}
	}
	return found
}

// Crowd stands for many items for which the same is done, or not done. Digest covers the address of every one of them,
// whatever their order, so that the plan hash does too.
type Crowd struct {
	Count  int    `json:"count"`
	Digest string `json:"digest"`
}

// Blocker is one open gate.
type Blocker struct {
	Code    string   `json:"code"` // one of the Blocker constants
	Summary string   `json:"summary"`
	Items   []string `json:"items"`
	Next    string   `json:"next,omitempty"` // the command that helps
}

// Handoff says whether the plan may be approved.
type Handoff struct {
	Status   string    `json:"status"` // preview_handoff_status: HandoffReady or HandoffNotReady
	Blockers []Blocker `json:"blockers"`
}

// Summary counts steps and items.
type Summary struct {
	Create         int                  `json:"create"`
	Update         int                  `json:"update"`
	Delete         int                  `json:"delete"`
	Map            int                  `json:"map"`
	Unchanged      int                  `json:"unchanged"` // live resources that are as wanted
	NotMoved       int                  `json:"not_moved"` // items and resources for which nothing is to be done in the target
	ManualFollowUp int                  `json:"manual_follow_up"`
	Blocked        int                  `json:"blocked"`
	Skipped        int                  `json:"skipped"`
	Classes        map[assess.Class]int `json:"classes"`
	Books          Books                `json:"books"`
}

// Books account for every item of every snapshot: Items = Done + Folded + Manual + Blocked + Visible + Skipped.
type Books struct {
	Items   int `json:"items"`
	Done    int `json:"done"`   // items with a resource of their own that is created, changed, mapped or already right
	Folded  int `json:"folded"` // items that are part of another item's resource
	Manual  int `json:"manual"`
	Blocked int `json:"blocked"`
	Visible int `json:"visible"` // visibility_only: listed, nothing to do
	Skipped int `json:"skipped"`
}

// Access is who gains or loses an application. A nil *Access means that it was not computed; every check on it then
// fails.
type Access struct {
	Gained    []AccessChange `json:"gained"`
	Lost      []AccessChange `json:"lost"`
	Unchanged int            `json:"unchanged"`
}

// AccessChange is one person and one application.
type AccessChange struct {
	Person      string `json:"person"`
	Application string `json:"application"`
	Privileged  bool   `json:"privileged"`
}

// Plan is the whole. Steps are sorted so that what is depended on comes first, then by ID. What a tag calls envelope is
// not hashed, and what it calls derived follows from the rest; see content.go.
type Plan struct {
	FormatVersion string `json:"format_version"`
	// version of the classifier that judged the items; apply refuses another one
	Classifier string             `json:"classifier"`
	PlanHash   string             `json:"plan_hash,omitempty" plan:"derived"` // sha256:… of a previewed plan
	Status     history.PlanStatus `json:"status" plan:"derived"`
	CreatedAt  string             `json:"created_at,omitempty" plan:"envelope"` // RFC 3339
	ExpiresAt  string             `json:"expires_at,omitempty" plan:"envelope"` // RFC 3339
	Migration  Migration          `json:"migration"`
	Target     Target             `json:"target"`
	Snapshots  []Snapshot         `json:"snapshots" plan:"envelope"`
	Handoff    Handoff            `json:"handoff" plan:"derived"` // a plan with a hash is ready
	Summary    Summary            `json:"summary"`
	Steps      []Step             `json:"steps"`
	Impacts    []fidelity.Impact  `json:"impacts"`
	// not in the plan file: its steps hold what follows from them
	Overlaps []merge.Overlap `json:"overlaps,omitempty" plan:"derived"`
	Access   *Access         `json:"access"`
	// sha256:… of the access diff; computed from Access when empty
	AccessDigest string    `json:"access_digest,omitempty"`
	Warnings     diag.List `json:"warnings,omitempty" plan:"envelope"`
	Rollback     *Rollback `json:"rollback,omitempty"` // of a plan that takes a run back
	Part         *Part     `json:"part,omitempty"`     // of a plan that is not for the whole move
}

// TakesBack is the run that the plan takes back, empty for a plan that goes forward.
func (p *Plan) TakesBack() string {
	if p.Rollback == nil {
		return ""
	}
	return p.Rollback.Run
}

// Rollback says which run a plan takes back, and what decides about the way back.
type Rollback struct {
	Run      string   `json:"run"`
	PlanHash string   `json:"plan_hash"`        // of the plan that the run carried out
	Since    string   `json:"since,omitempty"`  // RFC 3339, when the run began
	Opened   []string `json:"opened,omitempty"` // resources that the run opened to people
	Closes   int      `json:"closes"`           // applications that are switched off
	NoReturn []string `json:"no_return"`        // what cannot be taken back, by step
}

// Part is what a partial plan says about itself.
type Part struct {
	Wave     string   `json:"wave,omitempty"`
	Targets  []string `json:"targets,omitempty"`
	Excludes []string `json:"excludes,omitempty"`
	PulledIn []string `json:"pulled_in"` // steps that were not asked for and are needed
	Left     int      `json:"left"`      // steps that would be done by the whole plan and are left for later
}
