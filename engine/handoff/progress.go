package handoff

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// attributeEnabled is how a target says that a resource opens an application: a step of the application whose After
// sets it to true.
const attributeEnabled = "enabled"

// Executed is a plan that was run, with the last outcome of each of its steps.
type Executed struct {
	Plan     *plan.Plan
	Run      string                  // empty for a plan that was not run yet
	Outcomes map[string]history.Step // by step ID
}

// Mark is when something was done, and by what.
type Mark struct {
	At   string `json:"at"`
	From string `json:"from"`
}

// Progress is what plans and runs say about one application.
type Progress struct {
	Item      plan.ItemName
	Resource  identity.ResourceID // that the application connects to
	Prepared  *Mark               // every step of it but the one that opens it is done
	Partly    string              // what is not done of it, when a run tried
	Enabled   *Mark
	NewSecret bool // a run made a secret that the owner must be given
	OldSecret bool // the secret moved with the application
}

// Address of the application's item.
func (p Progress) Address() string {
	return identity.Address{Source: p.Item.Source, Kind: p.Item.Kind, ID: p.Item.ID}.String()
}

// ProgressOf reads every plan that was run, oldest first, and lists the applications with a resource by name. Primary
// tells the types of resource that an application becomes, as the target's schema says; nil when it is not known, which
// leaves Resource to chance.
func ProgressOf(executed []Executed, primary map[string]bool) []Progress {
	known := map[string]*Progress{}
	for _, e := range executed {
		for address, steps := range stepsByApplication(e.Plan) {
			p := known[address]
			if p == nil {
				p = &Progress{}
				known[address] = p
			}
			p.add(e, steps, primary)
		}
	}
	all := make([]Progress, 0, len(known))
	for _, p := range known {
		if p.Resource.Type != "" {
			all = append(all, *p)
		}
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].Item.Name != all[j].Item.Name {
			return all[i].Item.Name < all[j].Item.Name
		}
		return all[i].Address() < all[j].Address()
	})
	return all
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

func (p *Progress) add(e Executed, steps []plan.Step, primary map[string]bool) {
	ready, readyAt := true, ""
	var open []string
	from := "plan " + e.Plan.PlanHash
	if e.Run != "" {
		from = "run " + e.Run
	}
	for _, step := range steps {
		at, done := e.outcome(step)
		if primary[step.Resource.Type] || (primary == nil && p.Resource.Type == "") {
			p.Resource, p.Item = step.Resource, applicationOf(step)
		}
		if step.After[attributeEnabled] == true {
			if done && p.Enabled == nil {
				p.Enabled = &Mark{At: at, From: from}
			}
			continue
		}
		if !done {
			ready = false
			open = append(open, step.ID)
			continue
		}
		if readyAt == "" || before(readyAt, at) {
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
	switch {
	case ready && p.Prepared == nil && len(steps) > 0:
		p.Prepared, p.Partly = &Mark{At: readyAt, From: from}, ""
	case !ready && p.Prepared == nil && e.Run != "":
		p.Partly = fmt.Sprintf("%s in %s", strings.Join(open, ", "), from)
	}
}

func applicationOf(step plan.Step) plan.ItemName {
	for _, item := range step.Items {
		if item.Kind == identity.KindApplication {
			return item
		}
	}
	return plan.ItemName{}
}

// outcome of a step; one that had nothing to do counts as done when the run was made.
func (e Executed) outcome(step plan.Step) (at string, done bool) {
	if step.Disposition == plan.DispositionUnchanged {
		return e.Plan.CreatedAt, true
	}
	last := e.Outcomes[step.ID]
	return last.At.UTC().Format(time.RFC3339), last.Outcome.Done()
}

// PrimaryTypes are the types of resource that applications become.
func PrimaryTypes(schemas []identity.ResourceSchema) map[string]bool {
	return typesOf(schemas, func(s identity.ResourceSchema) bool {
		for _, kind := range s.ItemKinds {
			if kind == identity.KindApplication {
				return true
			}
		}
		return false
	})
}

// OpeningTypes are the types of resource that open what another resource describes, as the target says.
func OpeningTypes(schemas []identity.ResourceSchema) map[string]bool {
	return typesOf(schemas, func(s identity.ResourceSchema) bool { return s.Opens })
}

func typesOf(schemas []identity.ResourceSchema, is func(identity.ResourceSchema) bool) map[string]bool {
	types := map[string]bool{}
	for _, s := range schemas {
		if is(s) {
			types[s.Type] = true
		}
	}
	return types
}

// LiveOf looks for an application's resource among the live ones. An application that has no resource that opens it is
// open when it is there.
func LiveOf(resource identity.ResourceID, live []identity.Resource, opening map[string]bool, at string) Live {
	found := Live{At: at}
	opens, said := false, false
	for _, r := range live {
		if r.ID() == resource {
			found.Exists = true
		}
		if opening[r.Type] && r.Key == resource.Key {
			said = true
			enabled, _ := r.Attributes[attributeEnabled].(bool)
			opens = opens || enabled
		}
	}
	found.Open = found.Exists && (opens || (!said && len(opening) == 0))
	return found
}
