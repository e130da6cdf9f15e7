package config

import (
	"time"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/diag"
)

// Duration reads a duration of the configuration, such as 24h; otherwise is what holds where it was not set. Name is
// that of the argument, for the error.
func Duration(text string, otherwise time.Duration, name string) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, diag.Errorf("duration-invalid", "Duration is invalid", "%s = %q is not a duration such as \"24h\".", name,
			text)
	}
	return d, nil
}

// SnapshotAges is how old snapshots may be, as the rehome block says or without it.
func (c *Config) SnapshotAges() (declaration.Ages, error) {
	structure, err := Duration(c.Rehome.MaxSnapshotAge, declaration.DefaultStructureAge, "max_snapshot_age")
	if err != nil {
		return declaration.Ages{}, err
	}
	people, err := Duration(c.Rehome.MaxPeopleSnapshotAge, declaration.DefaultPeopleAge, "max_people_snapshot_age")
	return declaration.Ages{Structure: structure, People: people}, err
}
