package attesting

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// planOfPeople makes a group, and a user whose every step is about her.
func planOfPeople() *plan.Plan {
	ada := merge.ItemName{Source: "okta.corp", Kind: identity.KindUser, ID: "00u1ada", Name: "ada.lovelace@acme.example"}
	return &plan.Plan{Migration: plan.Migration{Name: "acme", Tenant: "acme"}, Steps: []plan.Step{
		{ID: "group:/Staff", Action: "create", Resource: identity.ResourceID{Type: "group", Key: "/Staff"},
			Items: []merge.ItemName{{Source: "okta.corp", Kind: identity.KindGroup, ID: "00g1", Name: "Staff"}}},
		{ID: "user:ada.lovelace@acme.example", Action: "create", Items: []merge.ItemName{ada},
			Resource: identity.ResourceID{Type: "user", Key: "ada.lovelace@acme.example"}},
	}}
}

const (
	groupStep = "group:/Staff"
	userStep  = "user:ada.lovelace@acme.example"
)

func maskOf(t *testing.T, named bool) *bundleMask {
	t.Helper()
	p := planOfPeople()
	if named {
		return newBundleMask(nil, p, p)
	}
	m := pseudonym.New(make([]byte, pseudonym.KeySize), p)
	shown, err := m.Plan(p)
	if err != nil {
		t.Fatal(err)
	}
	return newBundleMask(m, p, shown)
}

func names(text string) bool { return strings.Contains(strings.ToLower(text), "lovelace") }

func TestWithhold_PeopleAndOtherTenantsAreKeptOutOfTheChain(t *testing.T) {
	event := func(name audit.Name, tenant, target, fact string) audit.Event {
		return audit.Event{
			Name: name, Tenant: tenant, Actor: "ada.lovelace@acme.example", Target: target,
			Facts: map[string]string{"fact": fact},
		}
	}
	const ada = "ada.lovelace@acme.example"
	for name, c := range map[string]struct {
		event             audit.Event
		withheld, andShow bool // with people named: andShow
	}{
		"of a thing, by an accountable actor": {event("migration.run.step", "acme", groupStep, "applied"), false, false},
		"about a person's step":               {event("migration.run.step", "acme", userStep, "applied"), true, false},
		"an item that is she":                 {event("migration.decided", "acme", "okta.corp/user/00u9", ""), true, false},
		"a person in a fact":                  {event("migration.failed", "acme", "x", "of "+ada), true, false},
		"what the author declared":            {event(evidence.EventRecorded, "acme", "sha256:1", "call "+ada), false, false},
		"of the whole state":                  {event("state.key_rotated", "", "state", "x"), false, false},
		"of another tenant":                   {event("migration.run.step", "beta", groupStep, "applied"), true, true},
		"declared by another tenant":          {event(evidence.EventRecorded, "beta", "sha256:2", "x"), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := maskOf(t, false).withhold(c.event); got != c.withheld {
				t.Errorf("withheld: %t", got)
			}
			if got := maskOf(t, true).withhold(c.event); got != c.andShow {
				t.Errorf("withheld though people may be named: %t", got)
			}
		})
	}
}

func TestMask_ARunNamesStepsAsThePlanThatIsShownDoes(t *testing.T) {
	run := state.Run{ID: "r-1", Steps: []history.Step{
		{StepID: groupStep, Resource: identity.ResourceID{Type: "group", Key: "/Staff"}, ServerID: "g-77",
			Reason: "for ada.lovelace@acme.example"},
		{StepID: userStep, Resource: identity.ResourceID{Type: "user", Key: "ada.lovelace@acme.example"}, ServerID: "u-77"},
		{StepID: "of another plan", ServerID: "x-1"},
	}}
	mask := maskOf(t, false)
	got := mask.run(run)
	for i, want := range []struct{ step, server string }{
		{groupStep, "g-77"}, {mask.shown[userStep].ID, ""}, {"of another plan", "x-1"},
	} {
		if got.Steps[i].StepID != want.step || got.Steps[i].ServerID != want.server {
			t.Errorf("step %d: %+v", i, got.Steps[i])
		}
	}
	for _, step := range got.Steps {
		if names(step.StepID + step.Resource.Key + step.Reason) {
			t.Errorf("it names her: %+v", step)
		}
	}
	if run.Steps[1].ServerID != "u-77" || maskOf(t, true).run(run).Steps[1].ServerID != "u-77" {
		t.Error("the run itself was changed, or is masked though people may be named")
	}
}

func TestMask_TheJournalKeepsOutcomesOfPeopleAndNoMore(t *testing.T) {
	record := journal.Record{Sequence: 4, Intend: &journal.Intention{
		StepID: userStep, Action: "create", Resource: identity.ResourceID{Type: "user", Key: "ada.lovelace@acme.example"},
	}, Outcome: &journal.StepOutcome{
		StepID: userStep, Outcome: history.Applied, ServerID: "u-77", Requests: 2,
		Reason: "ada.lovelace@acme.example is there",
	}}
	line, err := maskOf(t, false).journalLine(record)
	if err != nil {
		t.Fatal(err)
	}
	text := string(line)
	if names(text) || strings.Contains(text, "u-77") {
		t.Errorf("it names her: %s", text)
	}
	for _, want := range []string{`"sequence":4`, `"applied"`, `"create"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	whole, err := maskOf(t, true).journalLine(record)
	if err != nil || !strings.Contains(string(whole), "u-77") || !names(string(whole)) {
		t.Errorf("with people named: %s, %v", whole, err)
	}
}

func TestMask_ProbesAreThoseOfTheRunWithoutTheTargetsRecord(t *testing.T) {
	found := []byte(`{"who":"ada.lovelace@acme.example"}`)
	probes, err := maskOf(t, false).probes([]state.Verification{
		{ID: "v-3", Kind: state.VerifiedEvents, Runs: []string{"r-1"}, Findings: found},
		{ID: "v-2", Kind: state.VerifiedProbes, Runs: []string{"r-2"}},
		{ID: "v-1", Kind: state.VerifiedProbes, Runs: []string{"r-0", "r-1"}, Findings: found},
	}, "r-1")
	if err != nil || len(probes) != 1 || !strings.Contains(string(probes[0]), "v-1") || names(string(probes[0])) {
		t.Errorf("%s, %v", probes, err)
	}
}
