package merge

import (
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Two groups that look the same are two groups: a block that names one must not decide about the other.
func TestTwins_AreNeverDecidedTogether(t *testing.T) {
	const composed, parted = "Caf\u00e9", "Cafe\u0301"
	item := func(id, name string) identity.Item {
		return identity.Item{Source: "okta.corp", Kind: identity.KindGroup, ID: id, Name: name}
	}
	all := func(identity.Item) (bool, error) { return true, nil }
	named := func(i identity.Item) (bool, error) { return norm.NFC.String(i.Name) == composed, nil }
	byName := Keys{NewKey(KeyName, composed)}
	for name, c := range map[string]struct {
		where  Where
		keys   Keys
		second identity.Item
		code   string
	}{
		"twins":             {named, byName, item("2", parted), "block-names-twins"},
		"twins, both named": {named, append(Keys{NewKey(KeyName, parted)}, byName...), item("2", parted), "block-names-twins"},
		"one name":          {named, byName, item("2", composed), ""},
		"named by its id":   {named, append(Keys{NewKey(KeyID, "2")}, byName...), item("2", parted), ""},
		"all items":         {all, nil, item("2", parted), ""},
	} {
		p := NewPicker([]Rule{{Name: "m", Kind: identity.KindGroup, Where: c.where, Keys: c.keys}},
			[]Skip{{Name: "s", Kind: identity.KindGroup, Where: c.where, Keys: c.keys}})
		m := NewMapper([]Map{{Name: "x", Kind: identity.KindGroup, Where: c.where, Keys: c.keys,
			Set: func(identity.Item) (map[string]any, error) { return map[string]any{}, nil }}}, nil)
		for i, each := range []identity.Item{item("1", composed), item("1", composed), c.second} {
			want := ""
			if i == 2 {
				want = c.code
			}
			rule, ofRule := p.Merge(each)
			skip, ofSkip := p.Skip(each)
			_, _, ofMap := m.Apply(each)
			for what, got := range map[string]string{"merge": codesOf(ofRule), "skip": codesOf(ofSkip), "map": codesOf(ofMap)} {
				if got != want {
					t.Errorf("%s, %s, item %d: %q, not %q", name, what, i, got, want)
				}
			}
			if (rule == nil) != (want != "") || (skip == nil) != (want != "") {
				t.Errorf("%s, item %d: %v %v", name, i, rule, skip)
			}
		}
	}
}

func codesOf(list diag.List) string {
	codes := ""
	for _, d := range list {
		codes += d.Code
	}
	return codes
}
