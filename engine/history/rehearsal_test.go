package history

import "testing"

func TestRehearsal_PassesOnlyWithoutFailuresAndDifferences(t *testing.T) {
	if !(Rehearsal{Parts: []RehearsalPart{{Name: PartApply}}}).Passed() {
		t.Error("a clean rehearsal did not pass")
	}
	failed := Rehearsal{Parts: []RehearsalPart{{Failures: []RehearsalFailure{{}}}}}
	if (Rehearsal{Differences: []RehearsalDifference{{}}}).Passed() || failed.Passed() {
		t.Error("a failed rehearsal passed")
	}
}
