package main

import (
	"strconv"
	"strings"
	"time"
)

// parseAge reads a duration such as 12h, or whole days as 30d.
func parseAge(flag, text string) (time.Duration, error) {
	if days, found := strings.CutSuffix(text, "d"); found {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n < 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	age, err := time.ParseDuration(text)
	if err != nil || age < 0 {
		return 0, misuse("-%s=%s is not a time such as 30d or 12h", flag, text)
	}
	return age, nil
}

// parseSince reads how long ago something was, or the day or the moment when.
func parseSince(text string, now time.Time) (time.Time, error) {
	if age, err := parseAge("since", text); err == nil && age > 0 {
		return now.Add(-age), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil && at.Before(now) {
			return at.UTC(), nil
		}
	}
	return now, misuse("-since=%s is not how long ago, such as 30d or 12h, nor a day or moment in the past, such as "+
		"2026-11-01 or 2026-11-01T08:00:00Z", text)
}
