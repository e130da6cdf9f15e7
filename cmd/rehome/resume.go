package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/state"
)

// resumed is what the journal says of a run that did not end. A nil one knows nothing.
type resumed struct {
	run     state.Run
	done    map[string]apply.Result // steps that need not be asked for again
	begun   map[string]bool         // every step whose requests may have left
	secrets []string                // files that earlier parts of the run were told to write secrets to
	pending map[string]bool         // begun, and the journal does not say what came of it
}

// known tells whether an earlier part of the run has done a step, or begun it.
func (r *resumed) known(stepID string) (done, begun bool) {
	if r == nil {
		return false, false
	}
	_, done = r.done[stepID]
	return done, r.begun[stepID]
}

// earlier is what preconditions need of it.
func (r *resumed) earlier() apply.Earlier {
	if r == nil {
		return apply.Earlier{}
	}
	done := map[string]bool{}
	for id := range r.done {
		done[id] = true
	}
	return apply.Earlier{Done: done, Begun: r.begun}
}

// unfinishedRun is the newest run when it carries out this plan and did not come to its end.
func unfinishedRun(store *state.Migration, hash string) (*state.Run, error) {
	runs, err := store.Runs()
	if err != nil || hash == "" || len(runs) == 0 || runs[0].PlanHash != hash {
		return nil, err
	}
	if runs[0].Status != "started" && runs[0].Status != "failed" {
		return nil, nil
	}
	return &runs[0], nil
}

func newResumed(run state.Run) *resumed {
	return &resumed{run: run, done: map[string]apply.Result{}, begun: map[string]bool{}, pending: map[string]bool{}}
}

// take reads one record of the journal.
func (r *resumed) take(record state.JournalRecord) error {
	switch {
	case record.Process != nil && record.Process.SecretsOut != "":
		r.secrets = append(r.secrets, record.Process.SecretsOut)
	case record.Intend != nil:
		r.begun[record.Intend.StepID], r.pending[record.Intend.StepID] = true, true
	case record.Outcome != nil:
		o := record.Outcome
		delete(r.pending, o.StepID)
		switch apply.Outcome(o.Outcome) {
		case apply.Applied, apply.Already:
			r.begun[o.StepID] = true
			r.done[o.StepID] = apply.Result{Outcome: apply.Already, ServerID: o.ServerID, Generated: o.Generated}
		case apply.Unknown:
			r.pending[o.StepID] = true
		case apply.Failed, apply.NotStarted:
		}
	}
	return nil
}

// openJournal opens the journal of a run that goes on, and tells what is known of it.
func openResumed(s *session, run state.Run) (*resumed, *state.Journal, error) {
	before := newResumed(run)
	folder, err := s.JournalFolder()
	if err != nil {
		return nil, nil, err
	}
	file, _, err := s.store.OpenJournal(state.JournalOptions{Folder: folder, Run: run.ID, Watch: s.env.journalWatch}, before.take)
	if err != nil {
		return nil, nil, err
	}
	known := "nothing was begun yet"
	if len(before.begun) > 0 {
		known = fmt.Sprintf("%s done, %d begun of which it is not known what came of them", view.Plural(len(before.done), "step", "steps"), len(before.pending))
	}
	s.say("Going on with run %s, which did not end: %s", run.ID, known)
	return before, file, nil
}

// givenBefore names the steps of a plan whose secrets were handed out by a run that came to its end. The journal says so, not the state.
func givenBefore(s *session, hash string) (map[string]bool, error) {
	runs, err := s.store.Runs()
	if err != nil {
		return nil, err
	}
	folder, err := s.JournalFolder()
	if err != nil {
		return nil, err
	}
	given := map[string]bool{}
	for _, run := range runs {
		if run.PlanHash != hash || run.Status == state.RunStarted || run.Status == state.RunFailed {
			continue
		}
		err := s.store.ReadJournal(folder, run.ID, func(r state.JournalRecord) error {
			if r.Outcome != nil && len(r.Outcome.Generated) > 0 {
				given[r.Outcome.StepID] = true
			}
			return nil
		})
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return nil, err
		}
	}
	return given, nil
}

// takeRescue puts the records of a rescue file into the journal that had refused them.
func takeRescue(s *session, path string, before *resumed, file *state.Journal) error {
	process, records, err := s.store.ReadRescue(path)
	if err != nil {
		return err
	}
	if before == nil || process.Run != before.run.ID {
		return diag.Errorf("rescue-other-run", "Rescue file is of another run", "%s belongs to run %s of plan %s. Apply that plan with it.", path, process.Run, process.PlanHash)
	}
	var missing []state.JournalRecord
	for _, record := range records {
		if record.Outcome != nil && before.pending[record.Outcome.StepID] {
			missing = append(missing, record)
		}
	}
	if err := file.Append(missing...); err != nil {
		return err
	}
	for _, record := range missing {
		if err := before.take(record); err != nil {
			return err
		}
	}
	s.say("Took over %s from %s", view.Plural(len(missing), "record", "records"), path)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the rescue file, which is not needed any more: %w", err)
	}
	return nil
}

// writeRescue keeps what the journal refused, beside the configuration or, where that is not possible either, among temporary files.
func writeRescue(s *session, process state.JournalProcess, records []state.JournalRecord) error {
	name := "rehome-rescue-" + process.Run + ".rescue"
	path := filepath.Join(s.folder, name)
	err := s.store.WriteRescue(path, process, records)
	if err != nil {
		path = filepath.Join(os.TempDir(), name)
		if again := s.store.WriteRescue(path, process, records); again != nil {
			return diag.Errorf("rescue-not-written", "Outcome could not be kept", "The target has done %d steps whose outcome could not be written anywhere: %v; %v.\nTheir intent is in the journal: make room and run the same apply again, and the target will be asked.", len(records), err, again)
		}
	}
	return diag.Errorf("rescue-written", "Journal could not be written", "The target has done %d steps whose outcome the journal refused. They are kept, encrypted, in %s.\nMake room, then repair and go on with: rehome apply -plan-hash=%s -rescue=%s", len(records), path, process.PlanHash, path)
}

// dead tells whether a holder of the lease was a process that worked with this state and is gone: the apply of its migration is ours
// now, and the journal of its run is here and nobody else writes it. A process of that number that is alive on this host is left alone.
// Ours is the run whose journal we have open ourselves.
func (s *session) dead(holder apply.Holder, ours string) bool {
	if holder.Run == "" || (holder.Host == s.env.host && holder.PID != os.Getpid() && alive(holder.PID)) {
		return false
	}
	folder, err := s.JournalFolder()
	if err != nil {
		return false
	}
	if held, err := state.JournalHeld(folder, holder.Run); (held || err != nil) && holder.Run != ours {
		return false
	}
	return s.store.ReadJournal(folder, holder.Run, func(state.JournalRecord) error { return nil }) == nil
}

// alive tells whether a process of this host is there.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return pid > 0 && (err == nil || errors.Is(err, syscall.EPERM))
}

// goneTarget tells the engine when the plugin has ended: nothing more can be asked then.
type goneTarget struct{ apply.Target }

// Apply implements apply.Target.
func (t goneTarget) Apply(ctx context.Context, step identity.StepRequest) (identity.StepResult, error) {
	result, err := t.Target.Apply(ctx, step)
	var fault diag.Diagnostic
	if errors.As(err, &fault) && fault.Code == "plugin-died" {
		return result, fmt.Errorf("%w: %w", apply.ErrTargetGone, err)
	}
	return result, err
}
