package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

// translateBatch is how many items one call of a target plugin translates.
const translateBatch = 256

func newAssessCommand(env *environment, global *options) *cobra.Command {
	verbose := false
	c := &cobra.Command{
		Use:     "assess",
		Short:   "Classify every item of the newest snapshots",
		Long:    "Assess asks the target what it can make of every item and says honestly what carries over, what differs and what does not move.",
		Example: "  rehome assess\n  rehome assess -v",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := newSession(env, global, "assess")
			if err != nil {
				return err
			}
			defer s.close()
			return runAssess(c.Context(), s, verbose)
		},
	}
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "every item, not only those that do not move as they are")
	return c
}

func runAssess(ctx context.Context, s *session, verbose bool) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	store, err := s.openForChange()
	if err != nil {
		return err
	}
	providers, err := s.providers()
	if err != nil {
		return err
	}
	target, _, err := providers.target(ctx, cfg.Target, cfg)
	if err != nil {
		return err
	}
	defer target.Close()
	for _, block := range cfg.Sources {
		snapshot, err := store.LatestSnapshot(block.Address())
		if err != nil {
			return fmt.Errorf("%w; run rehome collect first", err)
		}
		assessment, err := assessSnapshot(ctx, s, target, snapshot, verbose)
		if err != nil {
			return err
		}
		printAssessment(s, assessment)
	}
	if !s.global.json && !s.env.automation() {
		fmt.Fprintf(s.env.out, "Next: rehome plan -out=plan.rehome\n")
	}
	return nil
}

// assessSnapshot classifies one snapshot and keeps the results.
func assessSnapshot(ctx context.Context, s *session, target *client.Target, snapshot state.Snapshot, verbose bool) (state.Assessment, error) {
	assessment := state.Assessment{
		ID: newID("a", s), Snapshot: snapshot.ID, Source: snapshot.Source, Status: state.AssessmentAssessing, Classifier: assess.ClassifierVersion,
		Target: s.cfg.Target.Address(), StartedAt: s.env.now().UTC(), Classes: map[string]int{},
	}
	if err := s.closeUnfinished(); err != nil {
		return assessment, err
	}
	if err := s.store.BeginAssessment(assessment); err != nil {
		return assessment, err
	}
	chunk := 0
	err := translated(ctx, s, target, snapshot, identity.Kinds(), func(batch []merge.Item) error {
		results := make([]assess.Result, 0, len(batch))
		for _, item := range batch {
			results = append(results, item.Result)
			assessment.Classes[string(item.Result.Class)]++
			printResult(s, item.Result, verbose)
		}
		chunk++
		return s.store.PutResults(assessment.ID, chunk-1, results)
	})
	if err != nil {
		assessment.Status, assessment.Reason = state.AssessmentFailed, err.Error()
		if put := s.store.PutAssessment(assessment, s.event("migration.assessment.failed", assessment.ID, map[string]string{"reason": err.Error()})); put != nil {
			return assessment, fmt.Errorf("%w (and recording that: %w)", err, put)
		}
		return assessment, err
	}
	assessment.Status, assessment.CompletedAt = state.AssessmentCompleted, s.env.now().UTC()
	s.events.emit("assess_completed", map[string]any{"assessment": assessment.ID, "snapshot": snapshot.ID, "classes": assessment.Classes})
	return assessment, s.store.PutAssessment(assessment, s.event("migration.assessment.completed", assessment.ID, map[string]string{"snapshot": snapshot.ID}))
}

// translated streams the items of a snapshot in batches: map blocks applied, translated by the target, classified.
func translated(ctx context.Context, s *session, target *client.Target, snapshot state.Snapshot, kinds []identity.Kind, each func([]merge.Item) error) error {
	maps := mapRules(s.cfg)
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
		items := make([]merge.Item, 0, len(batch))
		for i, item := range batch {
			translations[i].Findings = append(translations[i].Findings, changes[item.Address()]...)
			items = append(items, merge.Item{Item: item, Translation: translations[i], Result: assess.Assess(item, translations[i], snapshot.Gaps)})
		}
		batch = batch[:0]
		clear(changes)
		return each(items)
	}
	for item, err := range storedItems(s.store, snapshot.ID, kinds) {
		if err != nil {
			return fmt.Errorf("reading snapshot %s: %w", snapshot.ID, err)
		}
		mapped, findings, problems := merge.ApplyMaps(item, maps)
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

func storedItems(store *state.Store, snapshot string, kinds []identity.Kind) iter.Seq2[identity.Item, error] {
	return store.Items(snapshot, kinds...)
}

func mapRules(cfg *config.Config) []merge.Map {
	rules := make([]merge.Map, 0, len(cfg.Maps))
	for _, m := range cfg.Maps {
		rules = append(rules, merge.Map{Kind: m.Kind, Name: m.Name, Where: merge.Where(m.Where), Set: m.Set, File: m.Range.File, Line: m.Range.Start.Line})
	}
	return rules
}

func printResult(s *session, r assess.Result, verbose bool) {
	if s.global.json {
		s.events.emit("assessed", map[string]any{"result": r})
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

func printAssessment(s *session, a state.Assessment) {
	if s.global.json {
		return
	}
	c := a.Classes
	fmt.Fprintf(s.env.out, "%s  native %s  approximated %s  visible only %s  by hand %s  blocked %s   (assessment %s)\n", a.Source,
		view.Count(c[string(assess.ClassNative)]), view.Count(c[string(assess.ClassApproximation)]), view.Count(c[string(assess.ClassVisibility)]),
		view.Count(c[string(assess.ClassManual)]), view.Count(c[string(assess.ClassBlocked)]), a.ID)
}
