package reading

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Results streams the results of an assessment, a chunk in memory at a time.
func Results(migration *state.Migration, assessment string) iter.Seq2[assess.Result, error] {
	return func(yield func(assess.Result, error) bool) {
		for chunk, err := range migration.Results(assessment) {
			var results []assess.Result
			if err == nil {
				err = json.Unmarshal(chunk, &results)
			}
			if err != nil {
				yield(assess.Result{}, fmt.Errorf("reading assessment %s: %w", assessment, err))
				return
			}
			for _, result := range results {
				if !yield(result, nil) {
					return
				}
			}
		}
	}
}

// ClassesByKind counts the items of an assessment by kind and class. Kinds without items are left out.
func ClassesByKind(ctx context.Context, p *project.Project, assessment string,
) (map[identity.Kind]map[assess.Class]int, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	kinds := map[identity.Kind]map[assess.Class]int{}
	for result, err := range Results(migration, assessment) {
		if err != nil {
			return nil, err
		}
		if kinds[result.Address.Kind] == nil {
			kinds[result.Address.Kind] = map[assess.Class]int{}
		}
		kinds[result.Address.Kind][result.Class]++
	}
	return kinds, nil
}

// ResultsOf streams the results of one class, in the order of the snapshot.
func ResultsOf(ctx context.Context, p *project.Project, assessment string, class assess.Class,
) (iter.Seq2[assess.Result, error], error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	return func(yield func(assess.Result, error) bool) {
		for result, err := range Results(migration, assessment) {
			if err == nil && result.Class != class {
				continue
			}
			if !yield(result, err) || err != nil {
				return
			}
		}
	}, nil
}

// Result is the verdict on one item: kind/id or source/kind/id.
func Result(ctx context.Context, p *project.Project, a state.Assessment, text string) (assess.Result, error) {
	id, err := ParseItem(text, a.Source)
	if err != nil {
		return assess.Result{}, err
	}
	migration, err := p.State(ctx)
	if err != nil {
		return assess.Result{}, err
	}
	for result, err := range Results(migration, a.ID) {
		if err != nil {
			return result, err
		}
		if result.Address.Kind == id.Kind && result.Address.ID == id.ID {
			return result, nil
		}
	}
	return assess.Result{}, notKept(state.ErrNotFound, "Item "+id.String(), "assessment "+a.ID)
}

// AssessmentDiff compares two assessments.
type AssessmentDiff struct {
	Before, After state.Assessment
	Changes       iter.Seq2[assess.Change, error]
}

// DiffAssessments compares two completed assessments of one source.
func DiffAssessments(ctx context.Context, p *project.Project, first, second, source string) (AssessmentDiff, error) {
	var d AssessmentDiff
	var err error
	if d.Before, err = FindAssessment(ctx, p, first, source); err != nil {
		return d, err
	}
	if d.After, err = FindAssessment(ctx, p, second, source); err != nil {
		return d, err
	}
	if d.Before.Source != d.After.Source {
		return d, diag.Errorf("snapshot-other-source", "Assessments are of two sources",
			"%s is of %s, %s is of %s; only two of one source are compared.", d.Before.ID, d.Before.Source, d.After.ID,
			d.After.Source)
	}
	for _, a := range []state.Assessment{d.Before, d.After} {
		if a.Status != state.AssessmentCompleted {
			return d, diag.Errorf("snapshot-not-completed", "Assessment is not completed",
				"%s is %s, so it does not judge every item. Compare completed ones.", a.ID, a.Status)
		}
	}
	d.Changes = during("comparing "+d.Before.ID+" with "+d.After.ID,
		assess.Diff(Results(p.Migration(), d.Before.ID), Results(p.Migration(), d.After.ID)))
	return d, nil
}
