package records_test

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admintest"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/records"
)

const keeps = `{"eventsEnabled":true,"eventsExpiration":0,"enabledEventTypes":[]}`

// at is a moment of the day of the test, in the server's milliseconds.
func at(hour int) int64 { return time.Date(2026, 11, 22, hour, 0, 0, 0, time.UTC).UnixMilli() }

func event(id string, hour int, kind, client, user string) string {
	return fmt.Sprintf(`{"id":%q,"time":%d,"type":%q,"clientId":%q,"userId":%q,"details":{"username":%q}}`, id, at(hour),
		kind, client, user, user)
}

// realmOf is a realm with these answers, which keeps events unless they say otherwise.
func realmOf(t *testing.T, answers map[string]string) (*current.Realm, *admintest.Server) {
	t.Helper()
	all := map[string]string{"events/config": keeps, "events?direction=asc&max=1": "[" + event("0", 1, "LOGIN", "x",
		"z") + "]",
		"events": "[]", "users/count": "3", "client-session-stats": "[]"}
	maps.Copy(all, answers)
	server := admintest.New(t, all)
	return current.New(server.Client(t), ""), server
}

func fault(err error) *contract.ProviderError {
	var f *contract.ProviderError
	if errors.As(err, &f) {
		return f
	}
	return &contract.ProviderError{}
}

func TestSignIns_CountsPeopleMachinesAndFailuresOfEachClient(t *testing.T) {
	r, _ := realmOf(t, map[string]string{"events": "[" + strings.Join([]string{
		event("5", 7, "CODE_TO_TOKEN", "wiki", "jane"), event("4", 6, "CODE_TO_TOKEN", "wiki", "jane"),
		event("4", 6, "CODE_TO_TOKEN", "wiki", "jane"),                                  // a page that moved repeats it
		event("12", 6, "LOGIN", "wiki", "jane"), event("13", 5, "LOGIN", "wiki", "joe"), // they got a code, no more
		event("3", 5, "CODE_TO_TOKEN", "wiki", "joe"), event("2", 5, "LOGIN_ERROR", "wiki", "joe"),
		event("6", 4, "CLIENT_LOGIN", "job", ""), event("7", 4, "CLIENT_LOGIN_ERROR", "job", ""),
		event("8", 3, "LOGIN", "", "joe"), event("9", 3, "LOGOUT", "mail", "joe"),
		event("10", 1, "LOGIN", "old", "joe"), event("11", 9, "LOGIN", "future", "joe"),
	}, ",") + "]"})
	report, err := records.SignIns(t.Context(), r, "2026-11-22T02:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	if report.Covers != "2026-11-22T02:00:00Z" || report.Requests == 0 {
		t.Errorf("%+v", report)
	}
	if diff := cmp.Diff([]observation.SignInActivity{
		{Resource: identity.ResourceID{Type: "client", Key: "job"}, Last: "2026-11-22T04:00:00Z", SignIns: 1, Failures: 1},
		{Resource: identity.ResourceID{Type: "client", Key: "wiki"}, Last: "2026-11-22T07:00:00Z", SignIns: 3, Failures: 1,
			PeopleCount: 2, People: []string{"jane", "joe"}},
	}, report.Applications); diff != "" {
		t.Error(diff)
	}
}

// What the realm kept no longer, or not yet, is not "nobody signed in".
func TestSignIns_CoversNoMoreThanTheRealmKept(t *testing.T) {
	for name, c := range map[string]struct{ config, oldest, want string }{
		"all of the time": {keeps, event("0", 1, "LOGIN", "x", "z"), "2026-11-22T02:00:00Z"},
		"it keeps an hour": {`{"eventsEnabled":true,"eventsExpiration":3600}`, event("0", 1, "LOGIN", "x", "z"),
			"2026-11-22T07:00:00Z"},
		"the oldest event is late":  {keeps, event("0", 5, "LOGIN", "x", "z"), "2026-11-22T05:00:00Z"},
		"it may be on for a moment": {keeps, "", "2026-11-22T08:00:00Z"},
		"the later of both counts": {`{"eventsEnabled":true,"eventsExpiration":3600}`, event("0", 5, "LOGIN", "x", "z"),
			"2026-11-22T07:00:00Z"},
		"types that are needed": {`{"eventsEnabled":true,"enabledEventTypes":["LOGIN","CODE_TO_TOKEN"]}`,
			event("0", 1, "X", "x", "z"), "2026-11-22T02:00:00Z"},
		"it keeps longer than asked": {`{"eventsEnabled":true,"eventsExpiration":864000}`, event("0", 1, "X", "x", "z"),
			"2026-11-22T02:00:00Z"},
	} {
		r, _ := realmOf(t, map[string]string{"events/config": c.config, "events?direction=asc&max=1": "[" + c.oldest + "]"})
		report, err := records.SignIns(t.Context(), r, "2026-11-22T02:00:00Z")
		if err != nil || report.Covers != c.want {
			t.Errorf("%s: %s, wanted %s: %v", name, report.Covers, c.want, err)
		}
	}
}

func TestSignIns_ReadsAllPagesOfOneMoment(t *testing.T) {
	page := func(from, n int) string {
		var events []string
		for i := range n {
			events = append(events, event(fmt.Sprint(from+i), 5, "CODE_TO_TOKEN", "wiki", "jane"))
		}
		return "[" + strings.Join(events, ",") + "]"
	}
	// The end is fixed before the first page: what happens meanwhile would move the offsets.
	query := func(first string) string {
		return "events?" + url.Values{"type": {"LOGIN", "LOGIN_ERROR", "CLIENT_LOGIN", "CLIENT_LOGIN_ERROR", "CODE_TO_TOKEN",
			"CODE_TO_TOKEN_ERROR", "OAUTH2_DEVICE_CODE_TO_TOKEN", "OAUTH2_DEVICE_CODE_TO_TOKEN_ERROR"},
			"dateFrom": {fmt.Sprint(at(2))}, "dateTo": {fmt.Sprint(at(8))}, "max": {"1000"}, "first": {first}}.Encode()
	}
	r, server := realmOf(t, map[string]string{query("0"): page(0, 1000), query("1000"): page(1000, 1000),
		query("2000"): page(2000, 7), "events": "500"})
	report, err := records.SignIns(t.Context(), r, "2026-11-22T02:00:00Z")
	if err != nil || len(report.Applications) != 1 || report.Applications[0].SignIns != 2007 {
		t.Errorf("%+v, %v, asked %v", report, err, server.Asked())
	}
}

func TestSignIns_SaysWhyNothingCanBeTold(t *testing.T) {
	for name, c := range map[string]struct {
		since   string
		answers map[string]string
		code    contract.ErrorCode
		grant   string
	}{
		"no time": {"yesterday", nil, contract.ErrorInvalid, ""},
		"the realm keeps none": {"", map[string]string{"events/config": `{"eventsEnabled":false}`},
			contract.ErrorForbidden, "Save events"},
		"it keeps other types": {"",
			map[string]string{"events/config": `{"eventsEnabled":true,"enabledEventTypes":["LOGOUT"]}`}, contract.ErrorForbidden,
			"Save events"},
		"it keeps no redemption": {"",
			map[string]string{"events/config": `{"eventsEnabled":true,"enabledEventTypes":["LOGIN"]}`}, contract.ErrorForbidden,
			"Save events"},
		"the settings are closed": {"", map[string]string{"events/config": "403"}, contract.ErrorForbidden, ""},
		"the events are closed": {"", map[string]string{"events": "403", "events?direction=asc&max=1": "403"},
			contract.ErrorForbidden, ""},
		"the events do not read": {"", map[string]string{"events": "{"}, contract.ErrorInvalid, ""},
	} {
		r, _ := realmOf(t, c.answers)
		since := c.since
		if since == "" {
			since = "2026-11-22T02:00:00Z"
		}
		report, err := records.SignIns(t.Context(), r, since)
		if f := fault(err); f.Code != c.code || !strings.Contains(f.Permission, c.grant) || report.Applications != nil {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}

// question asks about a client that was opened at two o'clock.
func question(key string, attributes identity.Attributes) observation.UsageQuestion {
	return observation.UsageQuestion{Since: "2026-11-22T02:00:00Z", Opened: true,
		Resource: identity.Resource{Type: realm.TypeClient, Key: key, Attributes: attributes}}
}

func TestUsage_OfAClientIsWhatSessionsAndEventsSay(t *testing.T) {
	machine := identity.Attributes{"service_accounts": true}
	closed := question("wiki", nil)
	closed.Opened = false
	undated := question("wiki", nil)
	undated.Since = ""
	for name, c := range map[string]struct {
		question observation.UsageQuestion
		answers  map[string]string
		fact     string
		unknown  string
	}{
		"nobody came": {question("wiki", nil), nil, "", ""},
		"somebody came": {question("wiki", nil), map[string]string{"events": "[" + event("1", 5, "LOGIN",
			"wiki", "jane") + "]"}, "sign-ins: 1 by 1 people, the last on 2026-11-22", ""},
		"somebody came elsewhere": {question("wiki", nil), map[string]string{"events": "[" + event("1", 5, "LOGIN",
			"mail", "jane") + "]"}, "", ""},
		"a failure is no use": {question("wiki", nil), map[string]string{"events": "[" + event("1", 5,
			"LOGIN_ERROR", "wiki", "jane") + "]"}, "", ""},
		"sessions as numbers": {question("wiki", nil),
			map[string]string{"client-session-stats": `[{"clientId":"wiki","active":2,"offline":1}]`},
			"sessions now: 2, offline sessions: 1", ""},
		"sessions as texts": {question("wiki", nil),
			map[string]string{"client-session-stats": `[{"clientId":"wiki","active":"0","offline":"4"}]`},
			"sessions now: 0, offline sessions: 4", ""},
		"the realm keeps no events": {question("wiki", nil),
			map[string]string{"events/config": `{"eventsEnabled":false}`}, "", "does not keep sign-in events"},
		"the events may not be read": {question("wiki", nil), map[string]string{"events/config": "403"}, "",
			"may not be read"},
		"it keeps them for too short": {question("wiki", nil),
			map[string]string{"events/config": `{"eventsEnabled":true,"eventsExpiration":60}`}, "",
			"recorded since 2026-11-22T07:59:00Z only"},
		"when it was made is not known": {undated, nil, "", "recorded since"},
		"it was never open":             {closed, map[string]string{"events/config": `{"eventsEnabled":false}`}, "", ""},
		"there are no people": {question("wiki", nil), map[string]string{"users/count": "0",
			"events/config": "403"}, "", ""},
		"a machine needs no people": {question("job", machine), map[string]string{"users/count": "0",
			"events/config": "403"}, "", "may not be read"},
		"a machine came": {question("job", machine), map[string]string{"events": "[" + event("1", 5,
			"CLIENT_LOGIN", "job", "") + "]"}, "sign-ins: 1 by 0 people", ""},
		"machines leave no trace": {question("job", machine),
			map[string]string{"events/config": `{"eventsEnabled":true,"enabledEventTypes":["LOGIN"]}`}, "", "CLIENT_LOGIN"},
		"people do where machines do not": {question("wiki", nil),
			map[string]string{"events/config": `{"eventsEnabled":true,"enabledEventTypes":["LOGIN"]}`}, "", ""},
		"machines leave a trace": {question("job", machine),
			map[string]string{"events/config": `{"eventsEnabled":true,"enabledEventTypes":["LOGIN","CLIENT_LOGIN"]}`}, "", ""},
	} {
		r, _ := realmOf(t, c.answers)
		usages, err := records.Usage(t.Context(), r, []observation.UsageQuestion{c.question})
		if err != nil || len(usages) != 1 {
			t.Errorf("%s: %+v, %v", name, usages, err)
			continue
		}
		u := usages[0]
		if u.Used != (c.fact != "") || !strings.Contains(strings.Join(u.Facts, "\n"), c.fact) ||
			(u.Unknown == "") != (c.unknown == "") || !strings.Contains(u.Unknown, c.unknown) ||
			u.Resource != c.question.Resource.ID() {
			t.Errorf("%s: %+v", name, u)
		}
	}
}

func TestUsage_OfOtherTypesIsWhoHoldsThem(t *testing.T) {
	role := identity.Resource{Type: realm.TypeClientRole, Key: "wiki/editor",
		Attributes: identity.Attributes{"client": "wiki", "role": "editor"}}
	group := identity.Resource{Type: realm.TypeGroup, Key: "/eng", ServerID: "g1"}
	organization := identity.Resource{Type: realm.TypeOrganization, Key: "acme", ServerID: "o1"}
	client := map[string]string{"clients": `[{"clientId":"wiki","id":"c1"}]`, "clients/c1/roles/editor/users": "[]",
		"clients/c1/roles/editor/groups": "[]"}
	with := func(base map[string]string, path, answer string) map[string]string {
		all := maps.Clone(base)
		if all == nil {
			all = map[string]string{}
		}
		all[path] = answer
		return all
	}
	for name, c := range map[string]struct {
		resource identity.Resource
		beside   []identity.Resource // asked for in the same breath
		answers  map[string]string
		facts    []string
		unknown  string
	}{
		"a role that nobody holds": {role, nil, client, nil, ""},
		"a role that a person holds": {role, nil, with(client, "clients/c1/roles/editor/users", `[{"id":"u1"}]`),
			[]string{"people who hold it directly: at least one"}, ""},
		"a role that a stranger's group holds": {role, nil,
			with(client, "clients/c1/roles/editor/groups", `[{"id":"g","path":"/ops/night"}]`),
			[]string{"group /ops/night holds it, which this run did not give it"}, ""},
		"a role that our group holds": {role,
			[]identity.Resource{{Type: realm.TypeRoleAssignment, Key: "/ops -> wiki/editor"}},
			with(client, "clients/c1/roles/editor/groups", `[{"id":"g","path":"/ops"}]`), nil, ""},
		"a role whose client is gone": {role, nil, with(client, "clients", "[]"), nil, ""},
		"a role that may not be read": {role, nil, with(client, "clients/c1/roles/editor/users", "403"), nil,
			"may not read it"},
		"a group without members": {group, nil, map[string]string{"groups/g1/members": "[]"}, nil, ""},
		"a group with members": {group, nil, map[string]string{"groups/g1/members": `[{}]`},
			[]string{"members: at least one"}, ""},
		"a group that is gone": {group, nil, nil, nil, ""},
		"a group that may not be read": {group, nil, map[string]string{"groups/g1/members": "403"}, nil,
			"may not read it"},
		"an organization without members": {organization, nil, map[string]string{"organizations/o1/members/count": "0"}, nil,
			""},
		"an organization with members": {organization, nil, map[string]string{"organizations/o1/members/count": "4",
			"organizations/o1/members": "[]"}, []string{"members: 4"}, ""},
		"an organization that is gone": {organization, nil, nil, nil, ""},
	} {
		r, _ := realmOf(t, c.answers)
		questions := []observation.UsageQuestion{{Resource: c.resource}}
		for _, beside := range c.beside {
			questions = append(questions, observation.UsageQuestion{Resource: beside})
		}
		usages, err := records.Usage(t.Context(), r, questions)
		if err != nil || len(usages) != len(questions) {
			t.Errorf("%s: %+v, %v", name, usages, err)
			continue
		}
		if u := usages[0]; !slices.Equal(u.Facts, c.facts) || u.Used != (c.facts != nil) ||
			!strings.Contains(u.Unknown, c.unknown) || (u.Unknown == "") != (c.unknown == "") {
			t.Errorf("%s: %+v", name, u)
		}
	}
}

// Members that came through the provider of an organization lose their accounts with it: where that cannot be told, it
// is assumed.
func TestUsage_OfAnOrganizationWarnsOfAccountsThatWouldGoWithIt(t *testing.T) {
	for answer, want := range map[string]int{`[]`: 1, `[{"id":"u1"}]`: 2, "403": 2} {
		r, _ := realmOf(t, map[string]string{"organizations/o1/members/count": "1", "organizations/o1/members": answer})
		usages, err := records.Usage(t.Context(), r, []observation.UsageQuestion{{Resource: identity.Resource{
			Type: realm.TypeOrganization, Key: "acme", ServerID: "o1"}}})
		if err != nil || len(usages[0].Facts) != want {
			t.Errorf("%s: %+v, %v", answer, usages, err)
		}
	}
}

func TestUsage_AServerThatFailsIsNoAnswer(t *testing.T) {
	for _, path := range []string{"users/count", "client-session-stats", "events/config"} {
		r, _ := realmOf(t, map[string]string{path: "500"})
		if usages, err := records.Usage(t.Context(), r, []observation.UsageQuestion{question("wiki", nil)}); err == nil {
			t.Errorf("%s failed, and the answer is %+v", path, usages)
		}
	}
}
