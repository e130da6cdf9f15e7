package terminal_test

import (
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/terminal"
)

func TestVariables_OfTwoWithOneNameTheLastCounts(t *testing.T) {
	v := terminal.Variables{"A=1", "AB=2", "A=3=4", "broken"}
	for name, want := range map[string]string{"A": "3=4", "AB": "2", "broken": "", "none": ""} {
		if got := v.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestVariables_KnowAPipeline(t *testing.T) {
	for set, want := range map[string]bool{
		"CI=true": true, "CI=1": true, "REHOME_IN_AUTOMATION=yes": true, "CI=": false, "CI=0": false, "CI=False": false, "X=1": false,
	} {
		if got := (terminal.Variables{set}).Automation(); got != want {
			t.Errorf("%s: %v", set, got)
		}
	}
}

func TestVariables_ColourIsForTerminalsAndForThoseWhoInsist(t *testing.T) {
	for _, c := range []struct {
		set      terminal.Variables
		terminal bool
		want     bool
	}{
		{nil, true, true}, {nil, false, false}, {terminal.Variables{"TERM=dumb"}, true, false},
		{terminal.Variables{"CLICOLOR_FORCE=1"}, false, true}, {terminal.Variables{"CLICOLOR_FORCE=0"}, false, false},
		{terminal.Variables{"CLICOLOR_FORCE=1", "NO_COLOR=1"}, true, false}, {terminal.Variables{"NO_COLOR="}, true, true},
	} {
		if got := c.set.Color(c.terminal); got != c.want {
			t.Errorf("%v in a terminal %v: %v", c.set, c.terminal, got)
		}
	}
}
