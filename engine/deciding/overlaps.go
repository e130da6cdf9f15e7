package deciding

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// OverlapList is what the last plan found, and the decisions that took effect, with who and when.
type OverlapList struct {
	FormatVersion string                  `json:"format_version"`
	Migration     string                  `json:"migration"`
	Assessments   []string                `json:"assessments"`
	Pending       int                     `json:"pending"`
	Overlaps      []merge.Overlap         `json:"overlaps"`
	Decisions     []lifecycle.DecisionRow `json:"decisions"`
}

// Overlaps reads back the matched resources of the newest assessment of each source that a plan used, or of the one
// named; of some kinds only where those are given.
func Overlaps(ctx context.Context, p *project.Project, assessment string, kinds []string) (*OverlapList, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	list := &OverlapList{FormatVersion: FormatVersion, Migration: migration.Name(), Overlaps: []merge.Overlap{}}
	if list.Assessments, err = planned(migration, assessment); err != nil {
		return nil, err
	}
	for _, id := range list.Assessments {
		matched, err := migration.MatchedResources(id)
		if err != nil {
			return nil, err
		}
		for _, overlap := range matched {
			if len(kinds) > 0 && !slices.Contains(kinds, string(overlap.Item.Kind)) {
				continue
			}
			if overlap.Status == merge.OverlapPending {
				list.Pending++
			}
			list.Overlaps = append(list.Overlaps, overlap)
		}
	}
	decisions, err := migration.Decisions()
	list.Decisions = append([]lifecycle.DecisionRow{}, decisions...)
	return list, err
}

// planned are the assessments, the newest of each source, whose matched resources a plan recorded.
func planned(migration *state.Migration, named string) ([]string, error) {
	all, err := migration.Assessments()
	if err != nil {
		return nil, err
	}
	ids, seen := []string{}, map[string]bool{}
	for _, a := range all {
		if named != "" && a.ID != named || seen[a.Source] {
			continue
		}
		if _, err := migration.MatchedResources(a.ID); errors.Is(err, state.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		ids, seen[a.Source] = append(ids, a.ID), true
	}
	if named != "" && len(ids) == 0 {
		return nil, fmt.Errorf("assessment %s has no matched resources: it is not there, or no plan used it", named)
	}
	slices.Sort(ids)
	return ids, nil
}
