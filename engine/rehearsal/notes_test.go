package rehearsal

import (
	"strings"
	"testing"
)

func TestNotes_SayWhatARehearsalDoesNotShow(t *testing.T) {
	cases := map[string]struct {
		limits Limits
		says   string
	}{
		"everything was rehearsed": {Limits{RealSteps: 3, Rehearsed: 3}, ""},
		"a part of it": {Limits{Targets: []string{"client:a"}, Excludes: []string{"client:b", "group:c"}},
			"by -target=client:a -exclude=client:b -exclude=group:c."},
		"accounts for emergencies": {Limits{BreakGlass: true}, "Break-glass accounts were not tried"},
		"less than the real plan":  {Limits{RealSteps: 4, Rehearsed: 3}, "has 4 steps, the rehearsed one 3"},
		"more than the real plan":  {Limits{RealSteps: 1, Rehearsed: 2}, "has 1 steps, the rehearsed one 2"},
		"the real plan is a draft": {Limits{Draft: true}, "is a draft"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			notes := Notes(c.limits)
			if !strings.HasPrefix(notes[0], "Secrets were made up") {
				t.Errorf("it begins with %q", notes[0])
			}
			switch {
			case c.says == "" && len(notes) > 1:
				t.Errorf("it says %q, too", notes[1:])
			case c.says != "" && (len(notes) != 2 || !strings.Contains(notes[1], c.says)):
				t.Errorf("it says %q, wanted %q", notes, c.says)
			}
		})
	}
}
