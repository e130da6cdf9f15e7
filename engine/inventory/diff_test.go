package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rehome-iam/rehome/engine/identity"
)

func app(id, name, attributes string) identity.Item {
	return identity.Item{Kind: identity.KindApplication, ID: id, Name: name, Attributes: json.RawMessage(attributes)}
}

func of(items ...identity.Item) iter.Seq2[identity.Item, error] {
	return func(yield func(identity.Item, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func changes(t *testing.T, before, after iter.Seq2[identity.Item, error]) []Change {
	t.Helper()
	var all []Change
	for change, err := range Diff(before, after) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, change)
	}
	return all
}

func TestDiff_NamesEachItemAndEachFieldThatDiffers(t *testing.T) {
	group := identity.Item{Kind: identity.KindGroup, ID: "z", Name: "Eng"}
	before := of(group,
		app("1", "Payroll", `{"status":"active","redirect_uris":["a","b"],"n":1}`),
		app("2", "Wiki", `{"scopes":["x","y"]}`),
		app("3", "Gone", `{}`))
	moved := app("1", "Payroll EU", `{"n":1,"redirect_uris":["a","c"],"status":"active","new_field":""}`)
	moved.Page, moved.Raw, moved.Version = 7, json.RawMessage(`{}`), 2
	after := of(group, app("0", "New", `{}`), moved, app("2", "Wiki", `{"scopes":["y","x"]}`))
	want := []Change{
		{Type: Added, Kind: identity.KindApplication, ID: "0", Name: "New"},
		{Type: Changed, Kind: identity.KindApplication, ID: "1", Name: "Payroll EU", Fields: []FieldChange{
			{Field: "(name)", Before: json.RawMessage(`"Payroll"`), After: json.RawMessage(`"Payroll EU"`)},
			{Field: "redirect_uris", Before: json.RawMessage(`["a","b"]`), After: json.RawMessage(`["a","c"]`)},
		}},
		{Type: Changed, Kind: identity.KindApplication, ID: "2", Name: "Wiki", Fields: []FieldChange{
			{Field: "scopes", Before: json.RawMessage(`["x","y"]`), After: json.RawMessage(`["y","x"]`), OrderOnly: true},
		}},
		{Type: Removed, Kind: identity.KindApplication, ID: "3", Name: "Gone"},
	}
	got := changes(t, before, after)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Change{}, "Before", "After")); diff != "" {
		t.Error(diff)
	}
	tally := Tally{}
	for _, change := range got {
		tally.Add(change)
	}
	if tally.Total() != 4 || tally.Total(Changed) != 2 {
		t.Errorf("tally %v", tally)
	}
}

func TestDiffItem_KnowsWhatSaysNothing(t *testing.T) {
	for _, c := range []struct {
		name, before, after string
		want                int
	}{
		{"null and none", `{"name":null}`, `{"name":""}`, 0},
		{"a list of none where there was none", `{"scopes":[]}`, `{"scopes":null}`, 0},
		{"a version of the kind that did not know the flag", `{}`, `{"enabled":false,"n":0}`, 0},
		{"a flag that was null", `{"enabled":null}`, `{"enabled":false}`, 1},
		{"null where it has a meaning of its own", `{"post_logout_redirect_uris":null}`,
			`{"post_logout_redirect_uris":[]}`, 1},
		{"numbers in two spellings", `{"n":1.0}`, `{"n":1}`, 0},
		{"no attributes at all", `null`, `{"name":""}`, 0},
	} {
		got, err := DiffItem(app("1", "", c.before), app("1", "", c.after))
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %+v %v", c.name, got, err)
		}
	}
}

func TestDiff_KindsComeInTheOrderOfTheModelAndNotOfTheAlphabet(t *testing.T) {
	domain := identity.Item{Kind: identity.KindDomain, ID: "9"}
	user := identity.Item{Kind: identity.KindUser, ID: "1"}
	got := changes(t, of(domain, app("5", "", `{}`), user), of(app("5", "", `{}`)))
	if len(got) != 2 || got[0].Kind != identity.KindDomain || got[1].Kind != identity.KindUser {
		t.Errorf("%+v", got)
	}
}

func TestDiff_WhatIsNotAttributeCountsToo(t *testing.T) {
	before := app("1", "a", `{}`)
	after := app("1", "a", `{}`)
	after.Deleted, after.Gaps = true, []string{"members"}
	after.References = []identity.Reference{{Role: "group", Kind: identity.KindGroup, ID: "g"}}
	after.Secrets = []identity.SecretField{{Field: "client_secret"}}
	fields, err := DiffItem(before, after)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.Field)
	}
	if diff := cmp.Diff([]string{"(deleted)", "(gaps)", "(references)", "(secrets)"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestDiff_ANewNameIsToldOnce(t *testing.T) {
	fields, err := DiffItem(app("1", "Wiki", `{"name":"Wiki"}`), app("1", "Wikis", `{"name":"Wikis"}`))
	if err != nil || len(fields) != 1 || fields[0].Field != "name" {
		t.Errorf("%+v, %v", fields, err)
	}
	member := identity.Item{Kind: identity.KindMembership, ID: "g:u", Name: "ana@old.example"}
	renamed := member
	renamed.Name = "ana@new.example"
	if fields, err := DiffItem(member, renamed); err != nil || len(fields) > 0 {
		t.Errorf("a membership changed with the name of its member: %+v, %v", fields, err)
	}
}

func TestDiff_RefusesWhatIsNotSortedOrDoesNotRead(t *testing.T) {
	broken := errors.New("disk")
	cases := map[string]iter.Seq2[identity.Item, error]{
		"out of order":       of(app("2", "", `{}`), app("1", "", `{}`)),
		"twice":              of(app("1", "", `{}`), app("1", "", `{}`)),
		"kinds out of order": of(identity.Item{Kind: identity.KindUser, ID: "1"}, app("1", "", `{}`)),
		"an error":           func(yield func(identity.Item, error) bool) { yield(identity.Item{}, broken) },
		"no JSON":            of(app("1", "", `{"a":`)),
	}
	for name, items := range cases {
		t.Run(name, func(t *testing.T) {
			failed := false
			for _, err := range Diff(of(app("1", "", `{}`)), items) {
				failed = failed || err != nil
			}
			if !failed {
				t.Error("no error")
			}
		})
	}
}

func TestDiff_HoldsOneItemOfEachSideWhateverTheirNumber(t *testing.T) {
	many := func(total, except int) iter.Seq2[identity.Item, error] {
		return func(yield func(identity.Item, error) bool) {
			for n := range total {
				if n == except {
					continue
				}
				attributes := fmt.Sprintf(`{"n":%d,"text":%q}`, n, strings.Repeat("x", 1000))
				if !yield(identity.Item{Kind: identity.KindUser, ID: fmt.Sprintf("%09d", n),
					Attributes: json.RawMessage(attributes)}, nil) {
					return
				}
			}
		}
	}
	var start, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&start)
	found, peak := 0, uint64(0)
	next := 0
	after := func(yield func(identity.Item, error) bool) {
		for item, err := range many(50_000, 40_000) {
			if next++; next%10_000 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
			if !yield(item, err) {
				return
			}
		}
	}
	for range Diff(many(50_000, 7), after) {
		found++
	}
	if found != 2 {
		t.Errorf("%d changes, want 2", found)
	}
	if grown := int64(peak) - int64(start.HeapAlloc); grown > 4<<20 {
		t.Errorf("the heap grew by %d bytes over 50,000 items of a kilobyte", grown)
	}
}

func TestDiffGaps_TellsWhatCannotBeReadAnyMore(t *testing.T) {
	groups := identity.Gap{Kind: identity.KindGroup, Path: "/groups", Status: 403}
	roles := identity.Gap{Kind: identity.KindRole, Path: "/roles", Status: 403}
	opened, closed := DiffGaps([]identity.Gap{groups}, []identity.Gap{roles})
	if diff := cmp.Diff([][]identity.Gap{{roles}, {groups}}, [][]identity.Gap{opened, closed}); diff != "" {
		t.Error(diff)
	}
}

func FuzzDiffItem(f *testing.F) {
	f.Add(`{"a":1}`, `{"a":[1,2]}`)
	f.Add(`{"a":{"b":null}}`, `null`)
	f.Add(``, `{"a":""}`)
	f.Fuzz(func(t *testing.T, before, after string) {
		fields, err := DiffItem(app("1", "", before), app("1", "", after))
		if err != nil {
			return
		}
		same, err := DiffItem(app("1", "", after), app("1", "", before))
		if err != nil || len(fields) != len(same) {
			t.Errorf("%q to %q: %d fields one way, %d the other (%v)", before, after, len(fields), len(same), err)
		}
	})
}
