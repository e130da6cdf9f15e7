package config_test

import (
	"testing"
	"time"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/declaration"
)

func TestDuration_IsPositiveOrWhatHoldsWithoutOne(t *testing.T) {
	for text, want := range map[string]time.Duration{"": time.Hour, "90m": 90 * time.Minute, "1ns": 1, "0s": 0, "-1h": 0,
		"24": 0, "a day": 0} {
		got, err := config.Duration(text, time.Hour, "max_plan_age")
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}

func TestSnapshotAges_AreThoseOfTheBlockOrTheUsualOnes(t *testing.T) {
	for name, c := range map[string]struct {
		block config.Rehome
		want  declaration.Ages
		bad   bool
	}{
		"no block": {config.Rehome{}, declaration.Ages{Structure: declaration.DefaultStructureAge,
			People: declaration.DefaultPeopleAge}, false},
		"both": {config.Rehome{MaxSnapshotAge: "3h", MaxPeopleSnapshotAge: "2m"},
			declaration.Ages{Structure: 3 * time.Hour, People: 2 * time.Minute}, false},
		"no structure": {config.Rehome{MaxSnapshotAge: "soon"}, declaration.Ages{}, true},
		"no people": {config.Rehome{MaxPeopleSnapshotAge: "soon"},
			declaration.Ages{Structure: declaration.DefaultStructureAge},
			true},
	} {
		got, err := (&config.Config{Rehome: c.block}).SnapshotAges()
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
