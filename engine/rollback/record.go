package rollback

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Candidates are the runs that may be taken back: the one of an id or, without one, all, newest first. A run that
// cannot be is refused.
func Candidates(newestFirst []history.Run, id string) ([]history.Run, error) {
	if id == "" {
		return history.Reversible(newestFirst), nil
	}
	run := history.ByID(newestFirst, id)
	if run == nil {
		return nil, diag.Errorf("run-unknown", "Run is not known",
			"There is no run %s in this state.%s", id, knownRuns(newestFirst))
	}
	if run.RollbackOf != "" {
		return nil, diag.Errorf("rollback-of-rollback", "Run is a rollback", "Run %s took run %s back. "+
			"To have that again, plan and apply: the plan shows what it makes anew.", id, run.RollbackOf)
	}
	if run.RolledBackBy != "" {
		return nil, diag.Errorf("rollback-done", "Run was taken back",
			"Run %s was taken back by run %s. There is nothing left of it.", id, run.RolledBackBy)
	}
	return []history.Run{*run}, nil
}

// elsewhere is the way on where a run is in no state at hand.
const elsewhere = "If another machine applied, its state holds the run: go back there. If its state was lost, put that " +
	"back from its backup; without one, what the run made is found by rehome plan and stays."

func knownRuns(runs []history.Run) string {
	var ids []string
	for _, run := range runs[:min(len(runs), 5)] {
		ids = append(ids, run.ID)
	}
	if len(ids) == 0 {
		return " There is none at all. " + elsewhere
	}
	return " The newest are " + strings.Join(ids, ", ") + "."
}

// Nothing refuses to take back what changed nothing: the run of an id, or, without one, any.
func Nothing(id string) error {
	detail := "No run of this state changed anything that is still there. " + elsewhere
	if id != "" {
		detail = fmt.Sprintf("Run %s changed nothing.", id)
	}
	return diag.Errorf("rollback-nothing", "Nothing to take back", "%s", detail)
}

// Record is a run that can be taken back, with its plan and, in the order of the plan, the steps that its family of
// runs did or began.
type Record struct {
	*history.Record
	Plan *plan.Plan
	Did  []Did
}

// Did is a step as it was planned, and what came of it.
type Did struct {
	Step plan.Step
	history.Did
}

// RecordOf joins what the family of a run did with the plan that it carried out.
func RecordOf(newestFirst []history.Run, run history.Run, p *plan.Plan, read history.Read) (*Record, error) {
	of, err := history.RecordOf(newestFirst, run, read)
	if err != nil {
		return nil, err
	}
	record := &Record{Record: of, Plan: p}
	for _, step := range p.Steps {
		if did, exists := of.Steps[step.ID]; exists && step.Disposition == plan.DispositionPlanned {
			record.Did = append(record.Did, Did{Step: step, Did: did})
		}
	}
	return record, nil
}

// Left are the steps that no rollback has taken back.
func (r *Record) Left() []Did {
	return slices.DeleteFunc(slices.Clone(r.Did), func(d Did) bool { return d.TakenBack })
}

// BuiltUpon refuses to pull the ground from under a run that came later; nil when that one neither changed nor needs
// anything of the earlier.
func BuiltUpon(earlier, later *Record) error {
	found, is := dependenceOn(earlier.Did, later.Did)
	if !is {
		return nil
	}
	why := "changed " + phrase.Clean(found.step) + ", too"
	if found.needs != "" {
		why = "made " + phrase.Clean(found.step) + ", which needs " + phrase.Clean(found.needs)
	}
	return diag.Errorf("rollback-later-run", "A later run builds on it",
		"Run %s, later than %s, %s.\nTake that one back first: rehome rollback -run=%s.",
		later.Run.ID, earlier.Run.ID, why, later.Run.ID)
}

// dependence is why what one run did cannot be taken back while what another did stands: it changed the same step, or
// needs one of it.
type dependence struct {
	step  string
	needs string // empty where the later run changed the step itself
}

// dependenceOn finds what a later run changed of, or needs from, the steps of an earlier one. What was only mapped
// changed nothing.
func dependenceOn(earlier, later []Did) (dependence, bool) {
	ours := map[string]bool{}
	for _, d := range earlier {
		ours[d.Step.ID] = true
	}
	for _, d := range later {
		if d.Step.Action == plan.ActionMap {
			continue
		}
		if ours[d.Step.ID] {
			return dependence{step: d.Step.ID}, true
		}
		for _, need := range d.Step.DependsOn {
			if ours[need] {
				return dependence{step: d.Step.ID, needs: need}, true
			}
		}
	}
	return dependence{}, false
}

// UsedSince says in a line of each what the plan deletes without a decision though it is used, or though nobody can
// tell.
func UsedSince(p *plan.Plan, asked []observation.UsageQuestion,
	known map[identity.ResourceID]observation.Usage) []string {
	undecided := map[identity.ResourceID]bool{}
	for _, step := range p.Steps {
		undecided[step.Resource] = step.Disposition == plan.DispositionPlanned && step.Action == plan.ActionDelete &&
			step.Decision == ""
	}
	var lines []string
	for _, question := range asked {
		id := question.Resource.ID()
		u, answered := known[id]
		if !undecided[id] || answered && !u.Used && u.Unknown == "" {
			continue
		}
		why := u.Unknown
		if len(u.Facts) > 0 {
			why = u.Facts[0]
		}
		lines = append(lines, fmt.Sprintf("%s   used since: %s", id, why))
	}
	return lines
}
