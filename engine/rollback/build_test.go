package rollback_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/rollback"
)

// The target of these tests has applications with a guard and a switch, teams, grants of an application to a team, and
// a road that guards stand in.
func schemas() []identity.ResourceSchema {
	key := func(name string) identity.AttributeSchema {
		return identity.AttributeSchema{Name: name, Type: "string", Identity: true}
	}
	text := func(name string) identity.AttributeSchema {
		return identity.AttributeSchema{Name: name, Type: "string"}
	}
	return []identity.ResourceSchema{
		{Type: "app", KeyFormat: "{id}", ItemKinds: []identity.Kind{identity.KindApplication},
			Attributes: []identity.AttributeSchema{
				key("id"), text("name"), {Name: "uris", Type: "list", Unordered: true},
				{Name: "secret", Type: "string", Sensitive: true, Generated: true}}},
		{Type: "guard", KeyFormat: "{app}", Attributes: []identity.AttributeSchema{key("app"), text("message")}},
		{Type: "road", KeyFormat: "{id}", Attributes: []identity.AttributeSchema{key("id")}},
		{Type: "switch", KeyFormat: "{app}", Opens: true,
			Attributes: []identity.AttributeSchema{key("app"), {Name: "enabled", Type: "bool"}}},
		{Type: "team", KeyFormat: "{name}", ItemKinds: []identity.Kind{identity.KindGroup},
			Attributes: []identity.AttributeSchema{key("name"), text("note"), text("password")}},
		{Type: "grant", KeyFormat: "{team}>{app}", ItemKinds: []identity.Kind{identity.KindAppAssignment},
			Attributes: []identity.AttributeSchema{key("team"), key("app")}},
		{Type: "gateway", KeyFormat: "{id}", ItemKinds: []identity.Kind{identity.KindIdentityProvider},
			Attributes: []identity.AttributeSchema{key("id"), text("after")}},
	}
}

func item(kind identity.Kind, id string) []merge.ItemName {
	return []merge.ItemName{{Source: "okta.corp", Kind: kind, ID: id, Name: id}}
}

func made(resourceType, key string, items []merge.ItemName, after identity.Attributes, needs ...string) rollback.Did {
	id := identity.ResourceID{Type: resourceType, Key: key}
	tag := ""
	if len(items) > 0 {
		tag = identity.Address{Source: items[0].Source, Kind: items[0].Kind, ID: items[0].ID}.String()
	}
	return rollback.Did{Did: history.Did{Certain: true},
		Step: plan.Step{ID: id.String(), Resource: id, Action: plan.ActionCreate,
			Disposition: plan.DispositionPlanned, Items: items, Tag: tag, After: after, DependsOn: needs}}
}

// wholeRun makes an application with all its parts for one team, and changes a gateway.
func wholeRun() []rollback.Did {
	wiki := item(identity.KindApplication, "wiki")
	app := made("app", "wiki", wiki, identity.Attributes{"id": "wiki", "name": "Wiki",
		"uris": []any{"https://a", "https://b"}})
	app.Step.NoWayBack = "secret is given out once"
	gateway := made("gateway", "corp", item(identity.KindIdentityProvider, "idp"),
		identity.Attributes{"id": "corp", "after": "road"}, "road:main")
	gateway.Step.Action, gateway.Step.Before = plan.ActionUpdate, identity.Attributes{"id": "corp", "after": nil}
	return []rollback.Did{
		made("road", "main", wiki, identity.Attributes{"id": "main"}),
		made("team", "eng", item(identity.KindGroup, "g1"), identity.Attributes{"name": "eng", "note": "Engineers"}),
		app,
		made("guard", "wiki", wiki, identity.Attributes{"app": "wiki", "message": "No."}, "app:wiki", "road:main"),
		made("grant", "eng>wiki", item(identity.KindAppAssignment, "as1"), identity.Attributes{"team": "eng", "app": "wiki"},
			"app:wiki", "team:eng"),
		made("switch", "wiki", wiki, identity.Attributes{"app": "wiki", "enabled": true}, "app:wiki", "guard:wiki"),
		gateway,
	}
}

// leftBy is the target as the run left it, with nobody having used anything.
func leftBy(done []rollback.Did) rollback.Input {
	in := rollback.Input{Run: "r-1", PlanHash: "sha256:00", Done: done, Schemas: schemas(),
		Usages: map[identity.ResourceID]observation.Usage{}}
	for _, d := range done {
		r := identity.Resource{Type: d.Step.Resource.Type, Key: d.Step.Resource.Key, Attributes: d.Step.After.Clone()}
		if r.Type == "app" || r.Type == "team" {
			r.Tag = d.Step.Tag
		}
		in.Live = append(in.Live, r)
		in.Usages[r.ID()] = observation.Usage{Resource: r.ID()}
	}
	return in
}

func (in target) resource(id string) *identity.Resource {
	for i := range in.Live {
		if in.Live[i].ID().String() == id {
			return &in.Live[i]
		}
	}
	panic(id)
}

type target struct{ *rollback.Input }

func build(t *testing.T, in rollback.Input) *plan.Plan {
	t.Helper()
	p, problems := rollback.Build(in)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return p
}

func step(t *testing.T, p *plan.Plan, id string) plan.Step {
	t.Helper()
	for _, s := range p.Steps {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("no step %s", id)
	return plan.Step{}
}

// does says in a word what each step does, in order.
func does(p *plan.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		word := string(s.Action)
		if s.Disposition != plan.DispositionPlanned {
			word = string(s.Disposition)
		}
		out = append(out, word+" "+s.ID)
	}
	return out
}

func TestBuild_EverythingIsUndoneInTheOppositeOrderAndTheSwitchComesFirst(t *testing.T) {
	p := build(t, leftBy(wholeRun()))
	want := []string{"delete grant:eng>wiki", "delete switch:wiki", "update gateway:corp", "delete guard:wiki",
		"delete app:wiki", "delete road:main", "delete team:eng"}
	if diff := cmp.Diff(want, does(p)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(identity.Attributes{"id": "corp", "after": ""}, step(t, p, "gateway:corp").After); diff != "" {
		t.Error(diff)
	}
	if p.Rollback.Closes != 1 || p.Summary.Delete != 6 || p.Summary.Update != 1 || p.PlanHash == "" ||
		len(p.Rollback.NoReturn) != 1 {
		t.Errorf("%+v %+v %q", p.Rollback, p.Summary, p.PlanHash)
	}
}

func TestBuild_WhatWasRenamedGetsItsNameBackBeforeWhatFollowsIt(t *testing.T) {
	team := made("team", "crew", item(identity.KindGroup, "g1"), identity.Attributes{"name": "crew"})
	team.Step.Action, team.Step.Before = plan.ActionUpdate, identity.Attributes{"name": "eng"}
	grant := made("grant", "crew>wiki", item(identity.KindAppAssignment, "as1"),
		identity.Attributes{"team": "crew", "app": "wiki"}, "team:crew")
	grant.Step.Action, grant.Step.Before = plan.ActionUpdate, identity.Attributes{"team": "eng", "app": "wiki"}
	p := build(t, leftBy([]rollback.Did{team, grant}))
	var order []string
	for _, s := range p.Steps {
		order = append(order, s.ID+" is "+s.Resource.Key)
	}
	if diff := cmp.Diff([]string{"team:crew is eng", "grant:crew>wiki is eng>wiki"}, order); diff != "" {
		t.Error(diff)
	}
}

func TestBuild_TheHashNamesTheRunAndNotTheOrderOfWhatWasRead(t *testing.T) {
	in := leftBy(wholeRun())
	first := build(t, in).PlanHash
	slices.Reverse(in.Done)
	slices.Reverse(in.Live)
	if again := build(t, in).PlanHash; again != first {
		t.Errorf("the order of the input changes the hash: %s, %s", first, again)
	}
	in.Run = "r-2"
	if other := build(t, in).PlanHash; other == first {
		t.Error("another run has the same hash")
	}
}

func TestBuild_AUsedApplicationIsSwitchedOffAndKeepsItsGuard(t *testing.T) {
	in := leftBy(wholeRun())
	id := identity.ResourceID{Type: "app", Key: "wiki"}
	in.Usages[id] = observation.Usage{Resource: id, Used: true, Facts: []string{"a sign-in on 2026-11-22"}}
	p := build(t, in)
	want := []string{"skipped gateway:corp", "delete grant:eng>wiki", "update switch:wiki", "skipped guard:wiki",
		"skipped app:wiki", "skipped road:main", "delete team:eng"}
	if diff := cmp.Diff(want, does(p)); diff != "" {
		t.Error(diff)
	}
	s := step(t, p, "app:wiki")
	if !strings.Contains(s.Reason, "used since") || !slices.Contains(s.Notes, "a sign-in on 2026-11-22") ||
		!strings.Contains(s.ToDo, `undo "app:wiki"`) {
		t.Errorf("%+v", s)
	}
}

func TestBuild_WhatCannotBeToldCountsAsUsed(t *testing.T) {
	in := leftBy(wholeRun())
	id := identity.ResourceID{Type: "team", Key: "eng"}
	in.Usages[id] = observation.Usage{Resource: id, Unknown: "members may not be read"}
	delete(in.Usages, identity.ResourceID{Type: "road", Key: "main"})
	p := build(t, in)
	if s := step(t, p, "team:eng"); s.Disposition != plan.DispositionSkipped ||
		!slices.Contains(s.Notes, "members may not be read") {
		t.Errorf("%+v", s)
	}
	if s := step(t, p, "road:main"); s.Disposition != plan.DispositionSkipped {
		t.Errorf("%+v", s)
	}
	if s := step(t, p, "app:wiki"); s.Action != plan.ActionDelete {
		t.Errorf("a road that stays keeps the applications: %+v", s)
	}
}

func TestBuild_AForeignChangeBlocksWithBothValuesUntilSomebodyDecides(t *testing.T) {
	in := leftBy(wholeRun())
	target{&in}.resource("app:wiki").Attributes["name"] = "Our wiki"
	target{&in}.resource("gateway:corp").Attributes["after"] = "theirs"
	p := build(t, in)
	app, gateway := step(t, p, "app:wiki"), step(t, p, "gateway:corp")
	if app.Disposition != plan.DispositionBlocked ||
		!strings.Contains(app.Reason, `name was left as "Wiki" and is "Our wiki"`) {
		t.Errorf("%+v", app)
	}
	if gateway.Disposition != plan.DispositionBlocked ||
		!strings.Contains(gateway.Reason, `"road" and is "theirs"; before the run it was null`) {
		t.Errorf("%+v", gateway)
	}
	if s := step(t, p, "guard:wiki"); s.Disposition != plan.DispositionSkipped {
		t.Errorf("the guard of an application that stays is taken away: %+v", s)
	}
	if s := step(t, p, "switch:wiki"); s.Action != plan.ActionUpdate || s.After["enabled"] != false || s.Unbinds {
		t.Errorf("an application that stays is not switched off: %+v", s)
	}
	in.Decisions = []declaration.Undo{
		{Resource: app.Resource, Choice: declaration.UndoDelete, Reason: "checked",
			Range: diag.Range{File: "undo.rehome.hcl", Start: diag.Position{Line: 3}}},
		{Resource: gateway.Resource, Choice: declaration.UndoRestore, Reason: "checked"},
	}
	p = build(t, in)
	app = step(t, p, "app:wiki")
	if app.Action != plan.ActionDelete || app.Before["name"] != "Our wiki" || app.DecidedBy.Line != 3 ||
		app.Decision != "delete" {
		t.Errorf("%+v", app)
	}
	if s := step(t, p, "gateway:corp"); s.Action != plan.ActionUpdate || s.Before["after"] != "theirs" ||
		s.After["after"] != "" {
		t.Errorf("%+v", s)
	}
}

func TestBuild_KeepLeavesAnApplicationOpenAndGuarded(t *testing.T) {
	in := leftBy(wholeRun())
	in.Decisions = []declaration.Undo{{
		Resource: identity.ResourceID{Type: "app", Key: "wiki"}, Choice: declaration.UndoKeep,
		Reason: "still needed"}}
	p := build(t, in)
	for _, id := range []string{"app:wiki", "guard:wiki", "switch:wiki", "road:main", "gateway:corp"} {
		if s := step(t, p, id); s.Disposition != plan.DispositionSkipped {
			t.Errorf("%s: %s %s (%s)", id, s.Action, s.Disposition, s.Reason)
		}
	}
}

func TestBuild_DisableSwitchesOffAndKeeps(t *testing.T) {
	in := leftBy(wholeRun())
	in.Decisions = []declaration.Undo{{
		Resource: identity.ResourceID{Type: "app", Key: "wiki"}, Choice: declaration.UndoDisable,
		Reason: "later"}}
	p := build(t, in)
	if s := step(t, p, "app:wiki"); s.Disposition != plan.DispositionSkipped {
		t.Errorf("%+v", s)
	}
	if s := step(t, p, "switch:wiki"); s.Action != plan.ActionUpdate || s.After["enabled"] != false {
		t.Errorf("%+v", s)
	}
}

func TestBuild_ADecisionThatFitsNothingIsAnErrorAtItsPlace(t *testing.T) {
	in := leftBy(wholeRun())
	place := diag.Range{File: "undo.rehome.hcl", Start: diag.Position{Line: 7, Column: 1}}
	cases := map[string]declaration.Undo{
		"undo-unknown": {Resource: identity.ResourceID{Type: "app", Key: "other"},
			Choice: declaration.UndoKeep, Range: place},
		"undo-unfit": {Resource: identity.ResourceID{Type: "gateway", Key: "corp"}, Choice: declaration.UndoDelete,
			Range: place},
	}
	for code, decision := range cases {
		in.Decisions = []declaration.Undo{decision}
		_, problems := rollback.Build(in)
		if len(problems) != 1 || problems[0].Code != code || problems[0].Subject.Start.Line != 7 {
			t.Errorf("%s: %+v", code, problems)
		}
	}
	in.Decisions = []declaration.Undo{{
		Resource: identity.ResourceID{Type: "team", Key: "eng"}, Choice: declaration.UndoDisable,
		Range: place}}
	if _, problems := rollback.Build(in); len(problems) != 1 || problems[0].Code != "undo-unfit" {
		t.Errorf("%+v", problems)
	}
}

func TestBuild_WhatIsGoneOrBackAlreadyIsLeft(t *testing.T) {
	in := leftBy(wholeRun())
	in.Live = slices.DeleteFunc(in.Live, func(r identity.Resource) bool { return r.Type == "guard" })
	target{&in}.resource("switch:wiki").Attributes["enabled"] = false
	target{&in}.resource("gateway:corp").Attributes["after"] = nil
	p := build(t, in)
	for _, id := range []string{"guard:wiki", "switch:wiki", "gateway:corp"} {
		if s := step(t, p, id); s.Disposition != plan.DispositionUnchanged || s.Reason == "" {
			t.Errorf("%+v", s)
		}
	}
	if s := step(t, p, "app:wiki"); s.Action != plan.ActionDelete {
		t.Errorf("%+v", s)
	}
}

func TestBuild_WhatRehomeDidNotMakeIsNotDeleted(t *testing.T) {
	in := leftBy(wholeRun())
	target{&in}.resource("team:eng").Tag = "okta.other/group/9"
	in.Done[2].ServerID = "id-1"
	target{&in}.resource("app:wiki").ServerID = "id-2"
	p := build(t, in)
	if s := step(t, p, "team:eng"); s.Disposition != plan.DispositionBlocked ||
		!strings.Contains(s.Reason, "another item") {
		t.Errorf("%+v", s)
	}
	if s := step(t, p, "app:wiki"); s.Disposition != plan.DispositionBlocked ||
		!strings.Contains(s.Reason, "taken its place") {
		t.Errorf("%+v", s)
	}
}

func TestBuild_AHalfDoneStepIsTakenBackWhenItsApplicationIsOurs(t *testing.T) {
	in := leftBy(wholeRun())
	in.Done[3].Certain = false
	target{&in}.resource("guard:wiki").Attributes["message"] = "half"
	p := build(t, in)
	if s := step(t, p, "guard:wiki"); s.Action != plan.ActionDelete || s.Before["message"] != "half" {
		t.Errorf("%+v", s)
	}
	in.Done[2].Step.Action = plan.ActionMap
	if s := step(t, build(t, in), "guard:wiki"); s.Disposition != plan.DispositionBlocked {
		t.Errorf("%+v", s)
	}
}

func TestBuild_AMappedResourceIsForgottenOnly(t *testing.T) {
	in := leftBy(wholeRun())
	in.Done[1].Step.Action = plan.ActionMap
	if s := step(t, build(t, in), "team:eng"); s.Action != plan.ActionNone || s.Decision != rollback.DecisionForget {
		t.Errorf("%+v", s)
	}
}

func TestCostOf_CountsByTheRecordAlone(t *testing.T) {
	cost := rollback.CostOf(wholeRun())
	if cost.Deletes != 6 || cost.Restores != 1 || len(cost.NoReturn) != 1 {
		t.Errorf("%+v", cost)
	}
}

func TestQuestions_SaySinceWhenAndWhetherPeopleCouldUseIt(t *testing.T) {
	in := leftBy(wholeRun())
	in.Since = "2026-11-22T08:00:00Z"
	asked := map[string]observation.UsageQuestion{}
	for _, q := range rollback.Questions(in) {
		asked[q.Resource.ID().String()] = q
	}
	if len(asked) != len(in.Live) {
		t.Errorf("%d questions about %d resources", len(asked), len(in.Live))
	}
	wiki := asked["app:wiki"]
	if a := wiki.Resource.Attributes; !wiki.Opened || wiki.Since != in.Since || a["name"] != "Wiki" || a["uris"] != nil {
		t.Errorf("%+v", wiki)
	}
	if q := asked["team:eng"]; q.Opened {
		t.Errorf("%+v", q)
	}
	if opened := build(t, in).Rollback.Opened; len(opened) != 1 || opened[0] != "app:wiki" {
		t.Errorf("%v", opened)
	}
}

// renamedRun gives the application of wholeRun another name, and everything that hangs on it; the switch was off before
// where opened says so.
func renamedRun(opened bool) []rollback.Did {
	wiki := item(identity.KindApplication, "wiki")
	update := func(resourceType, key string, before, after identity.Attributes, needs ...string) rollback.Did {
		d := made(resourceType, key, wiki, after, needs...)
		d.Step.Action, d.Step.Before = plan.ActionUpdate, before
		return d
	}
	named := func(id string, more identity.Attributes) identity.Attributes {
		more = more.Clone()
		more["app"] = id
		return more
	}
	guard := identity.Attributes{"message": "No."}
	return []rollback.Did{
		update("app", "docs", identity.Attributes{"id": "wiki", "name": "Wiki"}, identity.Attributes{"id": "docs", "name": "Wiki"}),
		update("guard", "docs", named("wiki", guard), named("docs", guard), "app:docs"),
		update("switch", "docs", named("wiki", identity.Attributes{"enabled": !opened}),
			named("docs", identity.Attributes{"enabled": true}), "app:docs", "guard:docs"),
	}
}

func TestBuild_ARenameIsTakenBackWithWhatHangsOnIt(t *testing.T) {
	p := build(t, leftBy(renamedRun(false)))
	var order []string
	for _, s := range p.Steps {
		order = append(order, s.Resource.String())
		if s.Action != plan.ActionUpdate || s.Disposition != plan.DispositionPlanned {
			t.Errorf("%s: %s %s %s", s.ID, s.Action, s.Disposition, s.Reason)
		}
	}
	if got := strings.Join(order, " "); got != "app:wiki guard:wiki switch:wiki" {
		t.Errorf("the order is %s", got)
	}
}

// What the run opened is closed first, under the name that it has then.
func TestBuild_WhatARenamingRunOpenedIsClosedBeforeTheNameGoesBack(t *testing.T) {
	p := build(t, leftBy(renamedRun(true)))
	if first := p.Steps[0]; first.Resource.String() != "switch:docs" || first.After["enabled"] != false ||
		first.After["app"] != "docs" {
		t.Errorf("the first step is %s with %v", first.Resource, first.After)
	}
	if last := p.Steps[2]; last.Resource.String() != "guard:wiki" || !slices.Contains(last.DependsOn, "app:docs") {
		t.Errorf("the last step is %s after %v", last.Resource, last.DependsOn)
	}
}
