package config_test

import (
	"testing"
	"time"

	"github.com/rehome-iam/rehome/config"
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
