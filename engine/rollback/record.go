package rollback

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Candidates are the runs that may be taken back: the one of an id or, without one, all, newest first. A run that cannot
// be is refused.
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

func knownRuns(runs []history.Run) string {
	var ids []string
	for _, run := range runs[:min(len(runs), 5)] {
		ids = append(ids, run.ID)
	}
	if len(ids) == 0 {
		return " There is none at all."
	}
	return " The newest are " + strings.Join(ids, ", ") + "."
}

// Nothing refuses to take back what changed nothing: the run of an id, or, without one, any.
func Nothing(id string) error {
	detail := "No run of this state changed anything that is still there. If another machine applied, its state holds " +
		"the run."
	if id != "" {
		detail = fmt.Sprintf("Run %s changed nothing.", id)
	}
	return diag.Errorf("rollback-nothing", "Nothing to take back", "%s", detail)
}

// BuiltUpon refuses to pull the ground from under a run that came later; nil when that one neither changed nor needs
// anything of the earlier.
func BuiltUpon(earlier, later *history.Record) error {
	found, is := history.DependenceOn(earlier.Did, later.Did)
	if !is {
		return nil
	}
	why := "changed " + phrase.Clean(found.Step) + ", too"
	if found.Needs != "" {
		why = "made " + phrase.Clean(found.Step) + ", which needs " + phrase.Clean(found.Needs)
	}
	return diag.Errorf("rollback-later-run", "A later run builds on it",
		"Run %s, later than %s, %s.\nTake that one back first: rehome rollback -run=%s.",
		later.Run.ID, earlier.Run.ID, why, later.Run.ID)
}

// UsedSince says in a line of each what the plan deletes without a decision though it is used, or though nobody can tell.
func UsedSince(p *plan.Plan, asked []observation.UsageQuestion, known map[identity.ResourceID]observation.Usage) []string {
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
