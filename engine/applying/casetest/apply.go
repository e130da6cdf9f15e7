package casetest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/engine/delivering"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/undoing"
)

// Apply accepts every impact of what was judged, and carries the plan out.
func Apply(t testing.TB, place *projecttest.Place, judged *Judged) {
	t.Helper()
	var blocks strings.Builder
	for _, impact := range judged.Plan.Impacts {
		fmt.Fprintf(&blocks, "acknowledge %q {\n  reason = \"test\"\n}\n", impact.ID)
	}
	place.Write("acknowledged.rehome.hcl", blocks.String())
	report, err := planning.Plan(t.Context(), place.Open(), planning.Input{}, "plan.rehome")
	if err != nil {
		t.Fatal(err)
	}
	if report.Draft() {
		t.Fatalf("the plan is a draft: %+v", report.Plan.Handoff.Blockers)
	}
	ran, err := applying.Apply(t.Context(), place.Open(), applying.Input{File: filepath.Join(place.Folder, "plan.rehome"),
		Hash: report.Plan.PlanHash, Workers: 1, Back: undoing.Way{}, Secrets: delivering.ForNobody()})
	if err != nil || ran.Undone() > 0 {
		t.Fatalf("the apply ended with %v, %+v", err, ran)
	}
}

// Doing lists the steps that change something.
func (j *Judged) Doing() []string {
	var steps []string
	for _, step := range j.Plan.Steps {
		if step.Disposition == plan.DispositionPlanned && step.Action != plan.ActionNone {
			steps = append(steps, string(step.Action)+" "+step.ID)
		}
	}
	return steps
}
