package attesting

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rehome-iam/rehome/engine/changes"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

// newestRecord is the newest look at the target's own record of a run, nil where nobody looked.
func newestRecord(all []state.Verification, run string) (json.RawMessage, string) {
	for _, v := range all { // newest first
		if v.Kind == state.VerifiedEvents && slices.Contains(v.Runs, run) {
			return v.Findings, v.ID
		}
	}
	return nil, ""
}

// recordShown is the newest look at the target's own record of the run as the bundle shows it, nil where nobody looked.
// The verdict is that of the plan as it is shown, which is what a stranger can come to.
func recordShown(all []state.Verification, mask *bundleMask, shown *plan.Plan, run state.Run,
) (*evidence.Changes, error) {
	findings, id := newestRecord(all, run.ID)
	if findings == nil {
		return nil, nil
	}
	found, err := mask.recorded(findings)
	if err != nil {
		return nil, fmt.Errorf("reading verification %s: %w", id, err)
	}
	found.Verdict, err = changes.Check(shown, changes.RunOf(mask.run(run)), found.Record)
	return &found, err
}
