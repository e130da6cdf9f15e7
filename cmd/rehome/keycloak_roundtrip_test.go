package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
)

// roundTrips proves the classes of a tenant that was applied: every item of class native_import reads back with the
// meaning that it has at the source, and so does each field of an import_with_approximation item that no note names. It
// compares with the source item, never with what the plan wanted. A field that is set at the source, not compared and
// not noted, is a silent loss and fails.
func (j *journey) roundTrips(realm *keycloaktest.Realm) {
	j.t.Helper()
	judged := j.judged()
	live := readRealm(j.t, realm)
	configuration, err := os.ReadFile(filepath.Join(j.folder, "main.rehome.hcl"))
	if err != nil {
		j.t.Fatal(err)
	}
	live.described = strings.Contains(string(configuration), `map "application" "descriptions"`)
	for _, each := range judged {
		live.learn(each.item)
	}
	counts, left := map[string]int{}, 0
	for _, each := range judged {
		if each.item.Name == craftedName && !onlyGated(each.result) {
			j.t.Errorf("%s was crafted to carry over and is %s: %s", craftedName, each.result.Class, each.result.Rationale)
		}
		if !each.done {
			left++
			continue
		}
		counts[string(each.item.Kind)+" "+string(each.result.Class)]++
		live.prove(j.t, each)
	}
	for _, kind := range identity.Kinds() {
		if counts[string(kind)+" "+string(assess.ClassNative)] == 0 {
			j.t.Logf("no %s of this tenant is a native_import", kind)
		}
	}
	j.t.Logf("read back: %v; %d more were blocked in the plan by what they need", counts, left)
}

// onlyGated tells whether an application works as it did, but for who is let in by its gate: an application that people
// sign in to always has one.
func onlyGated(result assess.Result) bool {
	return result.Class == assess.ClassApproximation &&
		!slices.ContainsFunc(result.Findings, func(f fidelity.Finding) bool {
			return !slices.Contains([]string{"access", "names", "assertion_seconds"}, f.Field) && f.Direction != fidelity.DirectionSame
		})
}

// craftedName is the application that the practice tenant of Okta gets for the proof: one of which everything carries
// over.
const craftedName = "Tide Tables"

// startCraftedOkta is startOktaLab with one more application. None of the practice tenant is a native_import: each has
// a sign-on policy, or claims that Okta does not tell. This one is for everybody, has no policy, and names people by a
// name of one sign-in.
func startCraftedOkta(j *journey) {
	data := fstest.MapFS{}
	files, err := filepath.Glob(filepath.Join(tenantFolder, "*.json"))
	if err != nil {
		j.t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			j.t.Fatal(err)
		}
		data[filepath.Base(file)] = &fstest.MapFile{Data: content}
	}
	var apps []object
	if err := json.Unmarshal(data["apps.json"].Data, &apps); err != nil {
		j.t.Fatal(err)
	}
	crafted := craftedApplication(j.t, apps)
	encoded, err := json.Marshal(append(apps, crafted))
	if err != nil {
		j.t.Fatal(err)
	}
	data["apps.json"].Data = encoded
	startOktaOn(j, data)
}

func craftedApplication(t *testing.T, apps []object) object {
	t.Helper()
	for _, app := range apps {
		if app["label"] != "Expenses" {
			continue
		}
		var crafted object
		encoded, err := json.Marshal(app)
		if err == nil {
			err = json.Unmarshal([]byte(strings.ReplaceAll(strings.ReplaceAll(string(encoded), "expenses", "tides"),
				textAt(app, "id"), "0oaTideTab1esNat1ve5")), &crafted)
		}
		if err != nil {
			t.Fatal(err)
		}
		crafted["label"], crafted["features"] = craftedName, []any{}
		delete(objectAt(crafted, "_links"), "accessPolicy")
		objectAt(crafted, "settings")["implicitAssignment"] = true
		signOn := objectAt(crafted, "settings", "signOn")
		signOn["subjectNameIdFormat"] = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
		signOn["authnContextClassRef"] = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
		signOn["attributeStatements"] = objectsAt(signOn, "attributeStatements")[:2]
		return crafted
	}
	t.Fatal("the practice tenant has no application Expenses")
	return nil
}

// judgedItem is an item that was imported, with its class and whether a run carried it out.
type judgedItem struct {
	item   identity.Item
	result assess.Result
	done   bool
}

func (j *journey) judged() []judgedItem {
	j.t.Helper()
	p, err := readPlanFile(filepath.Join(j.folder, "plan.rehome"))
	if err != nil {
		j.t.Fatal(err)
	}
	undone := map[string]bool{}
	for _, step := range p.Steps {
		for _, item := range step.Items {
			if step.Disposition == plan.DispositionBlocked || step.Disposition == plan.DispositionManual {
				undone[string(item.Kind)+"/"+item.ID] = true
			}
		}
	}
	identities, err := state.Identities("", filepath.Join(j.folder, ".rehome", "identity.txt"))
	if err != nil {
		j.t.Fatal(err)
	}
	backend, err := bolt.Open(filepath.Join(j.folder, ".rehome", "state.db"), 5*time.Second, bolt.Holder{Command: "test"})
	if err != nil {
		j.t.Fatal(err)
	}
	store, err := state.Open(context.Background(), backend, identities)
	if err != nil {
		j.t.Fatal(errors.Join(err, backend.Close()))
	}
	defer store.Close()
	migration := onlyMigration(j.t, store)
	all, err := migration.Assessments()
	if err != nil || len(all) == 0 {
		j.t.Fatalf("there is no assessment: %v", err)
	}
	var judged []judgedItem
	for result, err := range reading.Results(migration, all[0].ID) {
		if err != nil {
			j.t.Fatal(err)
		}
		if !result.Class.Imported() {
			continue
		}
		id := identity.ItemID{Kind: result.Address.Kind, ID: result.Address.ID}
		item, err := migration.Item(all[0].Snapshot, id)
		if err != nil {
			j.t.Fatal(err)
		}
		judged = append(judged, judgedItem{item: item, result: result, done: !undone[id.String()]})
	}
	return judged
}

// liveRealm is a realm as the Admin API tells it, and what the items refer to.
type liveRealm struct {
	groups, clients, providers map[string]object // by name, client id, display name
	organizations              []object
	organizationProvider       map[string]string // organization id → alias
	redirects                  map[string]bool   // organization id → people of its domains are sent on
	grants                     map[string]map[string][]string
	rotates                    bool

	names        map[identity.ItemID]string
	clientOf     map[string]string // id of an application → client id
	described    bool
	ruleProvider string   // alias that the rule at hand names
	ruleDomains  []string // domains of routing rules: organizations that follow from them are not of the provider itself
}

func readRealm(t *testing.T, realm *keycloaktest.Realm) *liveRealm {
	t.Helper()
	get := func(format string, args ...any) []object {
		list, _ := realm.AdminRealm(t, http.MethodGet, fmt.Sprintf(format, args...), nil).([]any)
		return objectsOf(list)
	}
	r := &liveRealm{groups: map[string]object{}, clients: map[string]object{}, providers: map[string]object{},
		organizationProvider: map[string]string{},
		redirects:            map[string]bool{}, grants: map[string]map[string][]string{},
		names:    map[identity.ItemID]string{},
		clientOf: map[string]string{}}
	for _, c := range get("/clients?max=500") {
		r.clients[textAt(c, "clientId")] = c
	}
	for _, brief := range get("/groups?briefRepresentation=false&max=500") {
		g, _ := realm.AdminRealm(t, http.MethodGet, "/groups/"+textAt(brief, "id"), nil).(object)
		name := textAt(g, "name")
		r.groups[name], r.grants[name] = g, map[string][]string{}
		for client, roles := range listsOf(objectAt(g, "clientRoles")) {
			r.grants[name][client] = roles
		}
	}
	for _, brief := range get("/identity-provider/instances?max=500") {
		alias := textAt(brief, "alias")
		p, _ := realm.AdminRealm(t, http.MethodGet, "/identity-provider/instances/"+alias, nil).(object)
		p["mappers"], _ = realm.AdminRealm(t, http.MethodGet, "/identity-provider/instances/"+alias+"/mappers", nil).([]any)
		r.providers[textAt(p, "displayName")] = p
	}
	for _, o := range get("/organizations?briefRepresentation=false&max=500") {
		r.organizations = append(r.organizations, o)
		id := textAt(o, "id")
		for _, p := range get("/organizations/%s/identity-providers", id) {
			r.organizationProvider[id] = textAt(p, "alias")
			r.redirects[id] = textAt(p, "config", "kc.org.broker.redirect.mode.email-matches") == "true"
		}
	}
	whole, _ := realm.AdminRealm(t, http.MethodGet, "", nil).(object)
	r.rotates = whole["revokeRefreshToken"] == true
	return r
}

// learn keeps what other items refer to.
func (r *liveRealm) learn(item identity.Item) {
	r.names[identity.ItemID{Kind: item.Kind, ID: item.ID}] = item.Name
	switch item.Kind {
	case identity.KindApplication:
		var a kinds.Application
		_ = item.Decode(&a)
		r.clientOf[item.ID] = a.ClientID
		if a.Protocol == "saml" {
			r.clientOf[item.ID] = a.EntityID
		}
	case identity.KindGroup:
		var g kinds.Group
		if _ = item.Decode(&g); g.Everyone { // everybody of the source, who are not everybody of the realm
			r.names[identity.ItemID{Kind: item.Kind, ID: item.ID}] = "everyone-" + item.Source
		}
	case identity.KindRoutingRule:
		var rule kinds.RoutingRule
		_ = item.Decode(&rule)
		r.ruleDomains = append(r.ruleDomains, rule.Domains...)
	}
}

func (r *liveRealm) prove(t *testing.T, each judgedItem) {
	t.Helper()
	switch each.item.Kind {
	case identity.KindGroup:
		name := r.names[identity.ItemID{Kind: each.item.Kind, ID: each.item.ID}]
		proveMeaning(t, r, each, r.groups[name], groupMeanings())
	case identity.KindApplication:
		proveMeaning(t, r, each, r.clients[r.clientOf[each.item.ID]], applicationMeanings())
	case identity.KindAppAssignment:
		proveMeaning(t, r, each, object{}, assignmentMeanings())
	case identity.KindIdentityProvider:
		proveMeaning(t, r, each, r.providers[each.item.Name], providerMeanings())
	case identity.KindRoutingRule:
		proveMeaning(t, r, each, r.organizationOf(each.item), ruleMeanings())
	default:
		t.Errorf("%s is imported, and no table says what it means", each.item.Address())
	}
}

// organizationOf finds the organization that holds a domain of the rule, and which provider the rule names.
func (r *liveRealm) organizationOf(item identity.Item) object {
	var rule kinds.RoutingRule
	_ = item.Decode(&rule)
	for _, reference := range item.References {
		if reference.Kind == identity.KindIdentityProvider {
			r.ruleProvider = textAt(r.providers[r.names[identity.ItemID{Kind: reference.Kind, ID: reference.ID}]], "alias")
		}
	}
	for _, o := range r.organizations {
		if len(rule.Domains) > 0 && slices.Contains(domainNames(o), strings.ToLower(rule.Domains[0])) {
			return o
		}
	}
	return nil
}

func proveMeaning[T any](t *testing.T, r *liveRealm, each judgedItem, live object, table []meaning[T]) {
	t.Helper()
	if live == nil {
		t.Errorf("%s %q is %s, and nothing of it is in the realm", each.item.Address(), each.item.Name, each.result.Class)
		return
	}
	var decoded T
	var fields map[string]any
	if err := errors.Join(each.item.Decode(&decoded), json.Unmarshal(each.item.Attributes, &fields)); err != nil {
		t.Fatal(err)
	}
	answered := map[string]bool{}
	for _, f := range each.result.Findings {
		answered[f.Field] = true
	}
	for _, m := range table {
		noted := answered[m.field]
		if m.compare != nil && (!noted || m.despite) {
			source, now := m.compare(decoded, live, r)
			if diff := cmp.Diff(source, now); diff != "" {
				t.Errorf("%s %q is %s, and its %s does not read back (-source +live):\n%s", each.item.Kind, each.item.Name,
					each.result.Class, m.field, diff)
			}
		}
	}
	for _, m := range table {
		answered[m.field] = true
	}
	for field, value := range fields {
		if !answered[field] && isSet(value) {
			t.Errorf("%s %q is %s, and its %s (%v) is neither read back nor noted", each.item.Kind, each.item.Name,
				each.result.Class, field, value)
		}
	}
}

func isSet(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// valueAt follows a path into an object.
func valueAt(o object, path ...string) any {
	var value any = o
	for _, name := range path {
		inner, _ := value.(object)
		value = inner[name]
	}
	return value
}

func textAt(o object, path ...string) string {
	switch v := valueAt(o, path...).(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func wholeAt(o object, path ...string) int {
	n, _ := strconv.Atoi(textAt(o, path...))
	return n
}

func objectAt(o object, path ...string) object {
	found, _ := valueAt(o, path...).(object)
	return found
}

func objectsAt(o object, name string) []object {
	list, _ := o[name].([]any)
	return objectsOf(list)
}

func objectsOf(list []any) []object {
	var out []object
	for _, each := range list {
		if o, ok := each.(object); ok {
			out = append(out, o)
		}
	}
	return out
}

func textsAt(o object, name string) []string {
	list, _ := o[name].([]any)
	var out []string
	for _, each := range list {
		out = append(out, fmt.Sprint(each))
	}
	return out
}

func listsOf(o object) map[string][]string {
	out := map[string][]string{}
	for name := range o {
		out[name] = textsAt(o, name)
	}
	return out
}

// attributeTexts are the attributes of a group, without the tag that rehome leaves.
func attributeTexts(attributes map[string][]string) []string {
	var out []string
	for name, values := range attributes {
		if !strings.HasPrefix(name, "rehome") {
			out = append(out, name+"="+strings.Join(sortedTexts(values), ","))
		}
	}
	return sortedTexts(out)
}

func sortedTexts(texts []string) []string {
	out := append([]string{}, texts...)
	slices.Sort(out)
	return out
}

func domainNames(organization object) []string {
	var out []string
	for _, d := range objectsAt(organization, "domains") {
		out = append(out, textAt(d, "name"))
	}
	return out
}

// keyIDs are the ids of the keys of a key set, or what they are made of where they have none.
func keyIDs(set string) []string {
	var keys struct{ Keys []map[string]any }
	_ = json.Unmarshal([]byte(set), &keys)
	var ids []string
	for _, key := range keys.Keys {
		ids = append(ids, fmt.Sprint(key["kid"], key["n"], key["x"]))
	}
	return ids
}

// wantedOrigins are the stated origins or, where none are, those of the redirect URIs.
func wantedOrigins(a application) []string {
	if len(a.WebOrigins) > 0 {
		return a.WebOrigins
	}
	var origins []string
	for _, uri := range a.RedirectURIs {
		parts := strings.SplitN(uri, "/", 4)
		if origin := strings.Join(parts[:min(3, len(parts))], "/"); strings.HasPrefix(origin, "http") &&
			!slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins
}
