package casetest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
)

// Row is what a case must give: sentences, and beginnings or parts of sentences, that are said of an item, of the whole
// plan or of a list that was not read. One that begins with "not: " must not be said.
//
// An item is named by its kind and its name, or its id where several have the name.
type Row struct {
	Items map[string][]string
	Plan  []string
	Gaps  []string

	Answer   string              // blocks that somebody writes who follows the to-dos
	Answered map[string][]string // what is said of items afterwards

	Then func(t *testing.T, place *projecttest.Place, judged *Judged) // what words do not hold
	// Elsewhere names the test that holds the case, where it is no tenant.
	Elsewhere string
}

// Walk holds every folder of cases against its row. A folder without a row, and a row without a folder, fail: a new
// case is not forgotten.
func Walk(t *testing.T, root string, rows map[string]Row,
	open func(t *testing.T, folder string) *projecttest.Place) {
	t.Helper()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	missing := maps.Clone(rows)
	for _, entry := range entries {
		name := entry.Name()
		delete(missing, name)
		t.Run(name, func(t *testing.T) {
			row, known := rows[name]
			if !known {
				t.Fatal("no row says what this case must give")
			}
			if row.Elsewhere != "" {
				t.Skip("held by " + row.Elsewhere)
			}
			row.Check(t, open(t, filepath.Join(root, name)))
		})
	}
	for name := range missing {
		t.Errorf("there is a row for %s, and no such case", name)
	}
}

// Check holds what becomes of the place against the row.
func (r Row) Check(t *testing.T, place *projecttest.Place) {
	t.Helper()
	judged := Judge(t, place)
	judged.check(t, r.Items)
	check(t, "the plan", judged.PlanText(), r.Plan)
	var gaps strings.Builder
	for _, gap := range judged.Gaps {
		fmt.Fprintf(&gaps, "%s, %s: %s %s\n", gap.Kind, gap.Cause, gap.Reason, gap.Permission)
	}
	check(t, "what was not read", gaps.String(), r.Gaps)
	if r.Answer != "" {
		place.Write("answer.rehome.hcl", r.Answer)
		Judge(t, place).check(t, r.Answered)
	}
	if r.Then != nil {
		r.Then(t, place, judged)
	}
}

func (j *Judged) check(t *testing.T, wanted map[string][]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		one, found := j.Find(name)
		if !found {
			t.Errorf("there is no %s; there are %s", name, j.names())
			continue
		}
		check(t, name, j.Text(one), wanted[name])
	}
}

func check(t *testing.T, what, text string, wanted []string) {
	t.Helper()
	failed := false
	for _, want := range wanted {
		unwanted, isNot := strings.CutPrefix(want, "not: ")
		if strings.Contains(text, unwanted) == isNot {
			t.Errorf("%s: want %q", what, want)
			failed = true
		}
	}
	if failed {
		t.Logf("of %s is said:\n%s", what, text)
	}
}

// Find finds an item by "kind/name" or "kind/id".
func (j *Judged) Find(name string) (draft.AssessedItem, bool) {
	kind, rest, _ := strings.Cut(name, "/")
	for _, one := range j.Items {
		if string(one.Item.Kind) == kind && (one.Item.ID == rest || one.Item.Name == rest) {
			return one, true
		}
	}
	return draft.AssessedItem{}, false
}

func (j *Judged) names() string {
	names := make([]string, 0, len(j.Items))
	for _, one := range j.Items {
		names = append(names, string(one.Item.Kind)+"/"+one.Item.Name)
	}
	return strings.Join(names, ", ")
}

// PlanText is what a plan says as a whole: each step, each impact, what blocks it and what it warns of.
func (j *Judged) PlanText() string {
	var text strings.Builder
	for _, step := range j.Plan.Steps {
		fmt.Fprintf(&text, "%s %s: %s %s\n", step.Action, step.ID, step.Disposition, step.Reason)
		if step.ToDo != "" {
			fmt.Fprintf(&text, "  to do: %s\n", step.ToDo)
		}
	}
	for _, impact := range j.Plan.Impacts {
		fmt.Fprintf(&text, "impact %s, %s, %s: %s\n", impact.Code, impact.Audience, impact.Severity, impact.Summary)
	}
	for _, overlap := range j.Plan.Overlaps {
		fmt.Fprintf(&text, "overlap of %+v\n", overlap)
	}
	for _, blocker := range j.Plan.Handoff.Blockers {
		fmt.Fprintf(&text, "blocker %s: %s %v\n", blocker.Code, blocker.Summary, blocker.Items)
	}
	for _, warning := range j.Plan.Warnings {
		fmt.Fprintf(&text, "warning %s\n", warning.Detail)
	}
	return text.String()
}
