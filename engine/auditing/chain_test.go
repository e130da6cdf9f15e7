package auditing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/state"
)

func TestRule_ListsThisTenantAndTheWholeState(t *testing.T) {
	since := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	rule := Rule{Since: since, Name: "migration.run"}
	for _, c := range []struct {
		name, tenant string
		at           time.Time
		want         bool
	}{
		{"migration.run.started", "acme", since, true},
		{"migration.run", "", since.Add(time.Hour), true},
		{"migration.run.started", "beta", since, false},
		{"migration.run.started", "acme", since.Add(-time.Nanosecond), false},
		{"migration.plan", "acme", since, false},
	} {
		if got := rule.lists(audit.Event{Name: audit.Name(c.name), Tenant: c.tenant, At: c.at}, "acme"); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

func TestNewest_HoldsTheLastInTheirOrder(t *testing.T) {
	for most, want := range map[int]string{1: "5", 3: "3 4 5", 5: "1 2 3 4 5", 9: "1 2 3 4 5"} {
		last := &newest{most: most}
		for i := range 5 {
			last.add(state.AuditRecord{Sequence: i + 1})
		}
		var got []string
		err := last.each(func(r state.AuditRecord) error {
			got = append(got, fmt.Sprint(r.Sequence))
			return nil
		})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("newest %d: %q, %v", most, got, err)
		}
	}
}

func TestAuditError_SaysWhatToDo(t *testing.T) {
	broken := fmt.Errorf("walking: %w", &audit.BrokenError{Sequence: 6, Reason: "it is missing"})
	for want, err := range map[string]error{
		"Record 6 does not fit: it is missing.": broken, "a backup that holds the checkpoint": &audit.CutError{},
		"else": fmt.Errorf("else"),
	} {
		if got := auditError(err).Error(); !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	if auditError(nil) != nil {
		t.Error("a whole chain is refused")
	}
}
