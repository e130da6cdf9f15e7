package renametest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/undoing"
	"github.com/rehome-iam/rehome/engine/value"
)

// Realm is a target that is walked through.
type Realm struct {
	*projecttest.Place
	// Rename gives a resource another name, as an administrator does in the target itself.
	Rename func(t *testing.T, resource identity.ResourceID, name string)
	// Look looks at the target in ways of its own, after each step. Nil for nothing.
	Look func(t *testing.T, client, group string)
}

// names are how the things of a tenant are called.
type names struct{ oidc, saml, group, provider, domain string }

func before() names {
	return names{oidc: "wiki", saml: "urn:example:payroll", group: "Engineering", provider: "Partner",
		domain: "partner.example"}
}

// Tenant is what a place has that is walked through.
func Tenant(t *testing.T) []identity.Item { return before().items(t) }

// items are two applications behind their gates, a group that may use both, a provider and its routing rule.
func (n names) items(t *testing.T) []identity.Item {
	assigned := func(id, app string) identity.Item {
		return projecttest.Item(t, identity.KindAppAssignment, id, id, kinds.AppAssignment{Application: app, Principal: "g1",
			PrincipalKind: "group", Direct: true, Status: identity.StatusActive})
	}
	return []identity.Item{
		projecttest.Item(t, identity.KindGroup, "g1", n.group, kinds.Group{Name: n.group, Origin: "local"}),
		projecttest.Item(t, identity.KindIdentityProvider, "p1", n.provider, kinds.IdentityProvider{Name: n.provider,
			Status: identity.StatusActive, Protocol: "oidc", Issuer: "https://up.example", ClientID: "rehome",
			ClientAuthentication: "client_secret_post", AuthorizationURL: "https://up.example/auth",
			TokenURL: "https://up.example/token", JWKSURL: "https://up.example/keys", Scopes: []string{"openid"},
			MatchType: "EMAIL", AccountLink: "disabled", Provisioning: "auto", MappingsKnown: true,
			Mappings: []kinds.AttributeMapping{{From: "mail", To: "email"}}}),
		projecttest.Item(t, identity.KindRoutingRule, "r1", "partner", kinds.RoutingRule{Name: "partner",
			Status: identity.StatusActive, Simple: true, Providers: 1, Domains: []string{n.domain}},
			identity.Reference{Role: "identity_provider", Kind: identity.KindIdentityProvider, ID: "p1"}),
		projecttest.Item(t, identity.KindApplication, "a1", "Wiki", kinds.Application{Name: "Wiki",
			Status: identity.StatusActive, Protocol: "oidc", Access: identity.AccessAssigned, AssignedGroups: 1,
			ClientID: n.oidc, ClientType: "public", ClientAuthentication: "none", PKCERequired: true,
			RedirectURIs: []string{"https://wiki.example/cb"}, GrantTypes: []string{"authorization_code"}, ClaimsKnown: true}),
		projecttest.Item(t, identity.KindApplication, "a2", "Payroll", kinds.Application{Name: "Payroll",
			Status: identity.StatusActive, Protocol: "saml", Access: identity.AccessAssigned, AssignedGroups: 1,
			EntityID: n.saml, ACSURL: "https://payroll.example/acs", NameIDFormat: "emailAddress",
			NameIDSource: "${user.email}", SignAssertion: true, SignResponse: true, SignatureAlgorithm: "RSA_SHA256",
			DigestAlgorithm: "SHA256", ClaimsKnown: true}),
		assigned("x1", "a1"), assigned("x2", "a2"),
	}
}

// thing is something of the tenant whose name changes.
type thing struct {
	kind     identity.Kind
	item     string
	field    string // of the item
	resource string // type
	was, now string // natural keys in the target; was is empty where only an attribute has the name
	name     string // as the source would say it now
	change   func(n *names, name string)
}

func things() map[string]thing {
	n := before()
	return map[string]thing{
		"client id": {identity.KindApplication, "a1", "client_id", "client", n.oidc, "handbook", "handbook",
			func(n *names, name string) { n.oidc = name }},
		"entity id": {identity.KindApplication, "a2", "entity_id", "client", n.saml, "https://payroll.example/saml?a=1&b=/",
			"https://payroll.example/saml?a=1&b=/", func(n *names, name string) { n.saml = name }},
		"group": {identity.KindGroup, "g1", "name", "group", "/" + n.group, "/R & D", "R & D",
			func(n *names, name string) { n.group = name }},
		// No server gives a provider another alias: links of people and the upstream know it by that. Its name changes.
		"provider": {identity.KindIdentityProvider, "p1", "name", "identity_provider", "", "", "Associate",
			func(n *names, name string) { n.provider = name }},
		"domain": {identity.KindRoutingRule, "r1", "domains", "organization", "", "", "associate.example",
			func(n *names, name string) { n.domain = name }},
	}
}

// walk is one walk through a rename.
type walk struct {
	*testing.T
	Realm
	thing
	renamed names
}

// Walk renames each thing of the tenant in each way.
func Walk(t *testing.T, place func(t *testing.T, items ...identity.Item) Realm) {
	ways := map[string]func(*walk){
		"by a map block": (*walk).byMap, "by the source": (*walk).bySource, "in the target": (*walk).byHand,
	}
	for _, what := range slices.Sorted(maps.Keys(things())) {
		for _, who := range slices.Sorted(maps.Keys(ways)) {
			t.Run(what+" "+who, func(t *testing.T) {
				w := &walk{T: t, Realm: place(t, Tenant(t)...), thing: things()[what], renamed: before()}
				w.change(&w.renamed, w.name)
				w.apply("the first", func(*plan.Plan) {})
				ways[who](w)
			})
		}
	}
}

func (w *walk) byMap() {
	set := fmt.Sprintf("%q", w.name)
	if w.field == "domains" {
		set = "[" + set + "]"
	}
	w.Write("map.rehome.hcl", fmt.Sprintf("map %q \"renamed\" {\n  where = item.id == %q\n  set   = { %s = %s }\n}\n",
		w.kind, w.item, w.field, set))
	w.renamesAndBack()
}

func (w *walk) bySource() {
	w.Items = w.renamed.items(w.T)
	w.renamesAndBack()
}

// renamesAndBack is a rename that comes from outside of the target: it is done, and a rollback gives the name back.
func (w *walk) renamesAndBack() {
	start := w.read()
	w.apply("renaming", w.renames)
	w.settled("the rename", w.renamed, start)
	w.back()
	if diff := differences(start, w.read()); diff != "" {
		w.Errorf("taken back, the target differs from before the rename:\n%s", diff)
	}
	w.look(before())
	w.apply("renaming again", w.renames)
	w.settled("the second rename", w.renamed, start)
}

// byHand is a rename in the target: a plan takes it back, or, where the configuration says so too, goes along with it.
func (w *walk) byHand() {
	if w.was == "" { // no key of the target has the name, so it is an ordinary attribute there
		return
	}
	start := w.read()
	rename := func() {
		w.Rename(w.T, identity.ResourceID{Type: w.resource, Key: w.was}, strings.TrimPrefix(w.now, "/"))
	}
	rename()
	w.apply("taking the name back", w.renames)
	w.settled("taking the name back", before(), start)
	if diff := differences(start, w.read()); diff != "" {
		w.Errorf("called as before, the target differs from before:\n%s", diff)
	}
	rename()
	w.Items = w.renamed.items(w.T)
	w.apply("going along with the name", w.nothingNew)
	w.settled("going along with the name", w.renamed, start)
}

// plan makes a plan of what the source has now; what people will feel of it is accepted.
func (w *walk) plan() *plan.Plan {
	w.Helper()
	for try := 0; ; try++ {
		w.At = w.At.Add(time.Minute)
		report, err := planning.Plan(w.Context(), w.Open(), planning.Input{Refresh: true}, "plan.rehome")
		if err != nil {
			w.Fatal(err)
		}
		if !report.Draft() {
			return report.Plan
		}
		if try > 0 {
			w.Fatalf("the plan is a draft: %+v", report.Plan.Handoff.Blockers)
		}
		var accepted strings.Builder
		for _, impact := range report.Plan.Impacts {
			fmt.Fprintf(&accepted, "acknowledge %q {\n  reason = \"a test\"\n}\n", impact.ID)
		}
		w.Write("acknowledged.rehome.hcl", accepted.String())
	}
}

func (w *walk) apply(what string, check func(*plan.Plan)) {
	w.Helper()
	made := w.plan()
	check(made)
	w.carryOut(what, "plan.rehome", made.PlanHash)
}

func (w *walk) carryOut(what, file, hash string) {
	w.Helper()
	report, err := applying.Apply(w.Context(), w.Open(), applying.Input{File: file, Hash: hash, Workers: 4,
		Back: undoing.Way{}})
	if err != nil {
		w.Fatalf("%s: %v", what, err)
	}
	for _, result := range report.Steps.Results {
		if !result.Outcome.Done() {
			w.Errorf("%s: %s is %s: %s", what, result.Step.ID, result.Outcome, result.Reason)
		}
	}
	if w.Failed() {
		w.FailNow()
	}
}

// nothingNew: a rename is never a second object, and never one that goes and one that comes.
func (w *walk) nothingNew(p *plan.Plan) {
	w.Helper()
	if s := p.Summary; s.Create+s.Delete+s.Map+s.Blocked > 0 {
		w.Errorf("the plan is %+v", s)
		for _, step := range p.Steps {
			if step.Disposition != plan.DispositionUnchanged && step.Action != plan.ActionUpdate {
				w.Logf("%s %s %s: %s", step.ID, step.Action, step.Disposition, step.Reason)
			}
		}
	}
}

// renames: what has another name is changed, and nothing is new.
func (w *walk) renames(p *plan.Plan) {
	w.Helper()
	w.nothingNew(p)
	if !slices.ContainsFunc(p.Steps, func(step plan.Step) bool {
		return step.Resource.Type == w.resource && step.Action == plan.ActionUpdate
	}) {
		w.Errorf("the plan changes no %s", w.resource)
	}
}

// settled: the next plan is empty, nothing came or went, and the grants lead to what is called so now.
func (w *walk) settled(what string, n names, start map[string]identity.Resource) {
	w.Helper()
	if p := w.plan(); p.Summary.Create+p.Summary.Update+p.Summary.Delete+p.Summary.Map+p.Summary.Blocked > 0 {
		w.Errorf("after %s there is something to change: %+v", what, p.Summary)
		for _, step := range p.Steps {
			if step.Disposition != plan.DispositionUnchanged {
				w.Logf("%s %s %s: %s; %v to %v", step.ID, step.Action, step.Disposition, step.Reason, step.Before, step.After)
			}
		}
	}
	live := w.read()
	if was, now := count(start), count(live); !maps.Equal(was, now) {
		w.Errorf("after %s there are %v, before there were %v", what, now, was)
	}
	for _, client := range []string{n.oidc, n.saml} {
		grant := live[fmt.Sprintf("role_assignment:/%s -> %s/access", identity.EscapePath(n.group), client)]
		if grant.Key == "" {
			w.Errorf("after %s the group %s may not use %s", what, n.group, client)
		}
		if live["gate:"+client].Attributes["intact"] != true || live["client_enablement:"+client].Attributes["enabled"] != true {
			w.Errorf("after %s the gate of %s is %v, it is open: %v", what, client, live["gate:"+client].Attributes,
				live["client_enablement:"+client].Attributes)
		}
	}
	if provider := live["identity_provider:partner"]; provider.Attributes["display_name"] != n.provider ||
		live["organization:"+w.organization(live)].Attributes["identity_provider"] != "partner" {
		w.Errorf("after %s the provider is %v", what, provider.Attributes)
	}
	w.look(n)
}

// organization is the key of the only one.
func (w *walk) organization(live map[string]identity.Resource) string {
	for _, r := range live {
		if r.Type == "organization" {
			return r.Key
		}
	}
	return ""
}

func (w *walk) look(n names) {
	if w.Look != nil {
		w.Look(w.T, n.oidc, n.group)
	}
}

func (w *walk) back() {
	w.Helper()
	w.At = w.At.Add(time.Minute)
	report, err := undoing.Plan(w.Context(), w.Open(), "", "back.rehome")
	if err != nil {
		w.Fatal(err)
	}
	if s := report.Plan.Summary; s.Delete+s.Create+s.Blocked+s.Skipped > 0 {
		w.Errorf("the way back is %+v", s)
		for _, step := range report.Plan.Steps {
			w.Logf("%s %s %s: %s", step.ID, step.Action, step.Disposition, step.Reason)
		}
	}
	w.carryOut("the way back", "back.rehome", report.Plan.PlanHash)
}

// read is what lives in the target.
func (w *walk) read() map[string]identity.Resource {
	w.Helper()
	target, _, err := w.Open().Target(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	defer target.Close()
	all, _, err := project.Resources(w.Context(), target)
	if err != nil {
		w.Fatal(err)
	}
	live := map[string]identity.Resource{}
	for _, r := range all {
		live[r.ID().String()] = r
	}
	return live
}

func count(live map[string]identity.Resource) map[string]int {
	types := map[string]int{}
	for _, r := range live {
		types[r.Type]++
	}
	return types
}

// differences are those between two reads of a target.
func differences(was, now map[string]identity.Resource) string {
	var lines []string
	all := maps.Clone(was)
	maps.Copy(all, now)
	for _, id := range slices.SortedFunc(maps.Keys(all), cmp.Compare[string]) {
		a, had := was[id]
		b, has := now[id]
		if had != has {
			lines = append(lines, fmt.Sprintf("%s was there: %v, is there: %v", id, had, has))
			continue
		}
		if a.ServerID != b.ServerID || a.Tag != b.Tag {
			lines = append(lines, fmt.Sprintf("%s was %s for %s, is %s for %s", id, a.ServerID, a.Tag, b.ServerID, b.Tag))
		}
		for _, name := range value.Diff(a.Attributes, b.Attributes) {
			lines = append(lines, fmt.Sprintf("%s: %s was %v, is %v", id, name, a.Attributes[name], b.Attributes[name]))
		}
	}
	return strings.Join(lines, "\n")
}
