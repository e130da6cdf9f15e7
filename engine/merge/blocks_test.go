package merge

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

func group(name string) identity.Item {
	return identity.Item{
		Source: "okta.corp", Kind: identity.KindGroup, ID: "1", Name: name,
		Attributes: json.RawMessage(`{"name":"` + name + `"}`),
	}
}

func named(name string) Where {
	return func(item identity.Item) (bool, error) { return item.Name == name, nil }
}

func TestPicker_TakesTheFirstSkipAndTellsWhatWasNeverMeant(t *testing.T) {
	picker := NewPicker(
		[]Rule{{Kind: identity.KindGroup, Name: "never", Where: named("x"), Range: line(1)}},
		[]Skip{
			{Kind: identity.KindUser, Name: "other kind"}, {Kind: identity.KindGroup, Name: "first", Where: named("eng")},
			{Kind: identity.KindGroup, Name: "second"},
		})
	skip, problems := picker.Skip(group("eng"))
	if skip == nil || skip.Name != "first" || len(problems) != 0 {
		t.Errorf("%+v, %v", skip, problems)
	}
	if rule, problems := picker.Merge(group("eng")); rule != nil || len(problems) != 0 {
		t.Errorf("%+v, %v", rule, problems)
	}
	var unused []string
	for _, d := range picker.Unused() {
		unused = append(unused, d.Detail)
	}
	want := []string{
		`The block merge "group" "never" means no item of the snapshots. Correct its where, or remove it.`,
		`The block skip "user" "other kind" means no item of the snapshots. Correct its where, or remove it.`,
	}
	if diff := cmp.Diff(want, unused); diff != "" {
		t.Error(diff)
	}
}

func TestMapper_SetsInTheOrderOfTheBlocksAndTellsWhereTwoDisagree(t *testing.T) {
	set := func(values map[string]any) func(identity.Item) (map[string]any, error) {
		return func(identity.Item) (map[string]any, error) { return values, nil }
	}
	block := func(name string, where Where, set func(identity.Item) (map[string]any, error)) Map {
		return Map{Kind: identity.KindGroup, Name: name, Where: where, Set: set, Range: line(1)}
	}
	rename := block("a", nil, set(map[string]any{"name": "Engineering", "path": "/eng"}))
	cases := []struct {
		name       string
		blocks     []Map
		item       identity.Item
		attributes string
		itemName   string
		code       string
	}{
		{"no block", nil, group("eng"), `{"name":"eng"}`, "eng", ""},
		{"a block that only checks", []Map{block("a", nil, nil)}, group("eng"), `{"name":"eng"}`, "eng", ""},
		{
			"a block of another item", []Map{block("a", named("x"), set(map[string]any{"name": "y"}))}, group("eng"),
			`{"name":"eng"}`, "eng", "",
		},
		{"a new name", []Map{rename}, group("eng"), `{"name":"Engineering","path":"/eng"}`, "Engineering", ""},
		{
			"two that agree", []Map{rename, block("b", nil, set(map[string]any{"path": "/eng"}))}, group("eng"),
			`{"name":"Engineering","path":"/eng"}`, "Engineering", "",
		},
		{
			"two that disagree", []Map{rename, block("b", nil, set(map[string]any{"path": "/x"}))}, group("eng"),
			`{"name":"eng"}`, "eng", "map-two-blocks",
		},
		{
			"a set that fails",
			[]Map{block("a", nil, func(identity.Item) (map[string]any, error) { return nil, errors.New("no such field") })},
			group("eng"), `{"name":"eng"}`, "eng", "map-failed",
		},
		{"attributes that do not read", []Map{rename}, identity.Item{
			Kind: identity.KindGroup, Name: "eng", Attributes: json.RawMessage(`[`),
		}, `[`, "eng", "map-failed"},
		{"a value that has no form", []Map{block("a", nil, set(map[string]any{"x": func() {}}))}, group("eng"),
			`{"name":"eng"}`, "eng", "map-failed"},
		{"an item without attributes", []Map{rename}, identity.Item{Kind: identity.KindGroup, Name: "eng"},
			`{"name":"Engineering","path":"/eng"}`, "Engineering", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, findings, problems := NewMapper(c.blocks, kinds.Restate).Apply(c.item)
			code := ""
			if len(problems) > 0 {
				code = problems[0].Code
			}
			if string(got.Attributes) != c.attributes || got.Name != c.itemName || code != c.code || len(findings) != 0 {
				t.Errorf("%s, name %q, findings %v, problems %v", got.Attributes, got.Name, findings, problems)
			}
		})
	}
}

// Only a key that really changes is work for an owner.
func TestMapper_TellsTheOwnerOnlyOfAKeyThatChanges(t *testing.T) {
	cases := map[string]struct {
		kind  identity.Kind
		set   map[string]any
		field string
	}{
		"the same client id":   {identity.KindApplication, map[string]any{"client_id": "a"}, ""},
		"another client id":    {identity.KindApplication, map[string]any{"client_id": "b"}, "client_id"},
		"another entity id":    {identity.KindApplication, map[string]any{"entity_id": "urn:b"}, "entity_id"},
		"one that is not told": {identity.KindApplication, map[string]any{"request_issuer": "urn:b"}, ""},
		"another name":         {identity.KindApplication, map[string]any{"name": "b"}, ""},
		"of no application":    {identity.KindServicePrincipal, map[string]any{"client_id": "b"}, ""},
		"a name that is none":  {identity.KindApplication, map[string]any{"name": 7}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			item := identity.Item{Kind: c.kind, Name: "Payroll",
				Attributes: json.RawMessage(`{"client_id": "a", "entity_id": "urn:a", "request_issuer": "" }`)}
			set := func(identity.Item) (map[string]any, error) { return c.set, nil }
			_, findings, problems := NewMapper([]Map{{Kind: c.kind, Set: set}}, kinds.Restate).Apply(item)
			field := ""
			if len(findings) > 0 {
				field = findings[0].Field
			}
			if field != c.field || len(problems) > 0 {
				t.Errorf("%q, problems %v", field, problems)
			}
		})
	}
}

func TestBinding_WhoseTheResourceIs(t *testing.T) {
	got := map[Decision]bool{}
	for _, decision := range []Decision{"", DecisionCreate, DecisionMap, DecisionReconcile, DecisionSkip} {
		got[decision] = Binding{Decision: decision}.Ours()
	}
	want := map[Decision]bool{
		"": true, DecisionCreate: true, DecisionMap: false, DecisionReconcile: false, DecisionSkip: false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
