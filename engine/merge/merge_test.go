package merge

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
)

func TestPicker_TwoBlocksOfOneItemAreAnErrorNamingBoth(t *testing.T) {
	picker := NewPicker([]Rule{{Kind: identity.KindGroup, Name: "a", File: "x.hcl", Line: 1}, {Kind: identity.KindGroup, Name: "b", File: "x.hcl", Line: 9}, {Kind: identity.KindUser, Name: "c"}}, nil)
	rule, problems := picker.Merge(identity.Item{Source: "s", Kind: identity.KindGroup, ID: "1"})
	if rule != nil || !problems.HasErrors() || !strings.Contains(problems.Error(), `"a"`) || !strings.Contains(problems.Error(), `"b"`) {
		t.Errorf("%v %v", rule, problems)
	}
	if unused := picker.Unused(); len(unused) != 1 || !strings.Contains(unused[0].Detail, `"c"`) {
		t.Errorf("%v", unused)
	}
}

func TestPicker_AFailingConditionIsAnErrorAtItsPlace(t *testing.T) {
	where := func(identity.Item) (bool, error) { return false, errors.New("no attribute nmae") }
	_, problems := NewPicker(nil, []Skip{{Kind: identity.KindGroup, Where: where, File: "x.hcl", Line: 4}}).Skip(identity.Item{Kind: identity.KindGroup})
	if len(problems) != 1 || problems[0].Subject == nil || problems[0].Subject.Start.Line != 4 {
		t.Errorf("%+v", problems)
	}
}

func TestApplyMaps_SetsAttributesAndTellsTheOwnerOfANewKey(t *testing.T) {
	item := identity.Item{Source: "s", Kind: identity.KindApplication, ID: "1", Attributes: json.RawMessage(`{"client_id":"a","name":"x"}`)}
	set := func(identity.Item) (map[string]any, error) { return map[string]any{"client_id": "b"}, nil }
	got, findings, problems := ApplyMaps(item, []Map{{Kind: identity.KindApplication, Set: set}})
	if problems.HasErrors() || string(got.Attributes) != `{"client_id":"b","name":"x"}` || len(findings) != 1 || findings[0].ImpactCode != ClientKeyChanges {
		t.Errorf("%s %v %v", got.Attributes, findings, problems)
	}
	if string(item.Attributes) != `{"client_id":"a","name":"x"}` {
		t.Error("the item given was changed")
	}
}

func TestEqualValues_ComparesByMeaning(t *testing.T) {
	cases := []struct {
		name      string
		a, b      any
		unordered bool
		want      bool
	}{
		{"whole numbers of other types", 1, json.Number("1.0"), false, true},
		{"large numbers keep their last digit", json.Number("9007199254740993"), json.Number("9007199254740992"), false, false},
		{"a number is no text", 1, "1", false, false},
		{"lists keep their order", []any{"a", "b"}, []any{"b", "a"}, false, false},
		{"sets do not", []any{"a", "b"}, []string{"b", "a"}, true, true},
		{"an absent set is an empty one", nil, []any{}, true, true},
	}
	for _, c := range cases {
		if got := EqualValues(c.a, c.b, c.unordered); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}
