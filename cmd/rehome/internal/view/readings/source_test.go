package readings_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/standing"
	"github.com/rehome-iam/rehome/state"
)

var now = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

func at(hour int) *time.Time {
	t := time.Date(2026, 11, 28, hour, 0, 0, 0, time.UTC)
	return &t
}

func TestSources_SayWhenEachWasRead(t *testing.T) {
	var b strings.Builder
	err := readings.Sources(&b, []standing.Source{
		{Source: "okta.corp", Status: "configured", LastInventory: at(6), Items: 12345, Gaps: 2},
		{Source: "okta.new", Status: "configured", Collecting: at(7)},
		{Source: "entra.hq", Status: "archived", LastInventory: at(5), LastFailure: "401"},
	}, now)
	want := `SOURCE     STATUS      LAST READ                                       ITEMS  GAPS
okta.corp  configured  2 hours ago                                    12,345     2
okta.new   configured  never, being read since 28 Nov 2026 07:00 UTC       0     0
entra.hq   archived    3 hours ago, failed since                           0     0
`
	if diff := cmp.Diff(want, b.String()); err != nil || diff != "" {
		t.Errorf("error %v\n%s", err, diff)
	}
}

func TestSource_ShowsHowItIsReachedAndTheFirstSnapshots(t *testing.T) {
	c := &standing.Connection{
		Source: standing.Source{Source: "okta.corp", Status: "configured", LastInventory: at(6), LastFailure: "to\x1bken"},
		File:   "main.rehome.hcl", Line: 7,
		Arguments: map[string]any{"org_url": "https://acme.example", "ca_file": ""}, Withheld: []string{"api_token"},
	}
	for range 7 {
		c.Snapshots = append(c.Snapshots, state.Snapshot{ID: "s-1", Status: "completed", CompletedAt: *at(6),
			Items: map[identity.Kind]int{identity.KindGroup: 3}})
	}
	c.Snapshots[0].CompletedAt, c.Snapshots[0].Status, c.Snapshots[0].StartedAt = time.Time{}, "failed", *at(7)
	var b strings.Builder
	err := readings.Source(&b, c, now)
	want := `Source    okta.corp   configured
Declared  main.rehome.hcl:7
Last read 2 hours ago, failed since
Failed    token

  ca_file    ""
  org_url    https://acme.example
  api_token  (set, and not shown)

Snapshot  s-1   failed   3 items, begun 28 Nov 2026 07:00 UTC
Snapshot  s-1   completed   3 items, 28 Nov 2026 06:00 UTC
Snapshot  s-1   completed   3 items, 28 Nov 2026 06:00 UTC
Snapshot  s-1   completed   3 items, 28 Nov 2026 06:00 UTC
Snapshot  s-1   completed   3 items, 28 Nov 2026 06:00 UTC
… and 2 snapshots; rehome snapshot list names them
`
	if diff := cmp.Diff(want, b.String()); err != nil || diff != "" {
		t.Errorf("error %v\n%s", err, diff)
	}
	b.Reset()
	if err := readings.Source(&b, &standing.Connection{}, now); err != nil ||
		!strings.Contains(b.String(), "Declared  no more: the configuration has no such block\n") {
		t.Errorf("error %v\n%s", err, b.String())
	}
}
