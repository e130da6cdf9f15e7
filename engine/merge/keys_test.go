package merge

import (
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

func TestBlockIndex_FindsWhatMayMeanAnItemInTheOrderOfTheBlocks(t *testing.T) {
	x := newBlockIndex()
	x.add(0, identity.KindGroup, nil)
	x.add(1, identity.KindGroup, Keys{NewKey(KeyName, "eng"), NewKey(KeyID, "1")})
	x.add(2, identity.KindApplication, nil)
	x.add(3, identity.KindGroup, Keys{NewKey(KeyName, "Cafe\u0301")})
	x.add(4, identity.KindGroup, Keys{NewKey(KeyID, "eng")})
	x.add(5, identity.KindGroup, nil)
	for name, c := range map[string]struct {
		item identity.Item
		want []int
	}{
		"by name":                 {identity.Item{Kind: identity.KindGroup, ID: "7", Name: "eng"}, []int{0, 1, 5}},
		"by name and id, once":    {identity.Item{Kind: identity.KindGroup, ID: "1", Name: "eng"}, []int{0, 1, 5}},
		"by id, which is no name": {identity.Item{Kind: identity.KindGroup, ID: "eng", Name: "x"}, []int{0, 4, 5}},
		"in another form of its letter": {identity.Item{Kind: identity.KindGroup, ID: "7", Name: "Caf\u00e9"},
			[]int{0, 3, 5}},
		"by nothing":                {identity.Item{Kind: identity.KindGroup, ID: "7", Name: "x"}, []int{0, 5}},
		"of another kind":           {identity.Item{Kind: identity.KindApplication, ID: "1", Name: "eng"}, []int{2}},
		"of a kind without a block": {identity.Item{Kind: identity.KindUser, ID: "1", Name: "eng"}, nil},
	} {
		if got := x.candidates(c.item); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
}

func TestPicker_AsksOnlyWhatMayMeanTheItem(t *testing.T) {
	asked := 0
	where := func(item identity.Item) (bool, error) { asked++; return item.Name == "b", nil }
	var rules []Rule
	var skips []Skip
	var maps []Map
	for _, name := range []string{"a", "b", "c"} {
		keys := Keys{NewKey(KeyName, name)}
		rules = append(rules, Rule{Kind: identity.KindGroup, Name: name, Where: where, Keys: keys})
		skips = append(skips, Skip{Kind: identity.KindGroup, Name: name, Where: where, Keys: keys})
		maps = append(maps, Map{Kind: identity.KindGroup, Name: name, Where: where, Keys: keys})
	}
	item := identity.Item{Kind: identity.KindGroup, ID: "1", Name: "b"}
	picker := NewPicker(rules, skips)
	rule, _ := picker.Merge(item)
	skip, _ := picker.Skip(item)
	if rule == nil || rule.Name != "b" || skip == nil || skip.Name != "b" {
		t.Errorf("%+v %+v", rule, skip)
	}
	NewMapper(maps, kinds.Restate).Apply(item)
	if asked != 3 {
		t.Errorf("%d conditions were asked", asked)
	}
	if unused := picker.Unused(); len(unused) != 4 {
		t.Errorf("unused are %v", unused)
	}
}
