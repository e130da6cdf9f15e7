package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"os"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

// translateBatch is how many items one call of a target plugin translates.
const translateBatch = 256

type assessOptions struct {
	snapshot string
	verbose  bool
}

func assessCommand() Command {
	var o assessOptions
	return Command{
		Path:  "assess",
		Group: groupUsual,
		Class: classManage,
		Short: "Classify every item of the newest snapshots",
		Long: `Assess asks the target what it can make of every item and says honestly what carries over, what differs and what does not move. Every
assessment is kept: rehome assessment list. With -snapshot it judges an old snapshot again, under today's classifier and configuration.`,
		Example: "  rehome assess\n  rehome assess -v\n  rehome assess -snapshot=s-2026-11-21-5b1f0c2d",
		Takes:   noArguments,
		Flags: func(f *pflag.FlagSet) {
			f.BoolVarP(&o.verbose, "verbose", "v", false, "every item, not only those that do not move as they are")
			f.StringVar(&o.snapshot, "snapshot", "", "assess this snapshot instead of the newest ones")
		},
		Run: func(ctx context.Context, r *call) error {
			return r.withHistory(ctx, func(s *session) error { return runAssess(ctx, s, o) })
		},
	}
}

func runAssess(ctx context.Context, s *session, o assessOptions) error {
	if _, err := s.openForChange(); err != nil {
		return err
	}
	snapshots, err := snapshotsToAssess(s, o.snapshot)
	if err != nil {
		return err
	}
	providers, err := s.providers()
	if err != nil {
		return err
	}
	target, _, err := providers.target(ctx, s.cfg.Target, s.cfg)
	if err != nil {
		return err
	}
	defer target.Close()
	for _, snapshot := range snapshots {
		assessment, err := assessSnapshot(ctx, s, target, snapshot, o.verbose)
		if err != nil {
			return err
		}
		printAssessment(s, assessment)
		tellUnread(s, snapshot)
	}
	s.next("rehome plan -out=plan.rehome")
	return nil
}

// snapshotsToAssess are the newest completed one of each source, or the named one. The state refuses one of an archived source.
func snapshotsToAssess(s *session, word string) ([]state.Snapshot, error) {
	if word != "" {
		snapshot, err := findSnapshot(s, word, "")
		if err != nil {
			return nil, err
		}
		if snapshot.Status != state.SnapshotCompleted {
			return nil, diag.Errorf("snapshot-not-completed", "Snapshot is not completed", "%s is %s: only a whole read is assessed.", snapshot.ID, snapshot.Status)
		}
		return []state.Snapshot{snapshot}, nil
	}
	var snapshots []state.Snapshot
	for _, block := range s.cfg.Sources {
		snapshot, err := s.store.LatestSnapshot(block.Address())
		if err != nil {
			return nil, fmt.Errorf("%w; run rehome collect first", err)
		}
		snapshots = append(snapshots, snapshot)
	}
	return snapshots, nil
}

// assessSnapshot classifies one snapshot and keeps the results. What fails is kept too, with its reason.
func assessSnapshot(ctx context.Context, s *session, target *client.Target, snapshot state.Snapshot, verbose bool) (state.Assessment, error) {
	assessment, err := newAssessment(ctx, s, target, snapshot)
	if err != nil {
		return assessment, err
	}
	err = s.Hold(ctx, state.WorkAssess, snapshot.ID, assessment.ID, func(ctx context.Context, _ state.Activity) (err error) {
		assessment, err = fillAssessment(ctx, s, target, snapshot, assessment, verbose)
		return err
	})
	return assessment, err
}

// fillAssessment judges the items. The assessment of the snapshot is this process's alone.
func fillAssessment(ctx context.Context, s *session, target *client.Target, snapshot state.Snapshot, assessment state.Assessment, verbose bool) (state.Assessment, error) {
	if err := s.closeUnfinished(); err != nil {
		return assessment, err
	}
	if err := s.store.BeginAssessment(assessment); err != nil {
		return assessment, err
	}
	facts := map[string]string{"snapshot": snapshot.ID, "classifier": assessment.Classifier}
	if err := classify(ctx, s, target, snapshot, assessment, verbose); err != nil {
		assessment.Status, assessment.Reason = state.AssessmentFailed, err.Error()
		facts["reason"] = assessment.Reason
		if put := s.store.PutAssessment(assessment, s.event("migration.assessment.failed", assessment.ID, facts)); put != nil {
			return assessment, fmt.Errorf("%w (and recording that: %w)", err, put)
		}
		return assessment, err
	}
	assessment.Status, assessment.CompletedAt = state.AssessmentCompleted, s.env.now().UTC()
	s.events.emit("assess_completed", map[string]any{"assessment": assessment.ID, "snapshot": snapshot.ID, "classes": assessment.Classes})
	return assessment, s.store.PutAssessment(assessment, s.event("migration.assessment.completed", assessment.ID, facts))
}

// newAssessment says under what the items are judged: classifier, target, its plugin, and the map blocks.
func newAssessment(ctx context.Context, s *session, target *client.Target, snapshot state.Snapshot) (state.Assessment, error) {
	assessment := state.Assessment{
		ID: s.NewID("a"), Snapshot: snapshot.ID, Source: snapshot.Source, Classifier: assess.ClassifierVersion,
		Target: s.cfg.Target.Address(), StartedAt: s.env.now().UTC(), Classes: map[string]int{},
	}
	schema, err := target.Schema(ctx)
	if err != nil {
		return assessment, err
	}
	assessment.Provider = schema.Version
	assessment.Configuration, err = mapsDigest(s)
	return assessment, err
}

// mapsDigest is the SHA-256 of the files that hold map blocks, empty without any: assessments under other map blocks are not reused.
func mapsDigest(s *session) (string, error) {
	files := map[string]bool{}
	for _, m := range s.cfg.Maps {
		files[m.Range.File] = true
	}
	if len(files) == 0 {
		return "", nil
	}
	digest := sha256.New()
	for _, name := range sortedNames(files) {
		content, err := os.ReadFile(s.path(name))
		if err != nil {
			return "", fmt.Errorf("reading the map blocks again: %w", err)
		}
		sum := sha256.Sum256(content)
		digest.Write(sum[:])
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// classify judges the items batch by batch; assessment.Classes, which it shares with the caller, counts them.
func classify(ctx context.Context, s *session, target *client.Target, snapshot state.Snapshot, assessment state.Assessment, verbose bool) error {
	mask, err := s.masker(nil)
	if err != nil {
		return err
	}
	if mask != nil {
		s.events.setMask(mask.JSON)
	}
	chunk := 0
	return translated(ctx, s, target, snapshot, identity.Kinds(), func(batch []assess.Item) error {
		results := make([]assess.Result, 0, len(batch))
		for _, item := range batch {
			results = append(results, item.Result)
			assessment.Classes[string(item.Result.Class)]++
			printResult(s, mask, item.Result, verbose)
		}
		chunk++
		return s.store.PutResults(assessment.ID, chunk-1, results)
	})
}

// translated streams the items of a snapshot in batches: map blocks applied, translated by the target, classified.
func translated(ctx context.Context, s *session, target *client.Target, snapshot state.Snapshot, kinds []identity.Kind, each func([]assess.Item) error) error {
	mapper := merge.NewMapper(s.cfg.Maps)
	batch := make([]identity.Item, 0, translateBatch)
	changes := map[identity.Address][]identity.Finding{}
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		translations, err := target.Translate(ctx, batch)
		if err != nil {
			return fmt.Errorf("translating items of %s: %w", snapshot.Source, err)
		}
		items := make([]assess.Item, 0, len(batch))
		for i, item := range batch {
			translations[i].Findings = append(translations[i].Findings, changes[item.Address()]...)
			items = append(items, assess.Item{Item: item, Translation: translations[i], Result: assess.Assess(item, translations[i], snapshot.Gaps)})
		}
		batch = batch[:0]
		clear(changes)
		return each(items)
	}
	for item, err := range storedItems(s.store, snapshot.ID, kinds) {
		if err != nil {
			return fmt.Errorf("reading snapshot %s: %w", snapshot.ID, err)
		}
		mapped, findings, problems := mapper.Apply(item)
		if problems.HasErrors() {
			return problems
		}
		if len(findings) > 0 {
			changes[mapped.Address()] = findings
		}
		if batch = append(batch, mapped); len(batch) == translateBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func storedItems(store *state.Migration, snapshot string, kinds []identity.Kind) iter.Seq2[identity.Item, error] {
	return store.Items(snapshot, kinds...)
}

func printResult(s *session, mask *pseudonym.Masker, r assess.Result, verbose bool) {
	if s.global.json {
		s.events.emit("assessed", map[string]any{"result": hideResult(mask, r)})
		return
	}
	if r.Address.Kind.IsPeople() && !verbose {
		return
	}
	sign, show := "=", verbose
	switch r.Class {
	case assess.ClassBlocked:
		sign, show = "!", true
	case assess.ClassManual:
		sign, show = "?", true
	case assess.ClassApproximation:
		sign = "~"
	case assess.ClassNative:
		sign = "+"
	}
	if show {
		fmt.Fprintf(s.env.out, "%s %-18s %-34s %s\n", sign, r.Address.Kind, fmt.Sprintf("%q", view.Clean(r.Name)), view.Clean(r.Rationale))
	}
}

// tellUnread asks what no class answers: whether the incumbent has what its provider never reads.
func tellUnread(s *session, snapshot state.Snapshot) {
	if len(snapshot.Unread) == 0 {
		return
	}
	s.events.emit("unread", map[string]any{"source": snapshot.Source, "unread": snapshot.Unread})
	if s.global.json {
		return
	}
	fmt.Fprintf(s.env.out, "\nNot read  rehome does not read these of %s, so they are in no class. Is there any?\n", snapshot.Source)
	for _, unread := range snapshot.Unread {
		fmt.Fprintf(s.env.out, "? %s: %s\n", view.Clean(unread.Name), view.Clean(unread.Question))
	}
}

func printAssessment(s *session, a state.Assessment) {
	if s.global.json {
		return
	}
	c := a.Classes
	fmt.Fprintf(s.env.out, "%s  native %s  approximated %s  visible only %s  by hand %s  blocked %s   (assessment %s)\n", a.Source,
		view.Count(c[string(assess.ClassNative)]), view.Count(c[string(assess.ClassApproximation)]), view.Count(c[string(assess.ClassVisibility)]),
		view.Count(c[string(assess.ClassManual)]), view.Count(c[string(assess.ClassBlocked)]), a.ID)
}
