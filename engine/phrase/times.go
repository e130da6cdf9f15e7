package phrase

import (
	"fmt"
	"time"
)

// Moment is a time as people read it: 22 Nov 2026 09:45 UTC.
func Moment(at time.Time) string { return at.UTC().Format("2 Jan 2006 15:04 UTC") }

// Day is a day as people read it: 22 Nov 2026.
func Day(at time.Time) string { return at.UTC().Format("2 Jan 2006") }

// MomentOf is Moment of a time in text; what is none stays as it is.
func MomentOf(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return Clean(text)
	}
	return Moment(at)
}

// MomentAgo is MomentOf with how long ago that was.
func MomentAgo(text string, now time.Time) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return Clean(text)
	}
	return Moment(at) + ", " + Ago(at, now)
}

// Ago says how long before now a time was, in one unit.
func Ago(at, now time.Time) string {
	passed := now.Sub(at)
	switch {
	case passed < time.Minute:
		return "just now"
	case passed < time.Hour:
		return Plural(int(passed/time.Minute), "minute", "minutes") + " ago"
	case passed < 48*time.Hour:
		return Plural(int(passed/time.Hour), "hour", "hours") + " ago"
	default:
		return Plural(int(passed/(24*time.Hour)), "day", "days") + " ago"
	}
}

// Took says how long something took: 0.7 s, 38 s, 2 min 5 s, 50 h 3 min.
func Took(d time.Duration) string {
	switch {
	case d < 50*time.Millisecond:
		return "less than 0.1 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	default:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
}
