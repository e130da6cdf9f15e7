package recording

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/journal"
)

// earlier is what the journal says of a run that did not end. A nil one knows nothing.
type earlier struct {
	*history.Known
	run     history.Run
	secrets []string // files that earlier parts of the run were told to write secrets to
}

func newEarlier(run history.Run) *earlier { return &earlier{Known: history.NewKnown(), run: run} }

// known is what the journal says of the steps, nil for a new run.
func (r *earlier) known() *history.Known {
	if r == nil {
		return nil
	}
	return r.Known
}

// take reads one record of the journal.
func (r *earlier) take(record journal.Record) error {
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
func (r *earlier) results() map[string]apply.Result {
	done := map[string]apply.Result{}
	for id, step := range r.Done {
		done[id] = apply.Result{Outcome: history.Already, ServerID: step.ServerID, Generated: step.Generated}
	}
	return done
}

// openEarlier opens the journal of a run that goes on, and tells what is known of it.
func (b *Book) openEarlier(run history.Run) error {
	before := newEarlier(run)
	folder, err := b.p.JournalFolder()
	if err != nil {
		return err
	}
	options := journal.Options{Folder: folder, Run: run.ID, Watch: b.watch}
	if b.file, _, err = b.p.Migration().OpenJournal(options, before.take); err != nil {
		return err
	}
	known := "nothing was begun yet"
	if len(before.Begun) > 0 {
		known = fmt.Sprintf("%s done, %d begun of which it is not known what came of them",
			phrase.Plural(len(before.Done), "step", "steps"), len(before.Pending))
	}
	b.p.Note("Going on with run %s, which did not end: %s", run.ID, known)
	b.earlier = before
	return nil
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
func (b *Book) takeRescue(path string) error {
	p, before := b.p, b.earlier
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
	if err := b.file.Append(missing...); err != nil {
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
func (b *Book) writeRescue(records []journal.Record) error {
	p, process := b.p, b.signed
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
