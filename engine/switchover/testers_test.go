package switchover_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/switchover"
)

func TestWithoutTesters_WhoTriesDoesNotSwitchAnApplication(t *testing.T) {
	one := func(key string, count, signIns int, people ...string) observation.SignInActivity {
		a := observation.SignInActivity{Resource: identity.ResourceID{Type: "client", Key: key}, SignIns: signIns,
			PeopleCount: count, People: people, Failures: 1}
		if signIns > 0 {
			a.Last = "2026-11-20T08:00:00Z"
		}
		return a
	}
	report := observation.SignInReport{Covers: "2026-11-01T00:00:00Z", Applications: []observation.SignInActivity{
		one("tried", 1, 2, "Probe@acme.example"), one("used", 2, 3, "ana@acme.example", "probe@acme.example"),
		one("many", 300, 900, "probe@acme.example"), one("machine", 0, 4),
	}}
	want := []observation.SignInActivity{
		one("tried", 0, 0), one("used", 1, 3, "ana@acme.example"), one("many", 299, 900), one("machine", 0, 4),
	}
	got := switchover.WithoutTesters(report, []string{"probe@acme.example"})
	for i := range got.Applications {
		if len(got.Applications[i].People) == 0 {
			got.Applications[i].People = nil
		}
	}
	if diff := cmp.Diff(want, got.Applications); diff != "" {
		t.Error(diff)
	}
	made := &switchover.Mark{At: "2026-11-10T00:00:00Z"}
	reading := switchover.ReadingOf(got, "2026-11-21T00:00:00Z", made, func(a observation.SignInActivity) bool {
		return a.Resource.Key == "tried"
	})
	if reading.First != "" || reading.Failures != 1 {
		t.Errorf("an application that was only tried reads as %+v", reading)
	}
}
