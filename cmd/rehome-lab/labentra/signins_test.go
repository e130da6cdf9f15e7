package labentra_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labentra"
)

func TestSignInsMoveWithTheClockAndComeNewestFirst(t *testing.T) {
	_, web := signedIn(t, labentra.Options{})
	ask := func(days int) []any {
		now := time.Now().UTC()
		filter := "createdDateTime ge " + now.AddDate(0, 0,
			-days).Format(time.RFC3339) + " and createdDateTime le " + now.Format(time.RFC3339) +
			" and signInEventTypes/any(t: t eq 'interactiveUser')"
		return web.list("/beta/auditLogs/signIns?" + url.Values{"$filter": {filter}}.Encode())
	}
	all := ask(30)
	if len(all) != 5 || len(ask(3)) != 3 {
		t.Fatalf("%d sign-ins in thirty days, %d in three", len(all), len(ask(3)))
	}
	previous := time.Now()
	for _, element := range all {
		at, err := time.Parse(time.RFC3339, element.(map[string]any)["createdDateTime"].(string))
		if err != nil || at.After(previous) {
			t.Errorf("%v does not come before %s", element, previous)
		}
		previous = at
	}
	if status, _, _ := web.ask("GET",
		"/beta/auditLogs/signIns?"+url.Values{"$filter": {"appId eq 'x'"}}.Encode()); status != 400 {
		t.Errorf("a filter that the lab does not understand is answered with %d", status)
	}
}
