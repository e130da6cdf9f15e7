package handoff_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/switchover"
)

const (
	made       = "2026-11-01T10:00:00Z"
	afterwards = "2026-11-02T10:00:00Z"
)

func appStep(id, resourceType string, disposition plan.Disposition, after identity.Attributes) plan.Step {
	return plan.Step{ID: id, Action: plan.ActionCreate, Disposition: disposition,
		Resource: identity.ResourceID{Type: resourceType, Key: "a"}, After: after,
		Items: []merge.ItemName{{Source: "okta.corp", Kind: identity.KindApplication, ID: "1", Name: "Alpha"}}}
}

func TestProgressOf_TellsPreparedFromEnabled(t *testing.T) {
	client := appStep("client:a", "client", plan.DispositionPlanned, nil)
	client.AfterUnknown = []string{"secret"}
	gate := appStep("gate:a", "gate", plan.DispositionPlanned, nil)
	opening := appStep("opening:a", "opening", plan.DispositionPlanned, identity.Attributes{"enabled": true})
	p := &plan.Plan{Steps: []plan.Step{client, gate, opening}}
	run := func(id string, outcomes ...string) handoff.Executed {
		e := handoff.Executed{Plan: p, Run: id, Outcomes: map[string]history.Step{}}
		for i, outcome := range outcomes {
			if outcome != "" {
				e.Outcomes[p.Steps[i].ID] = history.Step{Outcome: history.Outcome(outcome), At: timeOf(afterwards)}
			}
		}
		return e
	}
	primary := map[string]bool{"client": true}
	mark := &switchover.Mark{At: afterwards, From: "run r1"}
	cases := map[string]struct {
		runs              []handoff.Executed
		prepared, enabled *switchover.Mark
		partly            string
		secret            bool
	}{
		"all was done":      {[]handoff.Executed{run("r1", "applied", "applied", "applied")}, mark, mark, "", true},
		"it was not run":    {[]handoff.Executed{run("")}, nil, nil, "", false},
		"it was not opened": {[]handoff.Executed{run("r1", "applied", "applied", "failed")}, mark, nil, "", true},
		"the gate failed":   {[]handoff.Executed{run("r1", "applied", "failed", "")}, nil, nil, "gate:a in run r1", true},
		"nothing was begun": {[]handoff.Executed{run("r1")}, nil, nil, "client:a, gate:a in run r1", false},
		"a later run mends it": {[]handoff.Executed{run("r0", "applied", "failed", ""),
			run("r1", "already", "applied", "applied")}, mark, mark, "", true},
		"a later run repeats": {[]handoff.Executed{run("r1", "applied", "applied", "applied"),
			run("r2", "already", "already", "already")}, mark, mark, "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := handoff.ProgressOf(c.runs, primary)
			if len(got) != 1 {
				t.Fatalf("%d applications", len(got))
			}
			want := switchover.Progress{Item: client.Items[0].Address(), Name: client.Items[0].Name, Resource: client.Resource,
				Prepared: c.prepared, Enabled: c.enabled, Partly: c.partly, NewSecret: c.secret}
			if diff := cmp.Diff(want, got[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func namedStep(id, name, resourceType string) plan.Step {
	return plan.Step{
		ID: resourceType + ":" + id, Disposition: plan.DispositionUnchanged,
		Resource: identity.ResourceID{Type: resourceType, Key: id},
		Items:    []merge.ItemName{{Source: "okta.corp", Kind: identity.KindApplication, ID: id, Name: name}},
	}
}

func TestProgressOf_ListsApplicationsByNameAndThenAddress(t *testing.T) {
	blocked := namedStep("9", "Blocked", "client")
	blocked.Disposition = plan.DispositionBlocked
	p := &plan.Plan{CreatedAt: made, PlanHash: "sha256:1", Steps: []plan.Step{
		namedStep("2", "Wiki", "client"), namedStep("1", "Wiki", "client"), namedStep("3", "Blog", "client"), blocked,
		namedStep("4", "Only a gate", "gate"),
	}}
	mark := &switchover.Mark{At: made, From: "plan sha256:1"}
	row := func(id, name, resourceType string) switchover.Progress {
		step := namedStep(id, name, resourceType)
		return switchover.Progress{Item: step.Items[0].Address(), Name: name, Resource: step.Resource, Prepared: mark}
	}
	want := []switchover.Progress{row("3", "Blog", "client"), row("1", "Wiki", "client"), row("2", "Wiki", "client")}
	if diff := cmp.Diff(want, handoff.ProgressOf([]handoff.Executed{{Plan: p}},
		map[string]bool{"client": true})); diff != "" {
		t.Error(diff)
	}
	withoutSchema := handoff.ProgressOf([]handoff.Executed{{Plan: p}}, nil)
	if len(withoutSchema) != 4 {
		t.Errorf("without a schema: %+v", withoutSchema)
	}
}

func TestProgressOf_WithoutASchemaTheFirstResourceIsTheApplication(t *testing.T) {
	p := &plan.Plan{CreatedAt: made, Steps: []plan.Step{namedStep("1", "Wiki", "client"), namedStep("1", "Wiki", "gate")}}
	got := handoff.ProgressOf([]handoff.Executed{{Plan: p}}, nil)
	if len(got) != 1 || got[0].Resource.Type != "client" {
		t.Errorf("%+v", got)
	}
}

// Only a value that the target makes up is a new secret; a step without one is not.
func TestProgressOf_ACreatedApplicationWithoutSecretHasNone(t *testing.T) {
	step := namedStep("1", "Wiki", "client")
	step.Disposition, step.Action = plan.DispositionPlanned, plan.ActionCreate
	executed := handoff.Executed{
		Plan: &plan.Plan{Steps: []plan.Step{step}}, Run: "r-1",
		Outcomes: map[string]history.Step{step.ID: {Outcome: history.Applied, At: timeOf(afterwards)}},
	}
	got := handoff.ProgressOf([]handoff.Executed{executed}, map[string]bool{"client": true})
	if len(got) != 1 || got[0].NewSecret || got[0].OldSecret {
		t.Errorf("%+v", got)
	}
}

// timeOf reads a time of a test.
func timeOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

func TestProgressOf_HoldsWhatThePlanHasTheOwnerTold(t *testing.T) {
	app := identity.Address{Source: "okta.corp", Kind: identity.KindApplication, ID: "a"}
	p := &plan.Plan{Steps: []plan.Step{{ID: "client:a", Resource: identity.ResourceID{Type: "client", Key: "a"},
		Disposition: plan.DispositionPlanned, Items: []merge.ItemName{{Source: app.Source, Kind: app.Kind, ID: app.ID,
			Name: "A"}}}}}
	p.Impacts = []fidelity.Impact{
		{Audience: fidelity.AudienceAppOwners, Tell: "Enter the new metadata.", Items: []string{app.String()}},
		{Audience: fidelity.AudienceAppOwners, Tell: "Be ready.", Items: []string{"okta.corp/application/b", app.String()}},
		{Audience: fidelity.AudienceAppOwners, Tell: "Be ready.", Items: []string{app.String()}},
		{Audience: fidelity.AudienceAppOwners, Tell: "Of another one.", Items: []string{"okta.corp/application/b"}},
		{Audience: fidelity.AudienceEndUsers, Tell: "For everybody.", Items: []string{app.String()}},
	}
	got := handoff.ProgressOf([]handoff.Executed{{Plan: p}}, map[string]bool{"client": true})
	if len(got) != 1 || !slices.Equal(got[0].Tell, []string{"Be ready.", "Enter the new metadata."}) {
		t.Errorf("%+v", got)
	}
}
