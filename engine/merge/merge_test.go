package merge

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

func line(n int) diag.Range {
	return diag.Range{File: "x.hcl", Start: diag.Position{Line: n, Column: 1}}
}

func TestPicker_TwoBlocksOfOneItemAreAnErrorNamingBoth(t *testing.T) {
	picker := NewPicker([]Rule{{Kind: identity.KindGroup, Name: "a", Range: line(1)},
		{Kind: identity.KindGroup, Name: "b", Range: line(9)}, {Kind: identity.KindUser, Name: "c"}}, nil)
	rule, problems := picker.Merge(identity.Item{Source: "s", Kind: identity.KindGroup, ID: "1"})
	if rule != nil || !problems.HasErrors() || !strings.Contains(problems.Error(), `"a"`) ||
		!strings.Contains(problems.Error(), `"b"`) {
		t.Errorf("%v %v", rule, problems)
	}
	if unused := picker.Unused(); len(unused) != 1 || !strings.Contains(unused[0].Detail, `"c"`) {
		t.Errorf("%v", unused)
	}
}

func TestPicker_AFailingConditionIsAnErrorAtItsPlace(t *testing.T) {
	where := func(identity.Item) (bool, error) { return false, errors.New("no attribute nmae") }
	_, problems := NewPicker(nil, []Skip{{Kind: identity.KindGroup, Where: where,
		Range: line(4)}}).Skip(identity.Item{Kind: identity.KindGroup})
	if len(problems) != 1 || problems[0].Subject == nil || problems[0].Subject.Start.Line != 4 {
		t.Errorf("%+v", problems)
	}
}

func TestMapper_SetsAttributesAndTellsTheOwnerOfANewKey(t *testing.T) {
	item := identity.Item{Source: "s", Kind: identity.KindApplication, ID: "1",
		Attributes: json.RawMessage(`{"client_id":"a","name":"x"}`)}
	set := func(identity.Item) (map[string]any, error) { return map[string]any{"client_id": "b"}, nil }
	got, findings, problems := NewMapper([]Map{{Kind: identity.KindApplication, Set: set}}, kinds.Restate).Apply(item)
	if problems.HasErrors() || string(got.Attributes) != `{"client_id":"b","name":"x","source_client_id":"a"}` || len(findings) != 1 ||
		findings[0].ImpactCode != ClientKeyChanges {
		t.Errorf("%s %v %v", got.Attributes, findings, problems)
	}
	if string(item.Attributes) != `{"client_id":"a","name":"x"}` {
		t.Error("the item given was changed")
	}
}

func TestChanged_SeesWhatSaysSomething(t *testing.T) {
	schema := identity.ResourceSchema{Attributes: []identity.AttributeSchema{{Name: "uris", Type: "list", Unordered: true},
		{Name: "it"}}}
	cases := map[string]struct {
		name          string
		desired, live any
		want          bool
	}{
		"an empty text and none":          {"it", "", nil, false},
		"an empty map and none":           {"it", map[string]any{}, nil, false},
		"a repetition in a set":           {"uris", []any{"a", "a"}, []any{"a"}, false},
		"another order of a set":          {"uris", []any{"a", "b"}, []string{"b", "a"}, false},
		"another order of a list":         {"it", []any{"a", "b"}, []any{"b", "a"}, true},
		"false and none":                  {"it", false, nil, true},
		"the last digit of a long number": {"it", json.Number("9007199254740993"), json.Number("9007199254740992"), true},
	}
	for name, c := range cases {
		desired, live := identity.Attributes{c.name: c.desired}, identity.Attributes{c.name: c.live}
		if got := Changed(Managed(desired, schema), desired, live, schema); (len(got) > 0) != c.want {
			t.Errorf("%s: changed are %v", name, got)
		}
		if sides := Sides(nil, desired, live, schema); (sides[0].Fate != FateEqual) != c.want {
			t.Errorf("%s: the sides are %+v", name, sides)
		}
	}
}
