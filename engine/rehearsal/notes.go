package rehearsal

import (
	"fmt"
	"strings"
)

// Limits are what a rehearsal could not show.
type Limits struct {
	Targets    []string // only these steps or items were rehearsed
	Excludes   []string // these were left out
	BreakGlass bool     // the real target has accounts for emergencies
	Draft      bool     // the plan for the real target has an open gate
	RealSteps  int      // of the plan for the real target
	Rehearsed  int
}

// Notes say what a reader must know before trusting a rehearsal.
func Notes(l Limits) []string {
	notes := []string{
		"Secrets were made up: those of the incumbent were not asked for, and generated ones were thrown away.",
	}
	if parts := append(repeated("-target", l.Targets), repeated("-exclude", l.Excludes)...); len(parts) > 0 {
		notes = append(notes, fmt.Sprintf("Only a part was rehearsed, by %s.", strings.Join(parts, " ")))
	}
	if l.BreakGlass {
		notes = append(notes, "Break-glass accounts were not tried: a throw-away target has no people.")
	}
	if l.RealSteps != l.Rehearsed {
		notes = append(notes, fmt.Sprintf("The plan for the real target has %d steps, the rehearsed one %d: the two are not "+
			"alike. What is switched off in a throw-away target, such as a provider, blocks nothing there.", l.RealSteps,
			l.Rehearsed))
	}
	if l.Draft {
		notes = append(notes, "The plan for the real target is a draft: rehome plan says what it waits for.")
	}
	return notes
}

// repeated is a flag of the command line with each of its values.
func repeated(flag string, values []string) []string {
	given := make([]string, 0, len(values))
	for _, value := range values {
		given = append(given, flag+"="+value)
	}
	return given
}
