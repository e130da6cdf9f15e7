package realm

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// samples are two values of a row that are neither its default nor each other.
func samples(f field) []any {
	switch f.form {
	case asFlag, asFlagText:
		return []any{true, false}
	case asNumberText:
		return []any{float64(30), float64(7)}
	case asSet, asJoined:
		return []any{object.List([]string{"https://a.example.test/x", "https://b.example.test/y"}),
			object.List([]string{"*.c.example.test"})}
	case asMaps:
		return []any{[]any{object.Object{"name": "one", "type": "a-mapper", "config": object.Object{"claim": "x"}}}, []any{}}
	}
	if f.name == "sso_binding" {
		return []any{"post", "redirect"}
	}
	return []any{"a value of " + f.name, "another one"}
}

// way is how a resource type is written into its representation and read back.
func ways() map[string]func(base object.Object, a identity.Attributes, secrets map[string]string) (
	object.Object, identity.Resource) {
	type written = func(object.Object, identity.Attributes, map[string]string) (object.Object, identity.Resource)
	return map[string]written{
		TypeClient: func(base object.Object, a identity.Attributes, secrets map[string]string) (
			object.Object, identity.Resource) {
			o := WriteClient(base, a, "tag", secrets)
			return o, ReadClient(o)
		},
		TypeProvider: func(base object.Object, a identity.Attributes, secrets map[string]string) (
			object.Object, identity.Resource) {
			o := WriteProvider(base, a, "tag", secrets)
			mappers, _ := WriteMappers(a)
			return o, ReadProvider(o, mappers)
		},
		TypeOrganization: func(base object.Object, a identity.Attributes, _ map[string]string) (
			object.Object, identity.Resource) {
			o := WriteOrganization(base, a, "tag")
			return o, ReadOrganization(o, nil)
		},
		TypeGroup: func(base object.Object, a identity.Attributes, _ map[string]string) (object.Object, identity.Resource) {
			o := WriteGroup(base, a, "tag")
			return o, ReadGroup(o, object.Text(a, "path"))
		},
		TypeClientRole: func(base object.Object, a identity.Attributes, _ map[string]string) (
			object.Object, identity.Resource) {
			o := WriteClientRole(base, a)
			return o, ReadClientRole(object.Text(a, "client"), o)
		},
	}
}

func TestEveryRowIsWrittenAndReadBack(t *testing.T) {
	for resourceType, way := range ways() {
		for _, f := range TypeOf(resourceType).fields {
			if f.secret || f.computed || f.apart() || f.form == asTable || f.name == "protocol" {
				continue
			}
			t.Run(resourceType+"/"+f.name, func(t *testing.T) {
				var live object.Object
				for _, value := range samples(f) {
					wanted := identity.Attributes{f.name: value}
					var read identity.Resource
					if live, read = way(live, wanted, nil); len(steps.Differences(TypeOf(resourceType).Schema, wanted,
						read.Attributes)) > 0 {
						t.Fatalf("wrote %v, read back %v out of %v", value, read.Attributes[f.name], live)
					}
					if kept, again := way(live, identity.Attributes{}, nil); !reflect.DeepEqual(again.Attributes[f.name],
						read.Attributes[f.name]) {
						t.Errorf("a write that does not manage it leaves %v in %v", again.Attributes[f.name], kept)
					}
				}
			})
		}
	}
}

func TestWhatTheServerComputesIsNeverSent(t *testing.T) {
	with := identity.Attributes{"client_id": "wiki", "own_flow": false, "alias": "corp", "other_providers": []any{"x"}}
	without := identity.Attributes{"client_id": "wiki", "alias": "corp"}
	for resourceType, write := range ways() {
		sent, _ := write(nil, with, nil)
		bare, _ := write(nil, without, nil)
		if !reflect.DeepEqual(sent, bare) {
			t.Errorf("%s: sent %v, without what is computed %v", resourceType, sent, bare)
		}
	}
}

func TestEveryClientAttributeIsWrittenReadBackAndTakenAway(t *testing.T) {
	for _, protocol := range []string{gating.ProtocolOIDC, gating.ProtocolSAML} {
		for _, row := range clientAttributes(protocol) {
			t.Run(protocol+"/"+row.name, func(t *testing.T) {
				wanted := identity.Attributes{"protocol": protocol, "attributes": map[string]any{row.name: "a value"}}
				live := WriteClient(nil, wanted, "tag", nil)
				if names := steps.Differences(TypeOf(TypeClient).Schema, wanted, ReadClient(live).Attributes); len(names) > 0 {
					t.Fatalf("%v differ in %v", names, live)
				}
				live = WriteClient(live, identity.Attributes{"attributes": map[string]any{}}, "", nil)
				none, _ := row.none.(string)
				if said, present := object.Peek(live, "attributes")[row.name]; !present || said != none {
					t.Errorf("taken away, it is sent as %v: only %q removes it at the server", said, none)
				}
				if left := object.Peek(object.Object(ReadClient(live).Attributes), "attributes"); len(left) > 0 {
					t.Errorf("%v is left", left)
				}
				DropEmptyAttributes(live)
				if said, present := object.Peek(live, "attributes")[row.name]; present && said == "" {
					t.Error("a file holds it though it is empty")
				}
			})
		}
	}
}

func TestSecretsAreWrittenAndNeverRead(t *testing.T) {
	for resourceType, way := range ways() {
		for _, f := range TypeOf(resourceType).fields {
			if !f.secret {
				continue
			}
			o, read := way(nil, identity.Attributes{f.name: "a reference"}, map[string]string{f.name: "of-the-partner"})
			above, name := f.place(o, false)
			if above[name] != "of-the-partner" {
				t.Errorf("%s of %s was not written: %v", f.name, resourceType, o)
			}
			if _, shown := read.Attributes[f.name]; shown {
				t.Errorf("%s of %s is read back", f.name, resourceType)
			}
			if o, _ = way(o, identity.Attributes{f.name: "a reference"}, nil); f.valueAt(o) != "of-the-partner" {
				t.Errorf("%s of %s is lost when no new one is given", f.name, resourceType)
			}
		}
	}
}

func (f field) valueAt(o object.Object) any {
	above, name := f.place(o, false)
	return above[name]
}

func TestWhatIsNotOursSurvivesAWrite(t *testing.T) {
	group := WriteGroup(object.Object{"attributes": object.Object{tagKey: []any{"t"}, "old": []any{"x"}},
		"subGroups": []any{"kept"}},
		identity.Attributes{"attributes": map[string]any{"new": object.List([]string{"y"})}}, "")
	if want := (object.Object{tagKey: []any{"t"}, "new": []any{"y"}}); !reflect.DeepEqual(group["attributes"], want) ||
		group["subGroups"] == nil {
		t.Errorf("group is %v", group)
	}
	marker := gating.MarkerScope("app")
	client := WriteClient(object.Object{"defaultClientScopes": []any{"email", marker},
		"attributes": object.Object{"theirs": "1"}},
		identity.Attributes{"default_client_scopes": object.List([]string{"profile"}),
			"attributes": map[string]any{}}, "", nil)
	if scopes := object.Texts(client["defaultClientScopes"]); !slices.Equal(scopes, []string{"profile", marker}) ||
		object.Peek(client, "attributes")["theirs"] != "1" {
		t.Errorf("client is %v", client)
	}
	organization := WriteOrganization(object.Object{"domains": []any{object.Object{"name": "a.test", "verified": false}}},
		identity.Attributes{"domains": object.List([]string{"a.test", "b.test"})}, "")
	want := []any{object.Object{"name": "a.test", "verified": false}, object.Object{"name": "b.test", "verified": true}}
	if !reflect.DeepEqual(organization["domains"], want) {
		t.Errorf("organization is %v", organization)
	}
	provider := WriteProvider(object.Object{"config": object.Object{"theirs": "1"}, "linkOnly": true},
		identity.Attributes{"pkce": true, "jwks_url": "https://k.test"}, "", nil)
	config := object.Peek(provider, "config")
	if provider["linkOnly"] != true || config["theirs"] != "1" || config["pkceMethod"] != "S256" ||
		config["useJwksUrl"] != "true" {
		t.Errorf("provider is %v", provider)
	}
	if provider["enabled"] != false {
		t.Error("a provider whose enabled nobody says is switched on by the server")
	}
}

// Values of another kind than the row's come from plans of other versions: they are not written as rubbish.
func TestAValueOfAnotherKindIsNotWritten(t *testing.T) {
	for resourceType, way := range ways() {
		for _, f := range TypeOf(resourceType).fields {
			if kind := f.form.kind(); f.secret || f.apart() || (kind != "bool" && kind != "number" && kind != "map") {
				continue
			}
			o, _ := way(nil, identity.Attributes{f.name: []any{"rubbish"}}, nil)
			if written := fmt.Sprint(o); strings.Contains(written, "rubbish") {
				t.Errorf("%s of %s: %s", f.name, resourceType, written)
			}
		}
	}
}

func TestRowsAreNamedOnceAndDescribed(t *testing.T) {
	for _, resourceType := range Types() {
		seen := map[string]bool{}
		for _, f := range slices.Concat(resourceType.fields, clientAttributes(gating.ProtocolOIDC),
			clientAttributes(gating.ProtocolSAML)) {
			if seen[f.name] || f.doc == "" || !strings.HasSuffix(f.doc, ".") {
				t.Errorf("%s: row %q is there twice or says nothing", resourceType.Schema.Type, f.name)
			}
			seen[f.name] = true
		}
		if _, err := resourceType.Schema.Key(keysOf(resourceType)); err != nil {
			t.Error(err)
		}
	}
	if unknown := TypeOf("tomorrow"); !unknown.ReadOnly || unknown.Schema.Type != "" {
		t.Errorf("%+v", unknown)
	}
}

func keysOf(resourceType Type) identity.Attributes {
	a := identity.Attributes{}
	for _, f := range resourceType.fields {
		if f.key {
			a[f.name] = "x"
		}
	}
	return a
}

func TestAStepLocksWhatItChanges(t *testing.T) {
	for name, test := range map[string]struct {
		step contract.StepRequest
		want []string
	}{
		"a group":  {contract.StepRequest{Resource: identity.ResourceID{Type: TypeGroup, Key: "/a"}}, []string{"group:/a"}},
		"a client": {contract.StepRequest{Resource: identity.ResourceID{Type: TypeClient, Key: "a"}}, []string{"client:a"}},
		"an opening": {contract.StepRequest{Resource: identity.ResourceID{Type: TypeEnablement, Key: "a"}},
			[]string{"client:a", "client_enablement:a"}},
		"a gate": {contract.StepRequest{Resource: identity.ResourceID{Type: TypeGate, Key: "a"}},
			[]string{"client:a", "flows", "gate:a"}},
		"the flows": {contract.StepRequest{Resource: identity.ResourceID{Type: TypeGateFlows, Key: "rehome"}},
			[]string{"flows", "gate_flows:rehome"}},
		"a changed provider of an organization": {contract.StepRequest{Resource: identity.ResourceID{Type: TypeOrganization,
			Key: "o"},
			Before: identity.Attributes{"identity_provider": "old"}, After: identity.Attributes{"identity_provider": "new"}},
			[]string{"identity_provider:new", "identity_provider:old", "organization:o"}},
		"an assignment": {contract.StepRequest{Resource: identity.ResourceID{Type: TypeRoleAssignment, Key: "k"},
			Before: identity.Attributes{"group": "/g"}}, []string{"role_assignment:k", "roles of group:/g"}},
		"an assignment of nobody": {contract.StepRequest{Resource: identity.ResourceID{Type: TypeRoleAssignment, Key: "k"}},
			[]string{"role_assignment:k"}},
	} {
		if got := TypeOf(test.step.Resource.Type).Locks(test.step); !slices.Equal(got, test.want) {
			t.Errorf("%s locks %v, want %v", name, got, test.want)
		}
	}
}

func TestLengthsAreCountedInCharacters(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		fits bool
	}{
		"255 characters of three bytes":  {strings.Repeat("部", 255), true},
		"256 characters of three bytes":  {strings.Repeat("部", 256), false},
		"127 of those that count as two": {strings.Repeat("😀", 127), true},
		"128 of those that count as two": {strings.Repeat("😀", 128), false},
	} {
		if got := Fits(TypeGroup, "name", test.text); got != test.fits || (len(TooLong(TypeGroup, "name", "name",
			test.text)) == 0) != got {
			t.Errorf("%s: fits %v", name, got)
		}
		if name := FittingName(test.text); length(name) > column || (test.fits && name != test.text) {
			t.Errorf("%s is made %q", test.text, name)
		}
	}
	for limit, want := range map[int]string{4: "sho…", 3: "sh…"} {
		if got := fitting("short", limit); got != want {
			t.Errorf("%d characters: %q, want %q", limit, got, want)
		}
	}
	if got := fitting("a 😀😀", 4); got != "a…" {
		t.Errorf("%q", got)
	}
	if !Fits(TypeClient, "nothing of that name", strings.Repeat("x", 9999)) {
		t.Error("an attribute that is not there has a limit")
	}
}

func TestWhatDoesNotFitIsShortenedLeftOutOrBlocks(t *testing.T) {
	long := strings.Repeat("x", 256)
	group := func(a identity.Attributes) contract.Translation {
		return WithinLimits(contract.Translation{Resources: []identity.Resource{{Type: TypeGroup, Key: "/g", Attributes: a}}})
	}
	made := group(identity.Attributes{"description": long, "attributes": map[string]any{
		"dn": object.List([]string{long}), "both": object.List([]string{long, "y"}),
		long: object.List([]string{"z"}), "empty": object.List(nil)}})
	want := identity.Attributes{"description": long[:254] + "…",
		"attributes": map[string]any{"both": object.List([]string{"y"}),
			"empty": object.List(nil)}}
	if !reflect.DeepEqual(made.Resources[0].Attributes, want) || len(made.Findings) != 4 {
		t.Errorf("made %v with %+v", made.Resources[0].Attributes, made.Findings)
	}
	if again := WithinLimits(made); len(again.Findings) != len(made.Findings) {
		t.Error("what was made to fit does not fit")
	}
	for name, refused := range map[string]contract.Translation{
		"a name": group(identity.Attributes{"name": long}),
		"an address": WithinLimits(contract.Translation{Resources: []identity.Resource{
			{Type: TypeClient, Attributes: identity.Attributes{"redirect_uris": object.List([]string{"https://a.test",
				long})}}}}),
	} {
		if len(refused.Resources) > 0 || len(refused.Findings) != 1 || refused.Findings[0].Type != fidelity.Invalid {
			t.Errorf("%s that does not fit gives %+v", name, refused)
		}
	}
	home := WithinLimits(contract.Translation{Resources: []identity.Resource{{Type: TypeClient,
		Attributes: identity.Attributes{"base_url": long}}}})
	if _, kept := home.Resources[0].Attributes["base_url"]; kept || len(home.Findings) != 1 {
		t.Errorf("half an address is kept: %+v", home)
	}
	reference := identity.Refer(identity.KindApplication, long, TypeClient)
	role := WithinLimits(contract.Translation{Resources: []identity.Resource{{Type: TypeClientRole,
		Attributes: identity.Attributes{"client": reference}}}})
	if !reflect.DeepEqual(role.Resources[0].Attributes["client"], reference) {
		t.Error("a reference is taken for a table")
	}
}

// TestWhatIsReadIsWrittenWithoutAMemberThatTheServerDoesNotKnow: an update may carry everything that was read, with
// what the server computes. A value written at no place had no name, and the server refused the whole client.
func TestWhatIsReadIsWrittenWithoutAMemberThatTheServerDoesNotKnow(t *testing.T) {
	for resourceType, way := range ways() {
		wanted := identity.Attributes{}
		for _, f := range TypeOf(resourceType).fields {
			switch {
			case f.form == asTable:
				wanted[f.name] = map[string]any{}
			case !f.secret:
				wanted[f.name] = samples(f)[0]
			}
		}
		for range 100 { // maps have another order each time
			live, read := way(object.Object{}, wanted, nil)
			before := len(live)
			live, _ = way(live, read.Attributes, nil)
			if name, unnamed := nameless("", live); unnamed || len(live) != before {
				t.Fatalf("%s: below %q stands a member without a name, or one more than before: %v", resourceType, name, live)
			}
		}
	}
}

func nameless(path string, value any) (string, bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, each := range v {
			if name == "" {
				return path, true
			}
			if where, found := nameless(path+"/"+name, each); found {
				return where, true
			}
		}
	case []any:
		for _, each := range v {
			if where, found := nameless(path, each); found {
				return where, true
			}
		}
	}
	return "", false
}
