package kinds

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
)

// restate states fields of an item whose attributes are JSON texts, and returns its attributes afterwards.
func restate(t *testing.T, kind identity.Kind, attributes, set map[string]string) (map[string]json.RawMessage,
	[]fidelity.Finding) {
	t.Helper()
	before, after := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for name, value := range attributes {
		before[name], after[name] = json.RawMessage(value), json.RawMessage(value)
	}
	var stated []string
	for name, value := range set {
		after[name], stated = json.RawMessage(value), append(stated, name)
	}
	findings, err := Restate(kind, before, after, stated)
	if err != nil {
		t.Fatal(err)
	}
	return after, findings
}

func TestRestate_SettlesWhatCameFromTheFieldsThatAreStated(t *testing.T) {
	questions := `[{"why":"which?","fields":["entity_id","acs_url"]},{"why":"and who?","fields":["access"]}]`
	app := map[string]string{"questions": questions, "undecided": `"which?"`, "client_authentication": `"none"`,
		"client_type": `"public"`, "names_by_person": "3", "wildcard_redirect": "true", "multi_tenant": "true"}
	for name, c := range map[string]struct {
		set  map[string]string
		want map[string]string
	}{
		"half an answer": {map[string]string{"acs_url": `"https://a"`}, map[string]string{"undecided": `"which?"`}},
		"the next question": {map[string]string{"acs_url": `"x"`, "entity_id": `"y"`},
			map[string]string{"undecided": `"and who?"`}},
		"another order": {map[string]string{"access": `"assigned"`}, map[string]string{"undecided": `"which?"`}},
		"everything": {map[string]string{"acs_url": `"x"`, "entity_id": `"y"`, "access": `"assigned"`},
			map[string]string{"undecided": `""`}},
		"a kind of client": {map[string]string{"client_type": `"confidential"`},
			map[string]string{"client_authentication": `""`, "client_type": `"confidential"`}},
		"both of the two": {map[string]string{"client_type": `"x"`, "client_authentication": `"y"`},
			map[string]string{"client_type": `"x"`, "client_authentication": `"y"`}},
		"another name": {map[string]string{"name_id_source": `"${user.x}"`},
			map[string]string{"names_by_person": "0"}},
		"addresses": {map[string]string{"redirect_uris": `["https://a"]`},
			map[string]string{"wildcard_redirect": "false"}},
		"whose people":         {map[string]string{"audience": `"tenant"`}, map[string]string{"multi_tenant": "false"}},
		"nothing that matters": {map[string]string{"description": `"x"`}, app},
	} {
		t.Run(name, func(t *testing.T) {
			after, _ := restate(t, identity.KindApplication, app, c.set)
			for field, want := range c.want {
				if string(after[field]) != want {
					t.Errorf("%s is %s, want %s", field, after[field], want)
				}
			}
		})
	}
}

func TestRestate_TellsWhatDecidesAboutAccessIdentityOrStatus(t *testing.T) {
	app, assignment := identity.KindApplication, identity.KindAppAssignment
	for name, c := range map[string]struct {
		kind         identity.Kind
		field        string
		source, says string
		want         string // impact code, empty for none
	}{
		"a limited application is opened": {app, "access", `"assigned"`, `"everyone"`, "access_restated"},
		"one that is not told is opened":  {app, "access", `""`, `"everyone"`, "access_restated"},
		"one that is not told stays shut": {app, "access", `""`, `"assigned"`, ""},
		"the same again":                  {app, "access", `"assigned"`, `"assigned"`, ""},
		"a grant goes to somebody else":   {assignment, "principal", `"g1"`, `"g2"`, "access_restated"},
		"an inactive one is switched on":  {app, "status", `"inactive"`, `"active"`, "status_restated"},
		"people get other names": {app, "name_id_source", `"${user.login}"`, `"${user.email}"`,
			"identity_restated"},
		"a name that is not told":          {app, "name_id_source", `""`, `"${user.email}"`, ""},
		"a text for people":                {app, "description", `"a"`, `"b"`, ""},
		"a limit of networks is taken off": {app, "network_limit", `true`, `false`, "access_restated"},
		"another key, told elsewhere":      {app, "client_id", `"a"`, `"b"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := restate(t, c.kind, map[string]string{c.field: c.source}, map[string]string{c.field: c.says})
			switch {
			case c.want == "" && len(findings) > 0, c.want != "" && len(findings) != 1:
				t.Errorf("findings are %+v", findings)
			case c.want != "" && (findings[0].ImpactCode != c.want || findings[0].Severity != fidelity.SeverityHigh):
				t.Errorf("the finding is %+v", findings[0])
			}
		})
	}
}

// What is counted, judged or only named at the source is not for a map block; a question asks for nothing of that.
func TestFields_SayWhatAMapBlockMaySet(t *testing.T) {
	effects := map[string]Effect{}
	for _, field := range Fields(identity.KindApplication) {
		effects[field.Name] = field.Map
	}
	for _, name := range []string{"undecided", "questions", "unknown", "assigned_users", "policy_id", "credentials"} {
		if effects[name] != EffectNone {
			t.Errorf("%s may be set", name)
		}
	}
	for _, kind := range identity.Kinds() {
		for _, field := range Fields(kind) {
			if !slices.Contains([]Effect{EffectPlain, EffectNone, EffectAccess, EffectIdentity, EffectStatus}, field.Map) {
				t.Errorf("%s.%s has the effect %q", kind, field.Name, field.Map)
			}
		}
	}
}

// Policies of the source name an application by the id that it has there, whatever a map block calls it.
func TestRestate_KeepsTheClientIDOfTheSource(t *testing.T) {
	after, _ := restate(t, identity.KindApplication, map[string]string{"client_id": `"old"`},
		map[string]string{"client_id": `"new"`})
	if string(after["source_client_id"]) != `"old"` {
		t.Errorf("the source calls it %s", after["source_client_id"])
	}
	if after, _ = restate(t, identity.KindApplication, map[string]string{"client_id": `"old"`},
		map[string]string{"description": `"x"`}); after["source_client_id"] != nil {
		t.Errorf("nothing was restated, and it holds %s", after["source_client_id"])
	}
	policy := AuthPolicy{Type: ConditionalAccess, Only: []string{"old"}}
	if !policy.Reaches("old") || policy.Reaches("new") || (AuthPolicy{Type: "ACCESS_POLICY"}).Reaches("old") ||
		!(AuthPolicy{Type: SecurityDefaults}).Reaches("any") {
		t.Error("a policy does not reach what it is for")
	}
}
