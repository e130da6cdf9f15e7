package handoff

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/switchover"
)

// Executed is a plan that was run, with the last outcome of each of its steps.
type Executed struct {
	Plan     *plan.Plan
	Run      string                  // empty for a plan that was not run yet
	Outcomes map[string]history.Step // by step ID
}

// ProgressOf reads every plan that was run, oldest first, and lists the applications with a resource by name. Primary
// tells the types of resource that an application becomes, as the target's schema says; nil when it is not known, which
// leaves Resource to chance.
func ProgressOf(executed []Executed, primary map[string]bool) []switchover.Progress {
	known := map[string]*switchover.Progress{}
	for _, e := range executed {
		for address, steps := range stepsByApplication(e.Plan) {
			p := known[address]
			if p == nil {
				p = &switchover.Progress{}
				known[address] = p
			}
			e.addTo(p, steps, primary)
			p.Tell = tellsOf(e.Plan, address)
		}
	}
	all := make([]switchover.Progress, 0, len(known))
	for _, p := range known {
		if p.Resource.Type != "" {
			all = append(all, *p)
		}
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].Name != all[j].Name {
			return all[i].Name < all[j].Name
		}
		return all[i].Address() < all[j].Address()
	})
	return all
}

// tellsOf is what a plan has the owner of an application told.
func tellsOf(p *plan.Plan, address string) []string {
	var tells []string
	for _, impact := range p.Impacts {
		if impact.Audience == fidelity.AudienceAppOwners && slices.Contains(impact.Items, address) && impact.Tell != "" {
			tells = append(tells, impact.Tell)
		}
	}
	slices.Sort(tells)
	return slices.Compact(tells)
}

// stepsByApplication finds the steps with a resource of each application.
func stepsByApplication(p *plan.Plan) map[string][]plan.Step {
	found := map[string][]plan.Step{}
	for _, step := range p.Steps {
		if step.Resource.Type == "" || (step.Disposition != plan.DispositionPlanned &&
			step.Disposition != plan.DispositionUnchanged) {
			continue
		}
		for _, item := range step.Items {
			if item.Kind == identity.KindApplication {
				address := identity.Address{Source: item.Source, Kind: item.Kind, ID: item.ID}.String()
				found[address] = append(found[address], step)
			}
		}
	}
	return found
}

// addTo adds what the steps of one application say of it.
func (e Executed) addTo(p *switchover.Progress, steps []plan.Step, primary map[string]bool) {
	ready, readyAt := true, ""
	var open []string
	from := "plan " + e.Plan.PlanHash
	if e.Run != "" {
		from = "run " + e.Run
	}
	for _, step := range steps {
		at, done := e.outcome(step)
		if primary[step.Resource.Type] || (primary == nil && p.Resource.Type == "") {
			item := applicationOf(step)
			p.Resource, p.Item, p.Name = step.Resource, item.Address(), item.Name
		}
		if step.After[switchover.AttributeEnabled] == true {
			if done && p.Enabled == nil {
				p.Enabled = &switchover.Mark{At: at, From: from}
			}
			continue
		}
		if !done {
			ready = false
			open = append(open, step.ID)
			continue
		}
		if readyAt == "" || switchover.Earlier(readyAt, at) {
			readyAt = at
		}
		if step.Action == plan.ActionCreate && len(step.AfterUnknown) > 0 {
			p.NewSecret = true
		}
		for _, value := range step.After {
			if _, moved := identity.AsSecretReference(value); moved {
				p.OldSecret = true
			}
		}
	}
	if ready && p.Prepared == nil && len(steps) > 0 {
		p.Prepared, p.Partly = &switchover.Mark{At: readyAt, From: from}, ""
	} else if !ready && p.Prepared == nil && e.Run != "" {
		p.Partly = fmt.Sprintf("%s in %s", strings.Join(open, ", "), from)
	}
}

func applicationOf(step plan.Step) merge.ItemName {
	for _, item := range step.Items {
		if item.Kind == identity.KindApplication {
			return item
		}
	}
	return merge.ItemName{}
}

// outcome of a step; one that had nothing to do counts as done when the run was made.
func (e Executed) outcome(step plan.Step) (at string, done bool) {
	if step.Disposition == plan.DispositionUnchanged {
		return e.Plan.CreatedAt, true
	}
	last := e.Outcomes[step.ID]
	return last.At.UTC().Format(time.RFC3339), last.Outcome.Done()
}
