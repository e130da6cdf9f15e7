package apply

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Rights is the error that names every right that the credential of a target lacks for what is left to do of a plan,
// nil when it lacks none. A right of which nobody can tell whether it is there stops nothing: the step that needs it
// says so. A right that only one kind of step needs is not asked for where no such step is left.
func Rights(p *plan.Plan, checks []observation.PermissionCheck, earlier *history.Known) error {
	left := map[string]int{}
	for _, step := range Planned(p.Steps) {
		if done, _ := earlier.Of(step.ID); !done {
			left[step.Resource.Type]++
		}
	}
	var lines, actions []string
	for _, check := range checks {
		if check.State != observation.PermissionMissing || check.Optional {
			continue
		}
		waiting := 0
		for _, resourceType := range check.Types {
			waiting += left[resourceType]
		}
		if len(check.Types) > 0 && waiting == 0 {
			continue
		}
		need := "every apply needs it"
		if waiting > 0 {
			need = phrase.Plural(waiting, "step needs it", "steps need it")
		}
		_, use, _ := strings.Cut(check.For, ": ")
		lines = append(lines, fmt.Sprintf("  %s   %s (%s)", phrase.Clean(check.Name), phrase.Clean(use), need))
		if action := phrase.Clean(check.Action); action != "" && !slices.Contains(actions, action) {
			actions = append(actions, action)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return diag.Errorf("permission-missing", "Permission is missing",
		"Nothing was changed. The credential of the target lacks %s that this plan needs:\n%s\n%s",
		phrase.Plural(len(lines), "right", "rights"), strings.Join(lines, "\n"), strings.Join(actions, "\n"))
}
