package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/changes"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

// kindEvents is the kind of a verification by the target's own record.
const kindEvents = "events"

// verifyEvents holds what the target recorded by itself against what a run says it did, and keeps both as evidence.
func verifyEvents(ctx context.Context, s *session, target *client.Target, o verifyOptions) error {
	kept, p, err := runToProve(s, o.run)
	if err != nil {
		return err
	}
	run := changesRun(kept)
	from, to := run.Window()
	report, err := target.Changes(ctx, from.UTC().Format(time.RFC3339Nano), to.UTC().Format(time.RFC3339Nano))
	if err != nil {
		return err
	}
	verdict, err := changes.Check(p, run, report)
	if err != nil {
		return err
	}
	if verdict.Silent {
		return diag.Errorf("changes-not-recorded", "Run is not recorded", "The target's record holds nothing of run %s (%s to %s), not even that it took the lease: it was not kept then, or was emptied since. "+
			"That does not mean that nothing was written. Turn the record on before the next apply.", kept.ID, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	digest, err := changes.Digest(report)
	if err != nil {
		return err
	}
	found := evidence.Changes{Verification: s.NewID("v"), At: s.env.now().UTC().Format(time.RFC3339), Digest: digest, Record: report, Verdict: verdict}
	if err := recordChanges(s, kept.ID, found); err != nil {
		return err
	}
	s.events.emit("changes", map[string]any{"format_version": eventFormat, "run": kept.ID, "verification": found.Verification, "digest": digest, "note": report.Note, "proven": verdict.Proven(), "verdict": verdict})
	if !s.global.json {
		err := view.Recorded(s.env.out, kept.ID, report, verdict, view.VerificationOptions{Style: s.env.style(s.global.noColor), Verbose: o.verbose, Automation: s.env.automation()})
		if err != nil {
			return err
		}
	}
	if !verdict.Proven() {
		return &statusError{status: exitError, quiet: true, err: errFinding}
	}
	return nil
}

// runToProve is the named run, or the latest, with its plan.
func runToProve(s *session, only string) (state.Run, *plan.Plan, error) {
	runs, err := s.store.Runs()
	if err != nil {
		return state.Run{}, nil, err
	}
	for _, head := range runs {
		if only != "" && head.ID != only {
			continue
		}
		whole, err := s.store.Run(head.ID)
		if err != nil {
			return whole, nil, err
		}
		p, err := s.store.Plan(whole.PlanHash)
		return whole, p, err
	}
	return state.Run{}, nil, diag.Errorf("run-unknown", "There is no such run", "The state knows no run %q. rehome run list names them.", only)
}

func changesRun(run state.Run) changes.Run {
	out := changes.Run{ID: run.ID, StartedAt: run.StartedAt, CompletedAt: run.CompletedAt, After: run.After, Before: run.Before, Steps: make([]changes.Line, 0, len(run.Steps))}
	for _, step := range run.Steps {
		out.Steps = append(out.Steps, changes.Line{StepID: step.StepID, Resource: step.Resource, ServerID: step.ServerID, Outcome: step.Outcome, At: step.At})
	}
	return out
}

// recordChanges keeps the record as evidence on the run; its digest goes into the audit chain.
func recordChanges(s *session, run string, found evidence.Changes) error {
	findings, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("encoding the verification: %w", err)
	}
	failed := len(found.Verdict.Missing) + len(found.Verdict.Unexplained)
	v := state.Verification{
		ID: found.Verification, At: s.env.now().UTC(), Kind: kindEvents, Runs: []string{run}, Changes: len(found.Verdict.Others), Findings: findings,
		Passed: found.Verdict.Recorded, Failed: failed, Unknown: len(found.Verdict.Uncovered),
	}
	facts := map[string]string{"kind": v.Kind, "run": run, "passed": fmt.Sprint(v.Passed), "failed": fmt.Sprint(v.Failed), "unknown": fmt.Sprint(v.Unknown),
		"changes": fmt.Sprint(v.Changes), evidence.FactDigest: found.Digest}
	return s.store.PutVerification(v, s.event(evidence.EventVerified, v.ID, facts))
}

// changes is the newest look at the target's own record of the run, nil where nobody looked. The verdict is that of the plan as it is
// shown, which is what a stranger can come to.
func (b *bundleMask) changes(store *state.Migration, shown *plan.Plan, run state.Run) (*evidence.Changes, error) {
	all, err := store.Verifications()
	if err != nil {
		return nil, err
	}
	for _, v := range all { // newest first
		if v.Kind != kindEvents || !slices.Contains(v.Runs, run.ID) {
			continue
		}
		found, err := b.recorded(v.Findings)
		if err != nil {
			return nil, fmt.Errorf("reading verification %s: %w", v.ID, err)
		}
		found.Verdict, err = changes.Check(shown, changesRun(b.run(run)), found.Record)
		return &found, err
	}
	return nil, nil
}

// recorded reads what was kept; a record that names people gets pseudonyms and is marked so.
func (b *bundleMask) recorded(findings json.RawMessage) (evidence.Changes, error) {
	var kept evidence.Changes
	if err := json.Unmarshal(findings, &kept); err != nil || b.masker == nil {
		return kept, err
	}
	var shown evidence.Changes
	if err := json.Unmarshal(b.masker.JSON(findings), &shown); err != nil {
		return kept, err
	}
	before, err := changes.Digest(kept.Record)
	if err != nil {
		return kept, err
	}
	after, err := changes.Digest(shown.Record)
	shown.Masked = before != after
	return shown, err
}
