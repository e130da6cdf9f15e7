package parity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/parity"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/engine/verify"
	"github.com/rehome-iam/rehome/state"
)

// schemas are those of a target that has applications, grants and groups.
var schemas = []identity.ResourceSchema{
	{Type: "client", ItemKinds: []identity.Kind{identity.KindApplication}},
	{Type: "grant", ItemKinds: []identity.Kind{identity.KindAppAssignment}},
	{Type: "team", ItemKinds: []identity.Kind{identity.KindGroup}},
}

func app(t *testing.T, id, name string, change func(*kinds.Application)) identity.Item {
	a := kinds.Application{Name: name, Status: identity.StatusActive, Access: identity.AccessAssigned}
	if change != nil {
		change(&a)
	}
	return projecttest.Item(t, identity.KindApplication, id, name, a)
}

func assignment(t *testing.T, application, principal, kind string, change func(*kinds.AppAssignment)) identity.Item {
	a := kinds.AppAssignment{Application: application, Principal: principal, PrincipalKind: kind, Direct: true,
		Status: identity.StatusActive}
	if change != nil {
		change(&a)
	}
	return projecttest.Item(t, identity.KindAppAssignment, application+":"+principal, principal, a)
}

func member(t *testing.T, group, person string) identity.Item {
	return projecttest.Item(t, identity.KindMembership, group+":"+person, person,
		kinds.Membership{Group: group, Member: person, MemberKind: "user"})
}

func team(t *testing.T, id, name string, everyone bool) identity.Item {
	return projecttest.Item(t, identity.KindGroup, id, name, kinds.Group{Name: name, Everyone: everyone})
}

// became binds an item to a resource, as a run does.
func became(kind identity.Kind, id, resourceType, key string) history.Binding {
	return history.Binding{Item: identity.Address{Source: "fake.corp", Kind: kind, ID: id},
		Resource: identity.ResourceID{Type: resourceType, Key: key}}
}

func grant(key, client string) identity.Resource {
	return identity.Resource{Type: "grant", Key: key, Attributes: identity.Attributes{"client": client}}
}

// made is an application as the runs left it.
func made(id, key string) verify.Expected {
	return verify.Expected{Resource: identity.ResourceID{Type: "client", Key: key}, Run: "r-1",
		Attributes: identity.Attributes{},
		Items:      []merge.ItemName{{Source: "fake.corp", Kind: identity.KindApplication, ID: id}}}
}

// place is a project whose newest snapshot holds these items, and whose runs made these bindings.
func place(t *testing.T, bindings []history.Binding, items ...identity.Item) (*projecttest.Place, *project.Project) {
	t.Helper()
	w := projecttest.New(t, "acme", items...)
	p := w.Open()
	migration, err := p.StateForChange(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reading.Collect(t.Context(), p, p.Config().SourceBlocks()[0]); err != nil {
		t.Fatal(err)
	}
	if err := migration.PutRunStep("r-1", history.Step{}, bindings, state.Event{}); err != nil {
		t.Fatal(err)
	}
	return w, p
}

func compare(t *testing.T, p *project.Project, live []identity.Resource, expected ...verify.Expected) (verify.Incumbent,
	[]verify.Result) {
	t.Helper()
	in, results, err := parity.Grants(t.Context(), p, expected, live, schemas)
	if err != nil {
		t.Fatal(err)
	}
	return in, results
}

// summary is an incumbent in lines: the sums, and what each application lacks.
func summary(in verify.Incumbent) string {
	lines := []string{fmt.Sprintf("%d of %d", in.Held, in.Assignments)}
	for _, a := range in.Applications {
		line := fmt.Sprintf("%s %d/%d people %d others %d everyone %v moved %v hanging %d", a.Name, a.Held, a.Assignments,
			a.People, a.Others, a.Everyone, a.Moved, a.Hanging())
		for _, g := range a.Groups {
			line += fmt.Sprintf(" %s(%d)", g.Name, g.Members)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestGrants_CountsWhoHangsOnWhatIsNotInTheTarget(t *testing.T) {
	_, p := place(t, []history.Binding{
		became(identity.KindApplication, "wiki", "client", "wiki"),
		became(identity.KindAppAssignment, "wiki:crew", "grant", "/Crew -> wiki"),
		became(identity.KindAppAssignment, "wiki:gone", "grant", "/Gone -> wiki"), // taken out of the target by hand
	},
		app(t, "wiki", "Wiki", nil), app(t, "payroll", "Payroll", nil),
		team(t, "crew", "Crew", false), team(t, "gone", "Gone", false), team(t, "field", "Field/North", false),
		assignment(t, "wiki", "crew", "group", nil), assignment(t, "wiki", "gone", "group", nil),
		assignment(t, "wiki", "field", "group", nil), assignment(t, "payroll", "field", "group", nil),
		assignment(t, "wiki", "ada", "user", nil), assignment(t, "wiki", "robot", "service_principal", nil),
		assignment(t, "wiki", "bo", "user", func(a *kinds.AppAssignment) { a.Direct = false }),
		assignment(t, "wiki", "cy", "user", func(a *kinds.AppAssignment) { a.Status = identity.StatusInactive }),
		member(t, "field", "ada"), member(t, "field", "bo"), member(t, "gone", "cy"), member(t, "crew", "dee"),
		projecttest.Item(t, identity.KindMembership, "field:sub", "sub",
			kinds.Membership{Group: "field", Member: "sub", MemberKind: "group"}),
	)
	in, _ := compare(t, p, []identity.Resource{grant("/Crew -> wiki", "wiki"), {Type: "team", Key: "/Crew"}})
	want := "1 of 6\n" +
		"Wiki 1/5 people 1 others 1 everyone false moved true hanging 4 Field/North(2) Gone(1)\n" +
		"Payroll 0/1 people 0 others 0 everyone false moved false hanging 2 Field/North(2)"
	if diff := cmp.Diff(want, summary(in)); diff != "" {
		t.Error(diff)
	}
	if len(in.Snapshots) != 1 || in.Snapshots[0].Source != "fake.corp" || in.Snapshots[0].CompletedAt.IsZero() {
		t.Errorf("compared with %+v", in.Snapshots)
	}
}

func TestGrants_AnApplicationForEverybodyIsOneAssignment(t *testing.T) {
	everyone := func(a *kinds.Application) { a.Access = identity.AccessEveryone }
	_, p := place(t, []history.Binding{
		became(identity.KindApplication, "news", "grant", "/everyone-corp -> news"),
		became(identity.KindApplication, "news", "client", "news"),
		became(identity.KindApplication, "wiki", "client", "wiki"),
	}, app(t, "news", "News", everyone), app(t, "wiki", "Wiki", everyone), app(t, "portal", "Portal", nil),
		team(t, "all", "Everyone", true), assignment(t, "portal", "all", "group", nil),
		app(t, "old", "Old", func(a *kinds.Application) { everyone(a); a.Status = identity.StatusInactive }),
	)
	in, _ := compare(t, p, []identity.Resource{grant("/everyone-corp -> news", "news")})
	want := "1 of 3\n" +
		"Portal 0/1 people 0 others 0 everyone true moved false hanging 0\n" +
		"Wiki 0/1 people 0 others 0 everyone true moved true hanging 0"
	if diff := cmp.Diff(want, summary(in)); diff != "" {
		t.Error(diff)
	}
}

func TestGrants_FailsWhereTheSourceDoesNotGrantAnyMoreWhatARunGave(t *testing.T) {
	bindings := []history.Binding{
		became(identity.KindApplication, "wiki", "client", "wiki"),
		became(identity.KindAppAssignment, "wiki:crew", "grant", "/Crew -> wiki"),
		became(identity.KindAppAssignment, "wiki:staff", "grant", "/Staff -> wiki"), // withdrawn since
		became(identity.KindAppAssignment, "crm:crew", "grant", "/Crew -> crm"),     // with its application
	}
	_, p := place(t, bindings, app(t, "wiki", "Wiki", nil), team(t, "crew", "Crew", false),
		assignment(t, "wiki", "crew", "group", nil))
	live := []identity.Resource{
		grant("/Crew -> wiki", "wiki"), grant("/Staff -> wiki", "wiki"), grant("/Foreign -> wiki", "wiki"),
		grant("/Crew -> crm", "crm"),
	}
	mapped := made("wiki", "wiki")
	mapped.Mapped = true
	elsewhere := made("wiki", "wiki")
	elsewhere.Items = []merge.ItemName{{Source: "okta.other", Kind: identity.KindApplication, ID: "wiki"}}
	_, results := compare(t, p, live, made("wiki", "wiki"), made("crm", "crm"), mapped, elsewhere,
		verify.Expected{Resource: identity.ResourceID{Type: "client", Key: "deleted"}})
	var got []string
	for _, r := range results {
		if r.Probe != verify.GrantedAtSource || r.Run != "r-1" || r.At.IsZero() {
			t.Errorf("%+v", r)
		}
		got = append(got, fmt.Sprintf("%s %s: %s", r.Resource.Key, r.Status, r.Summary))
	}
	if diff := cmp.Diff([]string{
		"wiki failed: the source does not grant any more: /Staff -> wiki",
		"crm failed: the source does not grant any more: /Crew -> crm",
	}, got); diff != "" {
		t.Error(diff)
	}

	_, results = compare(t, p, live[:1], made("wiki", "wiki"))
	if len(results) != 1 || results[0].Status != observation.ProbePassed ||
		results[0].Summary != "of what runs gave, the source grants all: 1 grant" {
		t.Errorf("%+v", results)
	}
}

func TestGrants_WhatASourceDidNotTellIsNotWithdrawn(t *testing.T) {
	for name, gap := range map[string]identity.Gap{
		"all assignments": {Kind: identity.KindAppAssignment, Path: "/apps", Status: 403, Reason: "forbidden"},
		"those of an application": {Kind: identity.KindAppAssignment, Of: "wiki", Path: "/apps/wiki", Status: 403,
			Reason: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			w := projecttest.New(t, "acme")
			p := w.Open()
			migration, err := p.StateForChange(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			writer, err := migration.BeginSnapshot(state.Snapshot{ID: "s-1", Source: "fake.corp", StartedAt: w.At})
			if err == nil {
				err = writer.Items([]identity.Item{app(t, "wiki", "Wiki", nil)})
			}
			if err == nil {
				err = writer.Gap(gap)
			}
			if err == nil {
				_, err = writer.Complete(w.At.Add(time.Second), "corp", state.Event{})
			}
			if err == nil {
				err = migration.PutRunStep("r-1", history.Step{}, []history.Binding{
					became(identity.KindAppAssignment, "wiki:staff", "grant", "/Staff -> wiki")}, state.Event{})
			}
			if err != nil {
				t.Fatal(err)
			}
			_, results := compare(t, p, []identity.Resource{grant("/Staff -> wiki", "wiki")}, made("wiki", "wiki"))
			if len(results) != 1 || results[0].Status != observation.ProbeUnknown ||
				!strings.Contains(results[0].Summary, "nobody knows whether it still grants /Staff -> wiki") {
				t.Errorf("%+v", results)
			}
		})
	}
}

func TestGrants_WithoutASnapshotNothingIsCompared(t *testing.T) {
	p := projecttest.New(t, "acme").Open()
	if _, err := p.StateForChange(t.Context()); err != nil {
		t.Fatal(err)
	}
	in, results := compare(t, p, nil, made("wiki", "wiki"))
	if len(in.Snapshots) != 0 || in.Assignments != 0 || len(results) != 0 {
		t.Errorf("%+v, %+v", in, results)
	}
}
