package view_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/history"
)

func TestPlans_SayWhichMayStillBeApplied(t *testing.T) {
	now := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	var b strings.Builder
	err := view.Plans(&b, []history.PlanRecord{
		{Status: history.PlanDraft, CreatedAt: now, Blockers: []string{"impact", "decision"}},
		{Hash: "sha256:0123456789abcdef", Status: history.PlanPreviewed, CreatedAt: now, ExpiresAt: now.Add(time.Hour), Wave: "one"},
		{Hash: "sha256:fedcba9876543210", Status: history.PlanApplied, CreatedAt: now, ExpiresAt: now.Add(-1), Run: "r-1"},
	}, now)
	want := `HASH              STATUS     MADE                   GOOD UNTIL             WAVE  RUN  BLOCKERS
-                 draft      28 Nov 2026 08:00 UTC  -                      -     -    impact, decision
sha256:01234567…  previewed  28 Nov 2026 08:00 UTC  28 Nov 2026 09:00 UTC  one   -    -
sha256:fedcba98…  applied    28 Nov 2026 08:00 UTC  expired                -     r-1  -
`
	if diff := cmp.Diff(want, b.String()); err != nil || diff != "" {
		t.Errorf("error %v\n%s", err, diff)
	}
}
