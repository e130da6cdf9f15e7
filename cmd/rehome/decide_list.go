package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

// decideReport is what came of one call of decide.
type decideReport struct {
	FormatVersion string            `json:"format_version"`
	File          string            `json:"file"`
	Pending       int               `json:"pending"` // before the call, after its filters
	Written       []writtenDecision `json:"written"`
	Open          []openOverlap     `json:"open"`
}

// openOverlap is one that is left to a person.
type openOverlap struct {
	plan.Overlap
	Why string `json:"why"`
}

func printDecided(s *session, r decideReport, o decideOptions) error {
	if s.global.json {
		return s.document(r)
	}
	w, style := s.env.out, s.env.style(s.global.noColor)
	if r.Pending == 0 {
		fmt.Fprintln(w, "No decision is missing.")
		return nil
	}
	for _, d := range r.Written {
		what := d.Decision
		if d.Target != "" {
			what += " " + d.Target
		}
		if d.Rename != "" {
			what += " as " + d.Rename
		}
		fmt.Fprintf(w, "%s %q of %s: %s\n", d.Item.Kind, view.Clean(d.Item.Name), view.Clean(d.Item.Source), view.Clean(what))
	}
	for _, open := range r.Open {
		if err := view.Overlap(w, open.Overlap, style); err != nil {
			return err
		}
		if o.all != "" {
			fmt.Fprintf(w, "    left open: %s\n", view.Clean(open.Why))
		}
	}
	if len(r.Written) == 0 && o.all == "" {
		fmt.Fprintf(w, "%s missing, nothing was written\n", view.Plural(r.Pending, "decision is", "decisions are"))
		if !s.env.automation() {
			fmt.Fprintln(w, "Next: rehome decide in a terminal, or with -all=map_to_existing, or write a merge block for each")
		}
		return nil
	}
	fmt.Fprintf(w, "%s written to %s, %d of %d left open\n", view.Plural(len(r.Written), "merge block", "merge blocks"), r.File, r.Pending-len(r.Written), r.Pending)
	if len(r.Written) > 0 && !s.env.automation() {
		fmt.Fprintf(w, "Next: read %s, then rehome plan\n", r.File)
	}
	return nil
}

// overlapList is the document of decide -list -json.
type overlapList struct {
	FormatVersion string              `json:"format_version"`
	Migration     string              `json:"migration"`
	Assessments   []string            `json:"assessments"`
	Pending       int                 `json:"pending"`
	Overlaps      []plan.Overlap      `json:"overlaps"`
	Decisions     []state.DecisionRow `json:"decisions"` // those that took effect, with who and when
}

// listOverlaps reads back the matched resources of the newest assessment of each source that a plan used, or of the one named.
func listOverlaps(s *session, o decideOptions) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	store, err := s.openState()
	if err != nil {
		return err
	}
	list := overlapList{FormatVersion: eventFormat, Migration: cfg.Migration.Name, Assessments: []string{}, Overlaps: []plan.Overlap{}, Decisions: []state.DecisionRow{}}
	if list.Assessments, err = plannedAssessments(store, o.assessment); err != nil {
		return err
	}
	for _, id := range list.Assessments {
		matched, err := store.MatchedResources(id)
		if err != nil {
			return err
		}
		for _, overlap := range matched {
			if len(o.kinds) > 0 && !slices.Contains(o.kinds, string(overlap.Item.Kind)) {
				continue
			}
			if overlap.Status == plan.OverlapPending {
				list.Pending++
			}
			list.Overlaps = append(list.Overlaps, overlap)
		}
	}
	decisions, err := store.Decisions()
	if err != nil {
		return err
	}
	list.Decisions = append(list.Decisions, decisions...)
	if s.global.json {
		return s.document(list)
	}
	return printOverlaps(s, list)
}

// plannedAssessments are the newest of each source whose matched resources a plan recorded.
func plannedAssessments(store *state.Migration, named string) ([]string, error) {
	all, err := store.Assessments()
	if err != nil {
		return nil, err
	}
	ids, seen := []string{}, map[string]bool{}
	for _, a := range all {
		if named != "" && a.ID != named || seen[a.Source] {
			continue
		}
		if _, err := store.MatchedResources(a.ID); errors.Is(err, state.ErrNotFound) {
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

func printOverlaps(s *session, list overlapList) error {
	w, style := s.env.out, s.env.style(s.global.noColor)
	if len(list.Assessments) == 0 {
		fmt.Fprintln(w, "No plan looked for overlaps yet. Run rehome plan.")
		return nil
	}
	if len(list.Overlaps) == 0 {
		fmt.Fprintln(w, "Nothing in the target meets what the sources have.")
		return nil
	}
	made := map[string]state.DecisionRow{}
	for _, d := range list.Decisions {
		if d.Current {
			made[d.Item.Address().String()+d.Wanted.Type] = d
		}
	}
	for _, overlap := range list.Overlaps {
		if err := view.Overlap(w, overlap, style); err != nil {
			return err
		}
		if d, ok := made[overlap.Item.Address().String()+overlap.Wanted.Type]; ok {
			fmt.Fprintf(w, "    took effect %s by %s\n", view.Moment(d.At), view.Clean(d.By))
		}
	}
	fmt.Fprintf(w, "%s, %d waiting for a decision\n", view.Plural(len(list.Overlaps), "overlap", "overlaps"), list.Pending)
	return nil
}
