package terminal

import "strings"

// Variables are the variables of an environment, name=value; of two with one name the last counts.
type Variables []string

// Get is the value of a variable, empty where there is none.
func (v Variables) Get(name string) string {
	for i := len(v) - 1; i >= 0; i-- {
		if key, value, ok := strings.Cut(v[i], "="); ok && key == name {
			return value
		}
	}
	return ""
}

// Automation tells whether a pipeline runs us: then no advice to type commands is printed and nobody is asked.
func (v Variables) Automation() bool {
	on := func(name string) bool {
		value := v.Get(name)
		return value != "" && value != "0" && !strings.EqualFold(value, "false")
	}
	return on("CI") || on("REHOME_IN_AUTOMATION")
}

// Color tells whether output may be coloured: in a terminal that can, unless somebody asked for none (no-color.org), or
// wherever somebody insists (bixense.com/clicolors).
func (v Variables) Color(terminal bool) bool {
	if v.Get("NO_COLOR") != "" {
		return false
	}
	forced := v.Get("CLICOLOR_FORCE")
	return terminal && v.Get("TERM") != "dumb" || forced != "" && forced != "0"
}
