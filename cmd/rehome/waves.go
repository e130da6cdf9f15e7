package main

import (
	"errors"
	"sort"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

// partOptions say which part of the move a plan is for.
type partOptions struct {
	wave     string
	targets  []string
	excludes []string
}

// selection makes what the engine needs of the options.
func (o partOptions) selection(cfg *config.Config) (plan.Selection, error) {
	selected := plan.Selection{Wave: o.wave, Targets: o.targets, Excludes: o.excludes}
	if o.wave == "" {
		return selected, nil
	}
	if len(o.targets) > 0 {
		return selected, diag.Errorf("selection-conflict", "Wave and -target exclude each other", "A wave has its own plan. Leave out -wave or -target.")
	}
	for _, wave := range cfg.Waves {
		if wave.Name == o.wave {
			selected.Wants = wave.Where
			return selected, nil
		}
	}
	names := "It has none."
	if len(cfg.Waves) > 0 {
		names = "It has:"
		for _, wave := range cfg.Waves {
			names += " " + wave.Name
		}
	}
	return selected, diag.Errorf("wave-unknown", "There is no such wave", "The configuration has no wave %q. %s", o.wave, names)
}

// partOf are the options that a kept plan was made with, so that apply without a file computes the same part again.
func partOf(s *session, hash string) (partOptions, error) {
	if hash == "" {
		return partOptions{}, nil
	}
	store, err := s.openState()
	if err != nil {
		return partOptions{}, err
	}
	p, err := store.Plan(hash)
	if errors.Is(err, state.ErrNotFound) {
		return partOptions{}, nil // another state planned it; the hash will tell
	}
	if err != nil || p.Part == nil {
		return partOptions{}, err
	}
	return partOptions{wave: p.Part.Wave, targets: p.Part.Targets, excludes: p.Part.Excludes}, nil
}

// wavesMissing lists the waves that must come before a wave and were not applied yet.
func wavesMissing(s *session, wave string) ([]string, error) {
	var after []string
	for _, w := range s.cfg.Waves {
		if w.Name == wave {
			after = w.After
		}
	}
	if len(after) == 0 {
		return nil, nil
	}
	plans, err := s.store.Plans()
	if err != nil {
		return nil, err
	}
	applied := map[string]bool{}
	for _, p := range plans {
		if p.Status == state.PlanApplied || p.Status == state.PlanAppliedWithFollowUp {
			applied[p.Wave] = true
		}
	}
	var missing []string
	for _, name := range after {
		if !applied[name] {
			missing = append(missing, name)
		}
	}
	sort.Strings(missing)
	return missing, nil
}

func volumeLimits(cfg *config.Config) plan.VolumeLimits {
	limits := plan.DefaultVolume()
	guard := cfg.VolumeGuard
	if guard == nil {
		return limits
	}
	if guard.MaxChangedShare >= 0 {
		limits.MaxChangedShare = guard.MaxChangedShare
	}
	if guard.MaxDeletedShare >= 0 {
		limits.MaxDeletedShare = guard.MaxDeletedShare
	}
	limits.AllowChanges, limits.AllowDeletes = guard.AllowChanges, guard.AllowDeletes
	return limits
}
