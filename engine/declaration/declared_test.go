package declaration_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/declaration"
)

func TestChanges_NameTheArgumentsThatDiffer(t *testing.T) {
	before := declaration.Declared{Rollback: &declaration.Rollback{Summary: "s", Steps: []string{"a"}}}
	after := declaration.Declared{RecordedBy: "somebody", Rollback: &declaration.Rollback{Summary: "s",
		Steps: []string{"a", "b"}},
		Evidence: &declaration.Evidence{Reference: "CHG-1"}}
	want := []declaration.Change{
		{Field: "rollback.steps", Before: "a", After: "a\nb"}, {Field: "evidence.communications_complete", After: "false"},
		{Field: "evidence.reference", After: "CHG-1"},
		{Field: "evidence.follow_up_reviewed", After: "false"}, {Field: "evidence.incumbent_logs_exported", After: "false"},
	}
	if diff := cmp.Diff(want, declaration.Changes(before, after)); diff != "" {
		t.Error(diff)
	}
	if changes := declaration.Changes(after, after); len(changes) != 0 {
		t.Errorf("%v", changes)
	}
}
