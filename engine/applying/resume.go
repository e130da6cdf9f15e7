package applying

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// resumed is what the journal says of a run that did not end. A nil one knows nothing.
type resumed struct {
	*history.Known
	run     history.Run
	secrets []string // files that earlier parts of the run were told to write secrets to
}

func newResumed(run history.Run) *resumed { return &resumed{Known: history.NewKnown(), run: run} }

// known is what the journal says of the steps, nil for a new run.
func (r *resumed) known() *history.Known {
	if r == nil {
		return nil
	}
	return r.Known
}

// take reads one record of the journal.
func (r *resumed) take(record journal.Record) error {
	switch {
	case record.Process != nil && record.Process.SecretsOut != "":
		r.secrets = append(r.secrets, record.Process.SecretsOut)
	case record.Intend != nil:
		r.Intend(record.Intend.StepID)
	case record.Outcome != nil:
		o := record.Outcome
		r.End(o.StepID, o.Outcome, history.KnownStep{ServerID: o.ServerID, Generated: o.Generated})
	}
	return nil
}

// results are the steps that an earlier part of the run has done, as the engine passes over them.
func (r *resumed) results() map[string]apply.Result {
	done := map[string]apply.Result{}
	for id, step := range r.Done {
		done[id] = apply.Result{Outcome: history.Already, ServerID: step.ServerID, Generated: step.Generated}
	}
	return done
}

// openResumed opens the journal of a run that goes on, and tells what is known of it.
func openResumed(p *project.Project, run history.Run, watch Watch) (*resumed, *journal.Journal, error) {
	before := newResumed(run)
	folder, err := p.JournalFolder()
	if err != nil {
		return nil, nil, err
	}
	options := journal.Options{Folder: folder, Run: run.ID, Watch: watch}
	file, _, err := p.Migration().OpenJournal(options, before.take)
	if err != nil {
		return nil, nil, err
	}
	known := "nothing was begun yet"
	if len(before.Begun) > 0 {
		known = fmt.Sprintf("%s done, %d begun of which it is not known what came of them",
			phrase.Plural(len(before.Done), "step", "steps"), len(before.Pending))
	}
	p.Note("Going on with run %s, which did not end: %s", run.ID, known)
	return before, file, nil
}

// givenBefore names the steps of a plan whose secrets were handed out by a run that came to its end. The journal says
// so, not the state.
func givenBefore(p *project.Project, runs []history.Run, hash string) (map[string]bool, error) {
	folder, err := p.JournalFolder()
	if err != nil {
		return nil, err
	}
	given := map[string]bool{}
	for _, run := range history.CompletedOf(runs, hash) {
		err := p.Migration().ReadJournal(folder, run.ID, func(r journal.Record) error {
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
func takeRescue(p *project.Project, path string, before *resumed, file *journal.Journal) error {
	process, records, err := p.Migration().ReadRescue(path)
	if err != nil {
		return err
	}
	if before == nil || process.Run != before.run.ID {
		return diag.Errorf("rescue-other-run", "Rescue file is of another run",
			"%s belongs to run %s of plan %s. Apply that plan with it.", path, process.Run, process.PlanHash)
	}
	var missing []journal.Record
	for _, record := range records {
		if record.Outcome != nil && before.Pending[record.Outcome.StepID] {
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
	p.Note("Took over %s from %s", phrase.Plural(len(missing), "record", "records"), path)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the rescue file, which is not needed any more: %w", err)
	}
	return nil
}

// writeRescue keeps what the journal refused, beside the configuration or, where that is not possible either, among
// temporary files. It returns what a person must know.
func writeRescue(p *project.Project, process journal.Process, records []journal.Record) error {
	name := "rehome-rescue-" + process.Run + ".rescue"
	path := filepath.Join(p.Folder, name)
	if err := p.Migration().WriteRescue(path, process, records); err != nil {
		path = filepath.Join(os.TempDir(), name)
		if again := p.Migration().WriteRescue(path, process, records); again != nil {
			return diag.Errorf("rescue-not-written", "Outcome could not be kept", "The target has done %d steps whose outcome "+
				"could not be written anywhere: %v; %v.\nTheir intent is in the journal: make room and run the same apply again, "+
				"and the target will be asked.", len(records), err, again)
		}
	}
	return diag.Errorf("rescue-written", "Journal could not be written", "The target has done %d steps whose outcome the "+
		"journal refused. They are kept, encrypted, in %s.\nMake room, then repair and go on with: "+
		"rehome apply -plan-hash=%s -rescue=%s", len(records), path, process.PlanHash, path)
}

// goneTarget tells the engine when the plugin has ended: nothing more can be asked then.
type goneTarget struct{ apply.Target }

// Apply implements apply.Target.
func (t goneTarget) Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	result, err := t.Target.Apply(ctx, step)
	var fault diag.Diagnostic
	if errors.As(err, &fault) && fault.Code == "plugin-died" {
		return result, fmt.Errorf("%w: %w", apply.ErrTargetGone, err)
	}
	return result, err
}
