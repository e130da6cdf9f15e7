package draft

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

func schemas() []identity.ResourceSchema {
	key := func(name string) identity.AttributeSchema {
		return identity.AttributeSchema{Name: name, Type: "string", Identity: true}
	}
	return []identity.ResourceSchema{
		{Type: "group", KeyFormat: "{path}", CaseFold: true, ItemKinds: []identity.Kind{identity.KindGroup},
			Evidence: []string{"name"}, RenameBy: "path",
			Attributes: []identity.AttributeSchema{key("path"), {Name: "name"}, {Name: "description"}}},
		{Type: "client", KeyFormat: "{client_id}", ItemKinds: []identity.Kind{identity.KindApplication},
			RenameBy: "client_id", Attributes: []identity.AttributeSchema{key("client_id"),
				{Name: "redirect_uris", Unordered: true}, {Name: "secret", Sensitive: true, Generated: true}}},
		{Type: "role", KeyFormat: "{client}/{role}", Attributes: []identity.AttributeSchema{key("client"), key("role")}},
		{Type: "grant", KeyFormat: "{group} -> {client}", ItemKinds: []identity.Kind{identity.KindAppAssignment},
			Attributes: []identity.AttributeSchema{key("group"), key("client")}},
		{Type: "org", KeyFormat: "{alias}", ItemKinds: []identity.Kind{identity.KindDomain},
			Attributes: []identity.AttributeSchema{key("alias"), {Name: "domains", Unordered: true}, {Name: "color"}}},
	}
}

func made(kind identity.Kind, id, name string, resources []identity.Resource,
	findings ...fidelity.Finding) AssessedItem {
	item := identity.Item{Source: "okta.corp", Kind: kind, ID: id, Name: name}
	t := contract.Translation{Resources: resources, Findings: findings}
	return AssessedItem{Item: item, Translation: t, Result: assess.Assess(item, t.Contract, t.Findings, nil)}
}

func group(id, name string) AssessedItem {
	return made(identity.KindGroup, id, name, []identity.Resource{{Type: "group",
		Attributes: identity.Attributes{"path": "/" + name, "name": name}}})
}

func application(id, name string) AssessedItem {
	return made(identity.KindApplication, id, name, []identity.Resource{
		{Type: "client", Attributes: identity.Attributes{"client_id": name,
			"redirect_uris": []any{"https://b.example", "https://a.example"}}},
		{Type: "role", Attributes: identity.Attributes{"client": identity.Refer(identity.KindApplication, id, "client"),
			"role": "access"}},
	})
}

func assignment(id, groupID, appID string) AssessedItem {
	return made(identity.KindAppAssignment, id, id, []identity.Resource{{Type: "grant", Attributes: identity.Attributes{
		"group":  identity.Refer(identity.KindGroup, groupID, "group"),
		"client": identity.Refer(identity.KindApplication, appID, "client"),
	}, DependsOn: []identity.Dependency{identity.OnItem(identity.KindApplication, appID, "role")}}})
}

func domain(id, color string) AssessedItem {
	return made(identity.KindDomain, id, id, []identity.Resource{{Type: "org",
		Attributes: identity.Attributes{"alias": "acme", "domains": []any{id}, "color": color}}})
}

func input() Input {
	return Input{
		Migration: plan.Migration{Name: "acme", Tenant: "acme", Mode: merge.ModeMerge},
		Target:    plan.Target{Provider: "keycloak", Identity: "x"}, Schemas: schemas(),
		Items: []AssessedItem{group("g1", "eng"), application("a1", "wiki"), assignment("x1", "g1", "a1"),
			domain("a.example", "red"), domain("b.example", "red"),
			made(identity.KindAuthPolicy, "p1", "mfa", nil, fidelity.Finding{Type: fidelity.Rebuild, Summary: "zones"})},
	}
}

func build(t *testing.T, in Input) *plan.Plan {
	t.Helper()
	p, _ := Build(in)
	if err := p.Summary.Books.Reconcile(); err != nil {
		t.Fatal(err)
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
	t.Fatalf("no step %s in %v", id, p.Steps)
	return plan.Step{}
}

func TestBuild_OrdersFoldsAndAccounts(t *testing.T) {
	p := build(t, input())
	if p.Status != history.PlanPreviewed || !strings.HasPrefix(p.PlanHash, "sha256:") {
		t.Fatalf("status %s, blockers %+v", p.Status, p.Handoff.Blockers)
	}
	var ids []string
	for _, s := range p.Steps {
		ids = append(ids, s.ID)
	}
	want := "client:wiki group:/eng item:okta.corp/auth_policy/p1 org:acme role:wiki/access grant:/eng -> wiki"
	if got := strings.Join(ids, " "); got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	if got := p.Summary.Books; got != (plan.Books{Items: 6, Done: 4, Folded: 1, Manual: 1}) {
		t.Errorf("books %+v", got)
	}
	if s := step(t, p, "org:acme"); len(s.Items) != 2 || len(s.After["domains"].([]any)) != 2 {
		t.Errorf("domains were not joined: %+v", s)
	}
	if s := step(t, p, "client:wiki"); s.NoWayBack == "" || len(s.AfterUnknown) != 1 {
		t.Errorf("the generated secret is not marked: %+v", s)
	}
	if s := step(t, p, "grant:/eng -> wiki"); len(s.DependsOn) != 3 {
		t.Errorf("dependencies %v, after %v", s.DependsOn, s.After)
	}
}

func TestBuild_ItemsThatDisagreeOnOneResourceBlockIt(t *testing.T) {
	in := input()
	in.Items = append(in.Items, domain("c.example", "blue"))
	if s := step(t, build(t, in), "org:acme"); s.Disposition != plan.DispositionBlocked ||
		!strings.Contains(s.Reason, "color") {
		t.Errorf("%+v", s)
	}
}

func TestBuild_SecondPlanIsEmptyAndARenameIsAnUpdate(t *testing.T) {
	in := input()
	desired, _ := Desired(in)
	for i, r := range desired {
		r.ServerID = fmt.Sprint("id-", i)
		in.Live = append(in.Live, r)
	}
	p := build(t, in)
	if s := p.Summary; s.Create+s.Update+s.Map+s.Blocked != 0 {
		t.Fatalf("second plan: %+v %+v", s, p.Steps)
	}
	in.Items[0] = group("g1", "engineering")
	p = build(t, in)
	if s := step(t, p, "group:/engineering"); s.Action != plan.ActionUpdate || s.ServerID == "" ||
		s.Before["path"] != "/eng" {
		t.Errorf("%+v", s)
	}
}

func TestBuild_OverlapNeedsADecision(t *testing.T) {
	live := []identity.Resource{{Type: "group", Key: "/ENG", ServerID: "7",
		Attributes: identity.Attributes{"path": "/ENG", "name": "eng", "description": "old"}}}
	rule := func(r merge.Rule) []merge.Rule {
		r.Kind, r.Name, r.Range = identity.KindGroup, "r", diag.Range{File: "main.rehome.hcl", Start: diag.Position{Line: 3}}
		return []merge.Rule{r}
	}
	cases := []struct {
		name, mode, id string
		rules          []merge.Rule
		action         plan.Action
		disposition    plan.Disposition
		status         history.PlanStatus
	}{
		{"without a decision the plan is a draft", "merge_into_existing", "group:/ENG", nil, plan.ActionNone,
			plan.DispositionBlocked,
			history.PlanDraft},
		{"a first run is blocked", "first_run_adoption", "group:/ENG", nil, plan.ActionNone, plan.DispositionBlocked,
			history.PlanPreviewed},
		{"map never overwrites", "merge_into_existing", "group:/ENG",
			rule(merge.Rule{Decision: merge.DecisionMap, Target: "group:/eng"}), plan.ActionMap, plan.DispositionPlanned,
			history.PlanPreviewed},
		{"map to something not matched is an error of the block", "merge_into_existing", "group:/eng",
			rule(merge.Rule{Decision: merge.DecisionMap, Target: "group:/other"}), plan.ActionNone, plan.DispositionBlocked,
			history.PlanDraft},
		{"create without rename is by hand", "merge_into_existing", "group:/eng",
			rule(merge.Rule{Decision: merge.DecisionCreate}), plan.ActionNone, plan.DispositionManual, history.PlanPreviewed},
		{"create with rename creates", "merge_into_existing", "group:/eng2",
			rule(merge.Rule{Decision: merge.DecisionCreate, Rename: "/eng2"}), plan.ActionCreate, plan.DispositionPlanned,
			history.PlanPreviewed},
		{"reconcile changes the named fields", "merge_into_existing", "group:/ENG",
			rule(merge.Rule{Decision: merge.DecisionReconcile, Overwrite: []string{"name", "description"}}), plan.ActionUpdate,
			plan.DispositionPlanned, history.PlanPreviewed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := input()
			in.Migration.Mode, in.Live, in.Rules = merge.Mode(c.mode), live, c.rules
			g := group("g1", "eng")
			g.Translation.Resources[0].Attributes["description"] = "new"
			in.Items[0] = g
			p := build(t, in)
			s := step(t, p, c.id)
			if s.Action != c.action || s.Disposition != c.disposition || p.Status != c.status {
				t.Fatalf("%s %s %s: %s; %+v", s.Action, s.Disposition, p.Status, s.Reason, p.Handoff)
			}
			if _, touched := s.After["path"]; c.action == plan.ActionUpdate && touched {
				t.Error("reconcile touches a field that is not named")
			}
			if c.action == plan.ActionMap {
				step(t, p, "grant:/ENG -> wiki")
			}
		})
	}
}

func TestBuild_SkippedItemBlocksWhatNeedsIt(t *testing.T) {
	in := input()
	in.Skips = []merge.Skip{{Kind: identity.KindGroup, Name: "s", Reason: "not wanted"}}
	p := build(t, in)
	var found bool
	for _, s := range p.Steps {
		found = found || s.Disposition == plan.DispositionBlocked &&
			strings.Contains(s.Reason, `needs group "eng" (g1), which is skipped`)
	}
	if !found {
		t.Errorf("%+v", p.Steps)
	}
}

func TestHash_DoesNotDependOnTheOrderOfInputs(t *testing.T) {
	want := build(t, input())
	random := rand.New(rand.NewSource(1))
	for range 50 {
		in := input()
		random.Shuffle(len(in.Items), func(i, j int) { in.Items[i], in.Items[j] = in.Items[j], in.Items[i] })
		random.Shuffle(len(in.Schemas), func(i, j int) { in.Schemas[i], in.Schemas[j] = in.Schemas[j], in.Schemas[i] })
		got := build(t, in)
		if got.PlanHash != want.PlanHash || len(plan.Compare(want, got)) != 0 {
			t.Fatalf("hash differs: %+v", plan.Compare(want, got))
		}
	}
}

func TestCompare_NamesTheFieldThatDiffers(t *testing.T) {
	a, in := build(t, input()), input()
	in.Items[0].Translation.Resources[0].Attributes["name"] = "other"
	got := fmt.Sprint(plan.Compare(a, build(t, in)))
	if got != "[{group:/eng changed [after.name]}]" {
		t.Error(got)
	}
}

func BenchmarkBuild(b *testing.B) {
	in := input()
	for i := range 10000 {
		in.Items = append(in.Items, group(fmt.Sprint("n", i), fmt.Sprint("team-", i)))
	}
	for b.Loop() {
		Build(in)
	}
}
