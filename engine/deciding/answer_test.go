package deciding

import (
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

func group(key string, item string) merge.Candidate {
	return merge.Candidate{Resource: identity.ResourceID{Type: "group", Key: key}, Item: item}
}

func TestAnswer_FitsOrIsAskedAgain(t *testing.T) {
	all := []string{"map_to_existing", "create_new", "reconcile", "skip"}
	o := merge.Overlap{Decisions: all, Matches: []merge.Candidate{group("/a", ""), group("/b", "other.corp/group/1"),
		group("/c", "")}}
	alone := merge.Overlap{Decisions: []string{"create_new", "skip"}}
	for _, c := range []struct {
		overlap merge.Overlap
		text    string
		want    draft.Proposal
		fits    bool
	}{
		{o, "", draft.Proposal{}, true},
		{o, "s", draft.Proposal{Decision: "skip"}, true},
		{o, "c", draft.Proposal{Decision: "create_new"}, true},
		{o, "1", draft.Proposal{Decision: "map_to_existing", Target: "group:/a"}, true},
		{o, "2", draft.Proposal{Decision: "map_to_existing", Target: "group:/b"}, true},
		{o, "3", draft.Proposal{Decision: "map_to_existing", Target: "group:/c"}, true},
		{o, "0", draft.Proposal{}, false},
		{o, "4", draft.Proposal{}, false},
		{o, "-1", draft.Proposal{}, false},
		{o, "one", draft.Proposal{}, false},
		{o, "r", draft.Proposal{Decision: "reconcile", Target: "group:/a"}, true},
		{o, "r 3", draft.Proposal{Decision: "reconcile", Target: "group:/c"}, true},
		{o, "r2", draft.Proposal{}, false}, // it does not live yet
		{o, "r 9", draft.Proposal{}, false},
		{alone, "c", draft.Proposal{Decision: "create_new"}, true},
		{alone, "1", draft.Proposal{}, false},
		{alone, "r", draft.Proposal{}, false},
		{merge.Overlap{Decisions: []string{"skip"}, Matches: o.Matches}, "c", draft.Proposal{}, false},
		{merge.Overlap{Decisions: []string{"skip"}, Matches: o.Matches}, "1", draft.Proposal{}, false},
		{merge.Overlap{Decisions: []string{"skip"}, Matches: o.Matches}, "r 1", draft.Proposal{}, false},
	} {
		got, fits := answer(c.overlap, c.text)
		if fits != c.fits || fits && (got.Decision != c.want.Decision || got.Target != c.want.Target) {
			t.Errorf("%q: %+v, %t", c.text, got, fits)
		}
	}
	for text, want := range map[string][]string{"": {}, " , ": {}, "a": {"a"}, " a ,b,": {"a", "b"}} {
		if got := commaSeparated(text); !slices.Equal(got, want) || got == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestQuestion_OffersWhatMayBe(t *testing.T) {
	for _, c := range []struct {
		decisions []string
		want      string
	}{
		{[]string{"skip"}, "s skips, Enter leaves it open, q ends: "},
		{[]string{"create_new"}, "c creates a new one, s skips, "},
		{[]string{"map_to_existing", "reconcile"}, "a number maps to it, r and a number reconciles with it, s skips, "},
	} {
		if got := question(merge.Overlap{Decisions: c.decisions}); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q: %q", c.decisions, got)
		}
	}
}

func TestMergeBlocks_MeanOneItemAndHaveNamesOfTheirOwn(t *testing.T) {
	name := func(kind identity.Kind, id, name string) merge.ItemName {
		return merge.ItemName{Source: "fake.corp", Kind: kind, ID: id, Name: name}
	}
	finance, twin, other := name("group", "g1", "Finance & Co."), name("group", "g2", "Sales"), name("group", "g3",
		"Sales")
	assigned, nameless := name(identity.KindAppAssignment, "a1", "Wiki -> Sales"), name("group", "g4", "")
	of := &plan.Plan{Steps: []plan.Step{{Items: []merge.ItemName{finance, twin, other, assigned, nameless}}}}
	var made []decision
	for _, item := range []merge.ItemName{finance, twin, other, assigned, nameless} {
		made = append(made, decision{merge.Overlap{Item: item}, draft.Proposal{Decision: "skip"}})
	}
	rules := []merge.Rule{{Kind: "group", Name: "finance-co"}, {Kind: "application", Name: "sales"}}
	var got []string
	for _, b := range mergeBlocks(rules, of, made) {
		got = append(got, strings.Join([]string{b.Kind, b.Name, b.Field, b.Value, b.Source, b.Decision}, "|"))
	}
	want := []string{
		"group|finance-co-2|name|Finance & Co.||skip", "group|sales|id|g2|fake.corp|skip",
		"group|sales-2|id|g3|fake.corp|skip",
		"app_assignment|wiki-sales|id|a1|fake.corp|skip", "group|item|id|g4|fake.corp|skip",
	}
	if !slices.Equal(got, want) {
		t.Errorf("made\n%s\nwanted\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestUnknown_SaysWhatBecameOfAnImpact(t *testing.T) {
	row := func(id, code string, current bool) lifecycle.ImpactRow {
		return lifecycle.ImpactRow{Impact: fidelity.Impact{ID: id, Code: code}, Current: current}
	}
	rows := []lifecycle.ImpactRow{row("ocm-1", "a", true), row("ocm-2", "b", false), row("ocm-3", "a", false)}
	for id, want := range map[string]string{
		"ocm-1": "", "ocm-2": "does not find the impact ocm-2 any more", "ocm-3": "changed and has a new id: ocm-1",
		"ocm-4": "found no impact \"ocm-4\"; it found ocm-1",
	} {
		err := unknown([]string{id}, rows).Err()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if err := unknown([]string{"ocm-1"}, nil).Err(); err == nil ||
		!strings.Contains(err.Error(), "No plan of this migration") {
		t.Errorf("without a plan: %v", err)
	}
}
