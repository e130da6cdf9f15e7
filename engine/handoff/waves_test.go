package handoff_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/plan"
)

func TestMissingWaves_NamesWhatMustComeBefore(t *testing.T) {
	for name, c := range map[string]struct{ before, applied, want []string }{
		"the first wave waits for none":       {nil, nil, nil},
		"one that was applied":                {[]string{"pilot"}, []string{"pilot"}, nil},
		"one of two":                          {[]string{"pilot", "finance"}, []string{"pilot"}, []string{"finance"}},
		"both, sorted":                        {[]string{"pilot", "finance"}, nil, []string{"finance", "pilot"}},
		"the whole was applied, not the wave": {[]string{"pilot"}, []string{""}, []string{"pilot"}},
	} {
		if got := handoff.MissingWaves(c.before, c.applied); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, wanted %q", name, got, c.want)
		}
	}
}

func TestEndsAt_IsNotLaterThanTheFirstStaleSnapshot(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	ages := declaration.Ages{Structure: 24 * time.Hour, People: time.Hour}
	of := func(completed ...time.Duration) *plan.Plan {
		p := &plan.Plan{}
		for _, before := range completed {
			p.Snapshots = append(p.Snapshots, plan.Snapshot{CompletedAt: now.Add(-before).Format(time.RFC3339)})
		}
		return p
	}
	for name, c := range map[string]struct {
		plan *plan.Plan
		want time.Duration
	}{
		"no snapshot":             {of(), 12 * time.Hour},
		"a fresh one":             {of(time.Hour), 12 * time.Hour},
		"an old one":              {of(20 * time.Hour), 4 * time.Hour},
		"the older of two counts": {of(time.Hour, 23*time.Hour), time.Hour},
		"one that is too old":     {of(25 * time.Hour), -time.Hour},
		"both end at once":        {of(12 * time.Hour), 12 * time.Hour},
	} {
		if got := handoff.EndsAt(c.plan, ages, now, 12*time.Hour); got != now.Add(c.want) {
			t.Errorf("%s: ends at %s, wanted %s", name, got, now.Add(c.want))
		}
	}
}
