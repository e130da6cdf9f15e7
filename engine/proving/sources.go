package proving

import (
	"context"
	"iter"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
)

// Freeze is what changed in the incumbents since the plan of a run.
type Freeze struct {
	Run     string
	Changes int
	Sources map[string]int // changes by source
}

// Watcher is told of the incumbents while they are read again. Either may be nil.
type Watcher struct {
	Collected func(state.Snapshot)
	Compared  func(reading.SnapshotDiff) error // its changes are a stream
	Done      func(*Freeze) error
}

// Sources reads the incumbents again and compares them with the snapshots that the plan of the latest run, or of the
// named one, was made from: with a freeze agreed, nothing should have changed. The last result is returned.
func Sources(ctx context.Context, p *project.Project, in Input, watch Watcher) (*Freeze, error) {
	migration, err := p.StateForFindings(ctx)
	if err != nil {
		return nil, err
	}
	var last *Freeze
	err = again(ctx, in.Pause, func() error {
		baseline, run, err := appliedSnapshots(migration, in.Run)
		if err != nil {
			return err
		}
		last = &Freeze{Run: run, Sources: map[string]int{}}
		for _, block := range p.Config().SourceBlocks() {
			before, known := baseline[block.Address()]
			if !known {
				continue // it joined the configuration later
			}
			after, err := reading.Collect(ctx, p, block)
			if err != nil {
				return err
			}
			if watch.Collected != nil {
				watch.Collected(after)
			}
			changed, err := compare(ctx, p, before, after, watch.Compared)
			if err != nil {
				return err
			}
			last.Changes += changed
			last.Sources[block.Address()] = changed
		}
		if err := keepFreeze(p, last); err != nil || watch.Done == nil {
			return err
		}
		return watch.Done(last)
	})
	return last, err
}

// compare counts the changes while they are shown, so that they are read once.
func compare(ctx context.Context, p *project.Project, before, after state.Snapshot,
	show func(reading.SnapshotDiff) error) (int, error) {
	d, err := reading.DiffSnapshots(ctx, p, before, after)
	if err != nil {
		return 0, err
	}
	changes := 0
	d.Changes = counting(d.Changes, &changes)
	if show != nil {
		return changes, show(d)
	}
	for _, err := range d.Changes {
		if err != nil {
			return changes, err
		}
	}
	return changes, nil
}

// counting tells how many changes went by.
func counting[T any](stream iter.Seq2[T, error], n *int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for change, err := range stream {
			if err == nil {
				*n++
			}
			if !yield(change, err) {
				return
			}
		}
	}
}

// appliedSnapshots are the snapshots that the plan of the latest run, or of the named one, was made from.
func appliedSnapshots(migration *state.Migration, only string) (map[string]state.Snapshot, string, error) {
	runs, err := migration.Runs()
	if err != nil {
		return nil, "", err
	}
	for _, run := range runs {
		if only != "" && run.ID != only {
			continue
		}
		p, err := migration.Plan(run.PlanHash)
		if err != nil {
			return nil, "", err
		}
		baseline := map[string]state.Snapshot{}
		for _, planned := range p.Snapshots {
			snapshot, err := migration.Snapshot(planned.ID)
			if err != nil {
				return nil, "", diag.Errorf("verify-no-baseline", "Snapshot is not in this state",
					"Run %s was planned from snapshot %s of %s, which this state does not hold. Verify with the state that "+
						"planned.", run.ID, planned.ID, planned.Source)
			}
			baseline[planned.Source] = snapshot
		}
		if len(baseline) > 0 {
			return baseline, run.ID, nil
		}
	}
	return nil, "", diag.Errorf("verify-nothing", "There is nothing to verify",
		"No run of this state was planned from a snapshot. Run rehome apply first; rehome snapshot diff compares any two "+
			"snapshots.")
}

func keepFreeze(p *project.Project, found *Freeze) error {
	return keep(p, state.Verification{
		ID: p.NewID("v"), Kind: state.VerifiedSources, Runs: []string{found.Run}, Changes: found.Changes,
	}, found.Sources, nil)
}
