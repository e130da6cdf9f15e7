package handoff_test

import (
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/handoff"
)

func TestApproval_IsOfWhoeverPlannedAndAppliedLast(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var a handoff.Approval
	for i, event := range []audit.Event{
		{Name: audit.PlanPreviewed, Actor: "ann"}, {Name: audit.PlanPreviewed, Actor: "ben"},
		{Name: audit.PlanApplying, Actor: "cy"}, {Name: audit.PlanApplied, Actor: "dee"},
		{Name: audit.PlanCreated, Actor: "eve"},
	} {
		event.At = at.Add(time.Duration(i) * time.Hour)
		a.Note(event)
	}
	want := handoff.Approval{
		PreviewedBy: "ben", PreviewedAt: "2026-11-22T10:00:00Z", AppliedBy: "dee", AppliedAt: "2026-11-22T12:00:00Z",
	}
	if a != want {
		t.Errorf("%+v", a)
	}
}
