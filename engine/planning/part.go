package planning

import (
	"context"
	"errors"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Part says which part of the move a plan is for. The zero value is the whole.
type Part struct {
	Wave     string
	Targets  []string // only these steps or items, with what they need
	Excludes []string // without these steps or items, and without what needs them
}

// selection makes what the engine needs of it.
func (o Part) selection(waves []config.Wave) (draft.Selection, error) {
	selected := draft.Selection{Wave: o.Wave, Targets: o.Targets, Excludes: o.Excludes}
	if o.Wave == "" {
		return selected, nil
	}
	if len(o.Targets) > 0 {
		return selected, diag.Errorf("selection-conflict", "Wave and -target exclude each other",
			"A wave has its own plan. Leave out -wave or -target.")
	}
	for _, wave := range waves {
		if wave.Name == o.Wave {
			selected.Wants = wave.Where
			return selected, nil
		}
	}
	names := "It has none."
	if len(waves) > 0 {
		names = "It has:"
		for _, wave := range waves {
			names += " " + wave.Name
		}
	}
	return selected, diag.Errorf("wave-unknown", "There is no such wave", "The configuration has no wave %q. %s", o.Wave,
		names)
}

// Made is what a kept plan was made for, so that the same can be computed again from its hash: a part of the move or,
// where the plan is a way back, a run to take back. A hash that this state does not know is of the whole: comparing the
// hashes will tell.
func Made(ctx context.Context, p *project.Project, hash string) (part Part, run string, err error) {
	if hash == "" {
		return Part{}, "", nil
	}
	migration, err := p.State(ctx)
	if err != nil {
		return Part{}, "", err
	}
	kept, err := migration.Plan(hash)
	if errors.Is(err, state.ErrNotFound) {
		return Part{}, "", nil
	}
	if err != nil {
		return Part{}, "", err
	}
	if kept.Rollback != nil {
		run = kept.Rollback.Run
	}
	if kept.Part != nil {
		part = Part{Wave: kept.Part.Wave, Targets: kept.Part.Targets, Excludes: kept.Part.Excludes}
	}
	return part, run, nil
}
