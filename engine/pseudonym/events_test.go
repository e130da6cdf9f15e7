package pseudonym_test

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/pseudonym"
)

func TestEvent_NamesNobodyWhomTheRecordIsAbout(t *testing.T) {
	m := pseudonym.New([]byte("0123456789abcdef0123456789abcdef"), nil)
	ana := m.Pseudonym("okta.corp", "00uana")
	for name, c := range map[string]struct {
		event  audit.Event
		target string
		facts  map[string]string
	}{
		"a step about a person": {audit.Event{Target: "user:ana", Actor: "git:Jane", Facts: map[string]string{
			"resource": "user:ana", "items": "okta.corp/user/00uana", "people": "okta.corp/user/00uana", "target_id": "4b1f", "action": "create"}},
			"user:" + ana, map[string]string{"resource": "user:" + ana, "items": "okta.corp/user/" + ana, "action": "create",
				"people": "okta.corp/user/" + ana}},
		"a skipped person": {audit.Event{Target: "item:okta.corp/user/00uana", Facts: map[string]string{
			"items": "okta.corp/user/00uana", "people": "okta.corp/user/00uana"}}, "item:okta.corp/user/" + ana,
			map[string]string{"items": "okta.corp/user/" + ana, "people": "okta.corp/user/" + ana}},
		"a decision about a person": {audit.Event{Target: "okta.corp/user/00uana"}, "okta.corp/user/" + ana, nil},
		"a group": {audit.Event{Target: "group:/eng", Facts: map[string]string{"resource": "group:/eng",
			"items": "okta.corp/group/00g1, and 3 more", "target_id": "9"}}, "group:/eng",
			map[string]string{"resource": "group:/eng", "items": "okta.corp/group/00g1, and 3 more", "target_id": "9"}},
	} {
		before := len(c.event.Facts)
		got := m.Event(c.event)
		if got.Target != c.target || got.Actor != c.event.Actor || len(got.Facts) != len(c.facts) {
			t.Errorf("%s: %+v", name, got)
		}
		for fact, want := range c.facts {
			if got.Facts[fact] != want {
				t.Errorf("%s: %s is %q, wanted %q", name, fact, got.Facts[fact], want)
			}
		}
		if len(c.event.Facts) != before {
			t.Errorf("%s: the record itself was changed", name)
		}
	}
	membership := audit.Event{Target: "item:okta.corp/app_assignment/0oa1:00uana", Facts: map[string]string{
		"items":  "okta.corp/app_assignment/0oa1:00uana, okta.corp/app_assignment/0oa1:00ubob",
		"people": "okta.corp/user/00uana, okta.corp/user/00ubob"}}
	if got := m.Event(membership); strings.Contains(got.Target+got.Facts["items"]+got.Facts["people"], "00u") {
		t.Errorf("an assignment names its person: %+v", got)
	}
	var nobody *pseudonym.Masker
	if text := string(nobody.JSON([]byte(`"ana@acme.example"`))); text != `"ana@acme.example"` {
		t.Errorf("without a masker nobody is hidden, got %s", text)
	}
	if got := nobody.Event(membership); got.Target != membership.Target {
		t.Errorf("without a masker nobody is hidden, got %+v", got)
	}
}
