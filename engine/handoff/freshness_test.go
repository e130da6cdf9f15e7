package handoff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

func planOf(kind identity.Kind, action plan.Action, completed string) *plan.Plan {
	return &plan.Plan{
		Snapshots: []plan.Snapshot{{Source: "okta.corp", CompletedAt: completed}},
		Steps: []plan.Step{{ID: "s", Action: action, Disposition: plan.DispositionPlanned,
			Items: []merge.ItemName{{Kind: kind}}}},
	}
}

func TestStale_PeopleNeedAFresherSnapshotOnlyWhereTheyMove(t *testing.T) {
	ages := declaration.Ages{Structure: 24 * time.Hour, People: time.Hour}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		plan  *plan.Plan
		stale string
	}{
		"structure of two hours": {planOf(identity.KindGroup, plan.ActionCreate,
			"2026-11-22T10:00:00Z"), ""},
		"structure of exactly a day": {planOf(identity.KindGroup, plan.ActionCreate,
			"2026-11-21T12:00:00Z"), ""},
		"structure of more than a day": {planOf(identity.KindGroup, plan.ActionCreate, "2026-11-21T11:59:00Z"),
			"24h1m0s old, allowed are 24h0m0s"},
		"people who move, two hours": {planOf(identity.KindUser, plan.ActionCreate, "2026-11-22T10:00:00Z"),
			"because people move"},
		"people who are only counted":             {planOf(identity.KindUser, plan.ActionNone, "2026-11-22T10:00:00Z"), ""},
		"people who move, half an hour":           {planOf(identity.KindUser, plan.ActionUpdate, "2026-11-22T11:30:00Z"), ""},
		"a time that does not read is too old":    {planOf(identity.KindGroup, plan.ActionCreate, "yesterday"), "no time"},
		"a plan without snapshots is never stale": {&plan.Plan{}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(handoff.Stale(c.plan, ages, now), "\n")
			if (c.stale == "") != (got == "") || !strings.Contains(got, c.stale) {
				t.Errorf("wanted %q, got %q", c.stale, got)
			}
		})
	}
}

func TestStaleAt_IsTheEndOfTheFirstSnapshot(t *testing.T) {
	p := planOf(identity.KindGroup, plan.ActionCreate, "2026-11-22T10:00:00Z")
	p.Snapshots = append(p.Snapshots, plan.Snapshot{Source: "entra.hq", CompletedAt: "2026-11-22T09:00:00Z"})
	want := time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC)
	if got := handoff.StaleAt(p, declaration.Ages{Structure: 10 * time.Hour, People: time.Hour}); !got.Equal(want) {
		t.Errorf("wanted %s, got %s", want, got)
	}
	if got := handoff.StaleAt(&plan.Plan{}, declaration.Ages{}); !got.IsZero() {
		t.Errorf("a plan without snapshots ends at %s", got)
	}
}
