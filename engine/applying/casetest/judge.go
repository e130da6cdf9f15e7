package casetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/providers/sdk"
)

// Root is where the cases of an incumbent stand, beside the repository. The test is skipped where they do not: a
// clone has none of them.
func Root(t testing.TB, incumbent string) string {
	t.Helper()
	root := filepath.Join("..", "..", "..", "shared", "cases", incumbent)
	if _, err := os.Stat(root); err != nil {
		t.Skip("the cases are not beside the repository")
	}
	return root
}

// Place makes a project whose one source is a provider with the given connection, and whose target is a realm file.
func Place(t testing.TB, provider string, source func() sdk.Source, connection map[string]string) *projecttest.Place {
	t.Helper()
	place := projecttest.New(t, "acme")
	place.Local[provider] = sdk.LocalSource(source)
	var block strings.Builder
	fmt.Fprintf(&block, "source %q \"corp\" {\n", provider)
	for _, name := range slices.Sorted(maps.Keys(connection)) {
		fmt.Fprintf(&block, "  %s = %q\n", name, connection[name])
	}
	block.WriteString("}\n")
	place.Write("main.rehome.hcl", strings.NewReplacer("source \"fake\" \"corp\" {}\n", block.String(), "TENANT", "acme",
		"REALM", place.Realm).Replace(projecttest.Configuration))
	return place
}

// Judged is a tenant after its plan was made.
type Judged struct {
	Items []draft.AssessedItem
	Plan  *plan.Plan
	Gaps  []identity.Gap
}

// Judge reads the tenant anew and plans its move.
func Judge(t testing.TB, place *projecttest.Place) *Judged {
	t.Helper()
	p := place.Open()
	report, err := planning.Plan(t.Context(), p, planning.Input{Refresh: true}, "")
	if err != nil {
		t.Fatal(err)
	}
	judged := &Judged{Plan: report.Plan}
	for _, snapshot := range report.Collected {
		judged.Gaps = append(judged.Gaps, snapshot.Gaps...)
		judged.Items = append(judged.Items, assessed(t, p, snapshot.ID)...)
	}
	return judged
}

func assessed(t testing.TB, p *project.Project, snapshot string) []draft.AssessedItem {
	t.Helper()
	found, err := reading.FindSnapshot(t.Context(), p, snapshot, "")
	if err != nil {
		t.Fatal(err)
	}
	target, _, err := p.Target(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	var items []draft.AssessedItem
	err = reading.Translated(t.Context(), p, target, found, identity.Kinds(), func(batch []draft.AssessedItem) error {
		items = append(items, batch...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// Text is all that is said of an item, and what becomes of it: its class, reason, to-do, notes, impacts, resources and
// the steps of the plan that are about it.
func (j *Judged) Text(one draft.AssessedItem) string {
	var text strings.Builder
	r := one.Result
	fmt.Fprintf(&text, "%s %q is %s\nreason: %s\n", one.Item.Address(), one.Item.Name, r.Class, r.Rationale)
	if r.ToDo != "" {
		fmt.Fprintf(&text, "to do: %s\n", r.ToDo)
	}
	for _, missing := range r.Missing {
		fmt.Fprintf(&text, "missing: %s\n", missing)
	}
	for _, f := range one.Translation.Findings {
		fmt.Fprintf(&text, "finding %s %s: %s", f.Type, f.Field, f.Summary)
		for _, part := range []string{string(f.Direction), string(f.Severity), f.ImpactCode} {
			if part != "" {
				fmt.Fprintf(&text, ", %s", part)
			}
		}
		if f.Compensated != "" {
			fmt.Fprintf(&text, " (made up for by %s)", f.Compensated)
		}
		text.WriteByte('\n')
	}
	for _, resource := range one.Translation.Resources {
		encoded, _ := json.Marshal(resource.Attributes)
		fmt.Fprintf(&text, "resource %s %s\n", resource.ID(), encoded)
	}
	for _, step := range j.Plan.Steps {
		if slices.ContainsFunc(step.Items, func(name merge.ItemName) bool {
			return name.Source == one.Item.Source && name.Kind == one.Item.Kind && name.ID == one.Item.ID
		}) {
			fmt.Fprintf(&text, "step %s %s: %s %s\n", step.Action, step.ID, step.Disposition, step.Reason)
		}
	}
	return text.String()
}
