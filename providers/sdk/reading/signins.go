package reading

import (
	"sort"
	"time"

	"github.com/rehome-iam/rehome/engine/observation"
)

// mostPeople is how many names the activity of one application holds.
const mostPeople = 100

// SignIns sums up sign-ins by application. Its zero value is empty; it is not safe for many goroutines.
type SignIns struct{ applications map[string]*signInUse }

type signInUse struct {
	last              time.Time
	signIns, failures int
	people            map[string]string // id of the person to login name
}

func (s *SignIns) use(application string) *signInUse {
	if s.applications == nil {
		s.applications = map[string]*signInUse{}
	}
	use := s.applications[application]
	if use == nil {
		use = &signInUse{people: map[string]string{}}
		s.applications[application] = use
	}
	return use
}

// Succeeded counts a sign-in. Person is empty where an application signed in as itself; login may be empty.
func (s *SignIns) Succeeded(application string, at time.Time, person, login string) {
	use := s.use(application)
	use.signIns++
	if at.After(use.last) {
		use.last = at.UTC()
	}
	if person != "" {
		use.people[person] = login
	}
}

// Failed counts a try that did not get in.
func (s *SignIns) Failed(application string) { s.use(application).failures++ }

// Activities lists what was counted, sorted by the name of their item or resource. Name gives an activity its item or
// resource; false leaves it out.
func (s *SignIns) Activities(name func(application string,
	activity *observation.SignInActivity) bool) []observation.SignInActivity {
	activities := []observation.SignInActivity{}
	for id, use := range s.applications {
		activity := use.activity()
		if name(id, &activity) {
			activities = append(activities, activity)
		}
	}
	sort.Slice(activities, func(i, j int) bool {
		a, b := activities[i], activities[j]
		return a.Item.ID+a.Resource.Key < b.Item.ID+b.Resource.Key
	})
	return activities
}

func (u *signInUse) activity() observation.SignInActivity {
	activity := observation.SignInActivity{SignIns: u.signIns, Failures: u.failures, PeopleCount: len(u.people)}
	if !u.last.IsZero() {
		activity.Last = u.last.Format(time.RFC3339)
	}
	for person, login := range u.people {
		if login == "" {
			login = person
		}
		activity.People = append(activity.People, login)
	}
	sort.Strings(activity.People)
	activity.People = activity.People[:min(len(activity.People), mostPeople)]
	return activity
}
