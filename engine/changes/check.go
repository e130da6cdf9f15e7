package changes

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
)

// slack is how far a recorded time may be off: clocks are compared by whole seconds.
const slack = 2 * time.Second

// Line is one outcome in the record of a run, as the run keeps it.
type Line struct {
	StepID   string              `json:"step_id"`
	Resource identity.ResourceID `json:"resource"`
	ServerID string              `json:"server_id,omitempty"`
	Outcome  history.Outcome     `json:"outcome"`
	At       time.Time           `json:"at"`
}

// Run is what a run says of itself.
type Run struct {
	ID          string    `json:"id"`
	StartedAt   time.Time `json:"started_at"`
	CompletedAt time.Time `json:"completed_at,omitzero"`
	Steps       []Line    `json:"steps"`
	After       time.Time `json:"after,omitzero"`  // end of the run before
	Before      time.Time `json:"before,omitzero"` // start of the run after
}

// RunOf takes of a run what it says of itself.
func RunOf(run history.Run) Run {
	facts := Run{
		ID: run.ID, StartedAt: run.StartedAt, CompletedAt: run.CompletedAt, After: run.After, Before: run.Before,
		Steps: make([]Line, 0, len(run.Steps)),
	}
	for _, step := range run.Steps {
		facts.Steps = append(facts.Steps, Line{
			StepID: step.StepID, Resource: step.Resource, ServerID: step.ServerID, Outcome: step.Outcome, At: step.At,
		})
	}
	return facts
}

// Window is the time in which a run wrote, as a clock that is off may have recorded it. It does not reach into the runs
// before and after, because never two write at once.
func (r Run) Window() (from, to time.Time) {
	from, to = r.StartedAt, r.CompletedAt
	for _, line := range r.Steps {
		if line.At.After(to) {
			to = line.At
		}
	}
	from, to = from.Add(-slack), to.Add(slack)
	if from.Before(r.After) {
		from = r.After
	}
	if !r.Before.IsZero() && to.After(r.Before) {
		to = r.Before
	}
	return from, to
}

// StepName is a step that the record does not prove.
type StepName struct {
	StepID   string              `json:"step_id"`
	Resource identity.ResourceID `json:"resource"`
}

// Other is a write by somebody else; Touches are resources of the run that it was about.
type Other struct {
	observation.ChangeEvent
	Touches []identity.ResourceID `json:"touches,omitempty"`
}

// Verdict is what the record says of a run. Silent means that it holds nothing of the run at all: it was not kept then.
type Verdict struct {
	Silent      bool                      `json:"silent"`
	Steps       int                       `json:"steps"`       // that were applied with a write
	Recorded    int                       `json:"recorded"`    // of them, those whose write is in the record
	Loosely     []StepName                `json:"loosely"`     // of the recorded ones, those known by kind and time only
	Missing     []StepName                `json:"missing"`     // applied, and not in the record
	Uncovered   []StepName                `json:"uncovered"`   // from before the record begins
	Unexplained []observation.ChangeEvent `json:"unexplained"` // ours, and of no step
	Others      []Other                   `json:"others"`      // by somebody else meanwhile
	Writes      int                       `json:"writes"`      // ours, the bookkeeping too
	Bookkeeping int                       `json:"bookkeeping"` // ours, of the marker
}

// Proven says that the record shows every step and nothing of ours besides. What others did meanwhile is theirs.
func (v Verdict) Proven() bool {
	return !v.Silent && len(v.Missing) == 0 && len(v.Uncovered) == 0 && len(v.Unexplained) == 0
}

// Digest stands for a record: sha256:… over its events and what it covers.
func Digest(report observation.ChangeReport) (string, error) {
	report.Requests = 0
	encoded, err := json.Marshal(report)
	if err != nil {
		return "", fmt.Errorf("encoding the record of writes: %w", err)
	}
	sum := sha256.Sum256(encoded)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// step is what the lines of one step say together.
type step struct {
	StepName
	serverID string
	outcome  history.Outcome
	writes   bool
	from, to time.Time
	exact    bool
	loosely  bool
}

func (s *step) within(at time.Time) bool {
	return !at.Before(s.from.Add(-slack)) && !at.After(s.to.Add(slack))
}

// Check holds the record against the run. The order of events does not matter.
func Check(p *plan.Plan, run Run, report observation.ChangeReport) (Verdict, error) {
	v := Verdict{Loosely: []StepName{}, Missing: []StepName{}, Uncovered: []StepName{},
		Unexplained: []observation.ChangeEvent{}, Others: []Other{}}
	covers, err := time.Parse(time.RFC3339Nano, report.Covers)
	if err != nil {
		return v, fmt.Errorf("the record does not say from when on it is complete: %q", report.Covers)
	}
	steps := stepsOf(p, run)
	found := newIndex(steps)
	from, to := run.Window()
	for _, event := range report.Events {
		at, err := time.Parse(time.RFC3339Nano, event.At)
		if err != nil {
			return v, fmt.Errorf("a recorded write has no time that reads: %q", event.At)
		}
		if at.Before(from) || at.After(to) {
			continue
		}
		v.take(event, at, found)
	}
	v.sum(steps, covers)
	return v, nil
}

func (v *Verdict) take(event observation.ChangeEvent, at time.Time, found index) {
	if !event.ByUs {
		v.Others = append(v.Others, Other{ChangeEvent: event, Touches: found.touched(event)})
		return
	}
	v.Writes++
	if event.Bookkeeping {
		v.Bookkeeping++
		return
	}
	if !found.explain(event, at) {
		v.Unexplained = append(v.Unexplained, event)
	}
}

func (v *Verdict) sum(steps []*step, covers time.Time) {
	for _, s := range steps {
		if s.outcome != history.Applied || !s.writes {
			continue
		}
		v.Steps++
		switch {
		case s.exact:
			v.Recorded++
		case s.loosely:
			v.Recorded++
			v.Loosely = append(v.Loosely, s.StepName)
		case s.from.Before(covers.Add(-slack)):
			v.Uncovered = append(v.Uncovered, s.StepName)
		default:
			v.Missing = append(v.Missing, s.StepName)
		}
	}
	v.Silent = v.Steps > 0 && v.Writes == 0
}

// stepsOf joins the lines of each step, in the order of the run.
func stepsOf(p *plan.Plan, run Run) []*step {
	writes := map[string]bool{}
	for _, planned := range p.Steps {
		switch planned.Action {
		case plan.ActionCreate, plan.ActionUpdate, plan.ActionDelete:
			writes[planned.ID] = true
		case plan.ActionMap, plan.ActionNone:
		}
	}
	byID := map[string]*step{}
	var steps []*step
	for _, line := range run.Steps {
		s := byID[line.StepID]
		if s == nil {
			s = &step{StepName: StepName{line.StepID, line.Resource}, writes: writes[line.StepID], from: line.At}
			byID[line.StepID], steps = s, append(steps, s)
		}
		if line.ServerID != "" {
			s.serverID = line.ServerID
		}
		if line.Outcome != "" {
			s.outcome = line.Outcome
		}
		if line.At.Before(s.from) {
			s.from = line.At
		}
		if line.At.After(s.to) {
			s.to = line.At
		}
	}
	return steps
}

// index finds the steps that a write may belong to.
type index struct {
	byResource map[identity.ResourceID][]*step
	byServer   map[identity.ResourceID][]*step // type and the target's id
	byType     map[string][]*step
}

func newIndex(steps []*step) index {
	i := index{byResource: map[identity.ResourceID][]*step{}, byServer: map[identity.ResourceID][]*step{},
		byType: map[string][]*step{}}
	for _, s := range steps {
		i.byResource[s.Resource] = append(i.byResource[s.Resource], s)
		i.byType[s.Resource.Type] = append(i.byType[s.Resource.Type], s)
		if s.serverID != "" {
			id := identity.ResourceID{Type: s.Resource.Type, Key: s.serverID}
			i.byServer[id] = append(i.byServer[id], s)
		}
	}
	return i
}

// named lists the steps whose resource the write names.
func (i index) named(event observation.ChangeEvent) []*step {
	var steps []*step
	for _, about := range event.About {
		if about.Key != "" {
			steps = append(steps, i.byResource[about]...)
		}
		for _, id := range event.ServerIDs {
			steps = append(steps, i.byServer[identity.ResourceID{Type: about.Type, Key: id}]...)
		}
	}
	return steps
}

// explain finds the steps that were at work on what was written, and notes it on them.
func (i index) explain(event observation.ChangeEvent, at time.Time) bool {
	explained := false
	for _, s := range i.named(event) {
		if s.within(at) && s.outcome != history.NotStarted {
			s.exact, explained = true, true
		}
	}
	if explained {
		return true
	}
	for _, about := range event.About {
		if about.Key != "" {
			continue
		}
		for _, s := range i.byType[about.Type] {
			if s.within(at) && s.outcome != history.NotStarted {
				s.loosely, explained = true, true
			}
		}
	}
	return explained
}

func (i index) touched(event observation.ChangeEvent) []identity.ResourceID {
	var touched []identity.ResourceID
	for _, s := range i.named(event) {
		if !slices.Contains(touched, s.Resource) {
			touched = append(touched, s.Resource)
		}
	}
	return touched
}
