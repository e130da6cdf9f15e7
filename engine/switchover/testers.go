package switchover

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/observation"
)

// WithoutTesters leaves out of a report who only tries: an application is not switched because somebody whom the
// configuration names for probes has signed in to it. Where more people were there than the report names, somebody else
// was among them. Names are compared in any case.
func WithoutTesters(report observation.SignInReport, testers []string) observation.SignInReport {
	tries := func(name string) bool {
		return slices.ContainsFunc(testers, func(tester string) bool { return strings.EqualFold(tester, name) })
	}
	left := make([]observation.SignInActivity, 0, len(report.Applications))
	for _, activity := range report.Applications {
		people := slices.DeleteFunc(slices.Clone(activity.People), tries)
		gone := len(activity.People) - len(people)
		activity.People, activity.PeopleCount = people, activity.PeopleCount-gone
		if gone > 0 && activity.PeopleCount == 0 {
			activity.SignIns, activity.Last = 0, ""
		}
		left = append(left, activity)
	}
	report.Applications = left
	return report
}
