package proving

import (
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/verify"
	"github.com/rehome-iam/rehome/state"
)

// Did lists the steps that the runs of a migration carried out, oldest first; of one run where it is named.
func Did(migration *state.Migration, only string) ([]verify.Done, error) {
	runs, err := migration.Runs()
	if err != nil {
		return nil, err
	}
	runs, err = named(runs, only)
	if err != nil {
		return nil, err
	}
	var done []verify.Done
	for _, head := range slices.Backward(runs) {
		run, p, err := runAndPlan(migration, head.ID)
		if err != nil {
			return nil, err
		}
		done = append(done, carriedOut(run, p)...)
	}
	if len(done) == 0 {
		return nil, diag.Errorf("verify-nothing", "There is nothing to verify",
			"No run of this state has applied a step yet. Run rehome apply first, with the state that keeps its journal.")
	}
	return done, nil
}

// named keeps the run that is asked for, of runs that are newest first; all of them where none is.
func named(runs []state.Run, only string) ([]state.Run, error) {
	if only == "" {
		return runs, nil
	}
	for _, run := range runs {
		if run.ID == only {
			return []state.Run{run}, nil
		}
	}
	return nil, diag.Errorf("run-unknown", "There is no such run",
		"The state knows no run %q. rehome run list names them.", only)
}

func runAndPlan(migration *state.Migration, id string) (state.Run, *plan.Plan, error) {
	run, err := migration.Run(id)
	if err != nil {
		return run, nil, err
	}
	p, err := migration.Plan(run.PlanHash)
	return run, p, err
}

// carriedOut joins the last outcome of each step with the plan.
func carriedOut(run state.Run, p *plan.Plan) []verify.Done {
	var done []verify.Done
	did := run.Done()
	for _, step := range p.Steps {
		if outcome, is := did[step.ID]; is {
			done = append(done, verify.Done{Run: run.ID, Step: step, ServerID: outcome.ServerID})
		}
	}
	return done
}

// unknownApplications names the applications of a verify block that no run made, so that a misspelt name is not a probe
// less.
func unknownApplications(block *config.Verify, expected []verify.Expected) diag.List {
	if block == nil {
		return nil
	}
	unknown := map[string]bool{}
	for _, table := range []map[string]string{block.Members, block.Strangers} {
		for name := range table {
			unknown[name] = true
		}
	}
	for _, e := range expected {
		delete(unknown, e.Resource.Key)
		for _, item := range e.Items {
			delete(unknown, item.Name)
		}
	}
	var warnings diag.List
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		warnings = append(warnings, at(block.Range, diag.Warningf("verify-application-unknown",
			"Application is not known", "No run made an application %q, so nobody acts for it.", name)))
	}
	return warnings
}
