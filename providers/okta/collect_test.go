package okta_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/okta"
)

const (
	apps    = "/api/v1/apps?limit=200"
	idps    = "/api/v1/idps?limit=200"
	wire    = "/api/v1/meta/schemas/apps/0oa9/default"
	groups  = "/api/v1/groups?limit=10000"
	users   = "/api/v1/users?limit=200"
	planted = "PLANTED-client-secret"
)

// smallOrg holds one of each.
func smallOrg(t *testing.T) *fakeOrg {
	org := newOrg(t)
	org.bodies[apps] = `[{"id":"0oa1","name":"oidc_client","label":"Wiki","status":"ACTIVE","signOnMode":"OPENID_CONNECT","settings":{"implicitAssignment":false,
		"oauthClient":{"redirect_uris":["https://wiki/cb"],"grant_types":["authorization_code","urn:ietf:params:oauth:grant-type:device_code"],"application_type":"web","surprise":{"x":1}}},
		"credentials":{"oauthClient":{"client_id":"wiki","token_endpoint_auth_method":"client_secret_basic","client_secret":"` + planted + `"}},
		"_links":{"accessPolicy":{"href":"https://x/api/v1/policies/rst1"}}},
		{"id":"0oa2","name":"saasure","label":"Admin Console","status":"ACTIVE","signOnMode":"OPENID_CONNECT","settings":{}}]`
	org.bodies["/api/v1/apps/0oa1/groups?limit=200"] = `[{"id":"00g1","priority":0,"profile":{}}]`
	org.bodies["/api/v1/apps/0oa1/users?limit=500"] = `[{"id":"00u1","scope":"USER","status":"ACTIVE","credentials":{"userName":"Ann","password":{"value":"` + planted + `"}}},
		{"id":"00u2","scope":"GROUP","status":"SUSPENDED","credentials":{"userName":"bob"}}]`
	org.bodies[idps] = `[{"id":"0oa9","name":"Up","type":"OIDC","status":"ACTIVE","protocol":{"type":"OIDC","credentials":{"client":{"client_id":"c","client_secret":"` + planted + `"}}},
		"policy":{"maxClockSkew":1500,"subject":{"userNameTemplate":{"template":"idpuser.mail"}},"provisioning":{"action":"AUTO"},"accountLink":{"action":"AUTO","filter":{"groups":{"include":["00g1"]}}}}}]`
	org.bodies["/api/v1/idps/0oa9"] = `{"id":"0oa9","protocol":{"credentials":{"client":{"client_secret":"` + planted +
		`"}}}}`
	org.bodies["/api/v1/apps/0oa1/credentials/secrets"] = `[{"id":"ocs1","status":"ACTIVE","created":"2024-01-01","client_secret":"old"},
		{"id":"ocs2","status":"ACTIVE","created":"2025-01-01","client_secret":"` + planted + `"},{"id":"ocs3","status":"INACTIVE","created":"2026-01-01","client_secret":"gone"}]`
	org.bodies["/api/v1/mappings?limit=200&sourceId=0oa9"] = `[{"id":"prm1","source":{"id":"0oa9"}},{"id":"prm2","source":{"id":"other"}}]`
	org.bodies[wire] = `{"definitions":{"base":{"properties":{"mail":{"externalName":"https://up.example/mail"},"userName":{}}}}}`
	org.bodies["/api/v1/mappings/prm1"] = `{"id":"prm1","properties":{"email":{"expression":"appuser.mail"},"x":{"expression":"a + b"}}}`
	org.bodies["/api/v1/policies?type=ACCESS_POLICY"] = `[{"id":"rst1","type":"ACCESS_POLICY","status":"ACTIVE","name":"Any","priority":1}]`
	org.bodies["/api/v1/policies/rst1/rules"] = `[{"id":"rul1","status":"ACTIVE","name":"Catch-all","priority":99,"system":true,"actions":{"appSignOn":{"access":"ALLOW","verificationMethod":{"factorMode":"2FA"}}}}]`
	org.bodies["/api/v1/policies?type=IDP_DISCOVERY"] = `[{"id":"00p1","type":"IDP_DISCOVERY","status":"ACTIVE","name":"Discovery"}]`
	org.bodies["/api/v1/policies/00p1/rules"] = `[{"id":"r3","status":"ACTIVE","name":"Default","priority":99,"system":true,"actions":{"idp":{"providers":[{"type":"OKTA"}]}}},
		{"id":"r2","status":"ACTIVE","name":"Second","priority":2,"conditions":{"userIdentifier":{"type":"IDENTIFIER","patterns":[{"matchType":"SUFFIX","value":"Acme.com"}]},"network":{"connection":"ZONE"}},"actions":{"idp":{"providers":[{"type":"OIDC","id":"0oa9"}]}}},
		{"id":"r1","status":"ACTIVE","name":"First","priority":1,"conditions":{"userIdentifier":{"type":"IDENTIFIER","patterns":[{"matchType":"SUFFIX","value":"@Acme.com"},{"matchType":"EXPRESSION","value":".*@b\\.example"}]},"network":{"connection":"ANYWHERE"},"platform":{"include":[{"type":"ANY","os":{"type":"ANY"}}]},"app":{"include":[],"exclude":[]}},"actions":{"idp":{"idpSelectionType":"SPECIFIC","providers":[{"type":"OIDC","id":"0oa9"}]}}}]`
	org.bodies["/api/v1/policies?type=OKTA_SIGN_ON"] = `[{"id":"00p2","type":"OKTA_SIGN_ON","status":"ACTIVE","name":"Sign-on"}]`
	org.bodies["/api/v1/policies/00p2/rules"] = `[{"id":"s1","status":"ACTIVE","actions":{"signon":{"session":{"maxSessionIdleMinutes":120,"maxSessionLifetimeMinutes":0}}}},
		{"id":"s2","status":"ACTIVE","actions":{"signon":{"session":{"maxSessionIdleMinutes":60,"maxSessionLifetimeMinutes":720}}}}]`
	org.bodies["/api/v1/groups/rules?limit=200"] = `[{"id":"0pr1","type":"group_rule","status":"ACTIVE","name":"Eng","conditions":{"expression":{"value":"user.department==\"eng\""}},"actions":{"assignUserToGroups":{"groupIds":["00g1"]}}}]`
	org.bodies[groups] = `[{"id":"00g0","type":"BUILT_IN","profile":{"name":"Everyone"}},{"id":"00g1","type":"OKTA_GROUP","profile":{"name":"Eng","cost":9007199254740993,"tags":["a","b"]}}]`
	org.bodies["/api/v1/groups/00g1/users?limit=1000"] = `[{"id":"00u1","profile":{"login":"Ann"}}]`
	org.bodies["/api/v1/domains"] = `{"domains":[{"id":"Oc1","domain":"Id.Acme.com","validationStatus":"VERIFIED"}]}`
	org.bodies[users] = `[{"id":"00u1","status":"PROVISIONED","profile":{"login":"Ann","email":"ann@acme.com"},"credentials":{"provider":{"type":"OKTA"}}}]`
	org.bodies["/api/v1/users?filter=status+eq+%22DEPROVISIONED%22&limit=200"] = `[{"id":"00u3","status":"DEPROVISIONED","profile":{"login":"cy"}}]`
	return org
}

func collect(t *testing.T, org *fakeOrg) (*memory, error) {
	t.Helper()
	sink := &memory{}
	return sink, org.source(t).Collect(t.Context(), sink)
}

func TestCollectHandsOutEveryKind(t *testing.T) {
	sink, err := collect(t, smallOrg(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"app_assignment/0oa1:00g1", "app_assignment/0oa1:00u1", "app_assignment/0oa1:00u2",
		"application/0oa1", "application/0oa2",
		"auth_policy/0pr1", "auth_policy/rst1", "domain/Oc1", "group/00g0", "group/00g1", "identity_provider/0oa9",
		"membership/00g1:00u1",
		"routing_rule/r1", "routing_rule/r2", "routing_rule/r3", "session_policy/00p2", "user/00u1", "user/00u3"}
	if got := sink.ids(); !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
	if len(sink.gaps) != 0 {
		t.Fatalf("gaps %+v", sink.gaps)
	}
	for _, item := range sink.items {
		if item.Page == 0 || (item.Kind != identity.KindMembership && len(item.Raw) == 0) {
			t.Errorf("%s has no evidence", item.Address())
		}
	}
}

func TestApplicationsCarryWhatATargetNeeds(t *testing.T) {
	sink, err := collect(t, smallOrg(t))
	if err != nil {
		t.Fatal(err)
	}
	item := sink.item(t, identity.KindApplication, "0oa1")
	app := decode[kinds.Application](t, item)
	if app.Protocol != "oidc" || app.ClientID != "wiki" || app.ClientType != "confidential" || app.Access != "assigned" ||
		app.AssignedUsers != 1 ||
		app.AssignedGroups != 1 || app.PolicyID != "rst1" || app.PostLogoutRedirectURIs == nil ||
		app.GrantTypes[1] != "device_code" ||
		!reflect.DeepEqual(app.Unknown, []string{"settings.oauthClient.surprise.x"}) {
		t.Fatalf("%+v", app)
	}
	var carried []string
	for _, c := range app.Credentials {
		carried = append(carried, fmt.Sprintf("%s %s %s %t", c.Kind, c.ID, c.Status, c.Carried))
	}
	if want := []string{"secret ocs1 valid false", "secret ocs2 valid true", "secret ocs3 inactive false"}; !slices.Equal(
		carried, want) {
		t.Errorf("the credentials are %q", carried)
	}
	if len(item.Secrets) != 1 || item.Secrets[0].Field != "client_secret" {
		t.Fatalf("secrets %v", item.Secrets)
	}
	if vendor := decode[kinds.Application](t, sink.item(t, identity.KindApplication, "0oa2")); !vendor.Vendor ||
		vendor.Undecided != "" {
		t.Fatalf("%+v", vendor)
	}
	through := decode[kinds.AppAssignment](t, sink.item(t, identity.KindAppAssignment, "0oa1:00u2"))
	if through.Direct || through.Status != "inactive" {
		t.Fatalf("%+v", through)
	}
}

func TestProvidersRulesAndPoliciesCarryWhatATargetNeeds(t *testing.T) {
	sink, err := collect(t, smallOrg(t))
	if err != nil {
		t.Fatal(err)
	}
	idp := decode[kinds.IdentityProvider](t, sink.item(t, identity.KindIdentityProvider, "0oa9"))
	if idp.ClockSkewSeconds != 2 || idp.UsernameTemplate != "idpuser.https://up.example/mail" || idp.AccountLink != "filtered" || !idp.MappingsKnown ||
		!reflect.DeepEqual(idp.Mappings, []kinds.AttributeMapping{{From: "https://up.example/mail",
			To: "email"}, {From: "a + b", To: "x"}}) {
		t.Fatalf("%+v", idp)
	}
	first := decode[kinds.RoutingRule](t, sink.item(t, identity.KindRoutingRule, "r1"))
	if !first.Simple || len(first.Earlier) != 0 || !reflect.DeepEqual(first.Domains, []string{"acme.com", "b.example"}) {
		t.Fatalf("%+v", first)
	}
	second := decode[kinds.RoutingRule](t, sink.item(t, identity.KindRoutingRule, "r2"))
	if second.Simple || !reflect.DeepEqual(second.Earlier, []string{"First"}) || len(second.Conditions) != 1 {
		t.Fatalf("%+v", second)
	}
	if last := decode[kinds.RoutingRule](t, sink.item(t, identity.KindRoutingRule,
		"r3")); last.ProviderType != "local" || !last.System {
		t.Fatalf("%+v", last)
	}
	policy := sink.item(t, identity.KindAuthPolicy, "rst1")
	if p := decode[kinds.AuthPolicy](t, policy); !p.Restricts || p.Rules != 1 ||
		!strings.Contains(p.Summary[0], "2FA") || !strings.Contains(string(policy.Raw), `"rules":[`) {
		t.Fatalf("%+v %s", p, policy.Raw)
	}
	if s := decode[kinds.SessionPolicy](t, sink.item(t, identity.KindSessionPolicy, "00p2")); s.IdleMinutes != 60 ||
		s.LifetimeMinutes != 720 {
		t.Fatalf("%+v", s)
	}
	group := decode[kinds.Group](t, sink.item(t, identity.KindGroup, "00g1"))
	if !group.Dynamic || group.Attributes["cost"][0] != "9007199254740993" || len(group.Attributes["tags"]) != 2 {
		t.Fatalf("%+v", group)
	}
}

func TestNoSecretIsInAnItemAPageOrAnError(t *testing.T) {
	org := smallOrg(t)
	sink, err := collect(t, org)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal([]any{sink.items, sink.gaps})
	if err != nil {
		t.Fatal(err)
	}
	everything := string(encoded)
	for _, page := range sink.pages {
		everything += string(page.Body) + page.Query
	}
	for _, secret := range []string{planted, plantedToken} {
		if strings.Contains(everything, secret) {
			t.Errorf("%s is in an item or page", secret)
		}
	}
	org.faults[apps] = refuse(400, "E0000001", "bad token "+plantedToken)
	if _, err = collect(t, org); err == nil || strings.Contains(err.Error(), plantedToken) {
		t.Errorf("the error is %v", err)
	}
}

func TestSecretsAreFetchedWhenAskedFor(t *testing.T) {
	source := smallOrg(t).source(t)
	for _, id := range []identity.ItemID{{Kind: identity.KindIdentityProvider, ID: "0oa9"},
		{Kind: identity.KindApplication, ID: "0oa1"}} {
		if got, err := source.Secret(t.Context(), id, "client_secret"); err != nil || got != planted {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
	if _, err := source.Secret(t.Context(), identity.ItemID{Kind: identity.KindUser, ID: "x"}, "password"); err == nil {
		t.Error("a password was handed out")
	}
}

func TestRequestsStayWithinFivePercentOfPages(t *testing.T) {
	org := smallOrg(t)
	sink, err := collect(t, org)
	if err != nil {
		t.Fatal(err)
	}
	if float64(org.requests) > float64(len(sink.pages))*1.05 {
		t.Fatalf("%d requests for %d pages: %v", org.requests, len(sink.pages), org.seen)
	}
}

func TestAListGoesOnUntilThereIsNoNextPage(t *testing.T) {
	org := newOrg(t)
	for page := range 5 {
		location := users
		if page > 0 {
			location = fmt.Sprintf("/api/v1/users?after=%d&limit=200", page)
		}
		org.bodies[location] = fmt.Sprintf(`[{"id":"u%da"},{"id":"u%db"}]`, page, page)
		if page < 4 {
			org.next[location] = fmt.Sprintf(`<%s/api/v1/users?after=%d&limit=200>; rel="next"`, org.URL, page+1)
		}
	}
	sink, err := collect(t, org)
	if err != nil || len(sink.items) != 10 {
		t.Fatalf("%d items, %v", len(sink.items), err)
	}
}

func TestTemporaryFaultsAreOvercome(t *testing.T) {
	faults := map[string]http.HandlerFunc{
		"500": refuse(500, "E0000009", "Internal Server Error"),
		"429": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(time.Now().Unix()+1, 10))
			refuse(429, "E0000047", "API call exceeded rate limit")(w, r)
		},
		"cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "500")
			fmt.Fprint(w, `[{"id"`)
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			org := smallOrg(t)
			org.faults[users] = func(w http.ResponseWriter, r *http.Request) {
				delete(org.faults, users)
				fault(w, r)
			}
			sink, err := collect(t, org)
			if err != nil || org.seen[users] != 2 {
				t.Fatalf("%d requests, %v", org.seen[users], err)
			}
			sink.item(t, identity.KindUser, "00u1")
		})
	}
}

func TestAServerThatBreaksItsContractIsAnErrorThatNamesThePage(t *testing.T) {
	body := func(text string) func(*fakeOrg) { return func(o *fakeOrg) { o.bodies[users] = text } }
	cases := map[string]func(*fakeOrg){
		"null list": body("null"), "object": body(`{"id":"x"}`), "empty": body(""), "null element": body("[null]"),
		"no id": body("[{}]"),
		"half":  body(`[{"id":"x"}`), "trailing": body(`[] []`),
		"html": func(o *fakeOrg) {
			o.faults[users] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprint(w, "<html>sign in</html>")
			}
		},
		"loop":     func(o *fakeOrg) { o.next[users] = "<" + o.URL + users + `>; rel="next"` },
		"foreign":  func(o *fakeOrg) { o.next[users] = `<https://other.example.com/api/v1/users?after=1>; rel="next"` },
		"bad link": func(o *fakeOrg) { o.next[users] = `<https://%zz/>; rel="next"` },
		"duplicate": func(o *fakeOrg) {
			o.next[users] = `</api/v1/users?after=1&limit=200>; rel="next"`
			o.bodies["/api/v1/users?after=1&limit=200"] = `[{"id":"new"},{"id":"00u1"}]`
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			org := smallOrg(t)
			change(org)
			_, err := collect(t, org)
			var known *contract.ProviderError
			if !errors.As(err, &known) || known.Code != contract.ErrorInvalid ||
				!strings.HasPrefix(known.Page, "GET /api/v1/users?") {
				t.Fatalf("got %#v", err)
			}
		})
	}
}

func TestAWrongTokenIsUnauthorized(t *testing.T) {
	org := smallOrg(t)
	org.faults["/api/v1/apps?limit=1"] = refuse(401, "E0000011", "Invalid token provided")
	org.faults[apps] = org.faults["/api/v1/apps?limit=1"]
	_, err := org.source(t).Identify(t.Context())
	var known *contract.ProviderError
	if !errors.As(err, &known) || known.Code != contract.ErrorUnauthorized {
		t.Fatalf("got %v", err)
	}
	if _, err = collect(t, org); !errors.As(err, &known) || known.Code != contract.ErrorUnauthorized {
		t.Fatalf("got %v", err)
	}
}

func TestAForbiddenListIsAGapThatNamesThePermission(t *testing.T) {
	org := smallOrg(t)
	org.faults[idps] = refuse(403, "E0000006", "You do not have permission")
	org.faults["/api/v1/groups/00g1/users?limit=1000"] = org.faults[idps]
	sink, err := collect(t, org)
	if err != nil || len(sink.gaps) != 2 {
		t.Fatalf("%+v, %v", sink.gaps, err)
	}
	for _, gap := range sink.gaps {
		if gap.Status != 403 || gap.Permission == "" || gap.Path == "" {
			t.Errorf("%+v", gap)
		}
	}
	if g := sink.item(t, identity.KindGroup, "00g1"); !decode[kinds.Group](t, g).HiddenMembers || len(g.Gaps) != 1 {
		t.Errorf("%+v", g)
	}
}

func TestMissingFeaturesAndUnreadableMappingsDoNotStopACollection(t *testing.T) {
	org := smallOrg(t)
	org.faults["/api/v1/policies?type=ACCESS_POLICY"] = refuse(400, "E0000001", "Invalid policy type specified")
	org.faults["/api/v1/policies?type=PROFILE_ENROLLMENT"] = refuse(401, "E0000015",
		"You do not have permission to access the feature")
	org.faults["/api/v1/mappings/prm1"] = refuse(403, "E0000006", "no")
	sink, err := collect(t, org)
	if err != nil || len(sink.gaps) != 3 {
		t.Fatalf("%+v, %v", sink.gaps, err)
	}
	features := 0
	for _, gap := range sink.gaps {
		if gap.Permission == "" && strings.HasPrefix(gap.Reason, "feature not in this org") {
			features++
		}
	}
	if idp := decode[kinds.IdentityProvider](t, sink.item(t, identity.KindIdentityProvider, "0oa9")); features != 2 ||
		idp.MappingsKnown {
		t.Fatalf("%d features, %+v", features, idp)
	}
}

func TestAnAppThatIsDeletedWhileReadingIsMarked(t *testing.T) {
	org := smallOrg(t)
	org.faults["/api/v1/apps/0oa1/groups?limit=200"] = refuse(404, "E0000007", "Not found")
	org.faults["/api/v1/apps/0oa1"] = refuse(404, "E0000007", "Not found")
	sink, err := collect(t, org)
	if err != nil || !sink.item(t, identity.KindApplication, "0oa1").Deleted {
		t.Fatal(err)
	}
}

func TestAListThatIsMissingWhileItsOwnerIsThereIsAGap(t *testing.T) {
	cases := []struct {
		name, list, owner string
		kind              identity.Kind
		id, gap           string
	}{
		{"people of an app", "/api/v1/apps/0oa1/users?limit=500", "/api/v1/apps/0oa1", identity.KindApplication, "0oa1",
			"assigned_users"},
		{"members of a group", "/api/v1/groups/00g1/users?limit=1000", "/api/v1/groups/00g1", identity.KindGroup,
			"00g1", "members"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			org := smallOrg(t)
			org.faults[c.list] = refuse(404, "E0000007", "Not found: Resource not found: 0la1corrupt (AppLink)")
			org.bodies[c.owner] = `{"id":"` + c.id + `"}`
			sink, err := collect(t, org)
			if err != nil || len(sink.gaps) != 1 {
				t.Fatalf("%+v, %v", sink.gaps, err)
			}
			if gap := sink.gaps[0]; gap.Status != 404 || gap.Cause != identity.GapFailed || gap.Permission != "" {
				t.Errorf("the gap is %+v", gap)
			}
			if item := sink.item(t, c.kind, c.id); item.Deleted || !slices.Contains(item.Gaps, c.gap) {
				t.Errorf("the item is %+v", item)
			}
		})
	}
}

func TestAFeatureThatTheOrgDoesNotHaveIsAFactAndNotAMissingPermission(t *testing.T) {
	org := smallOrg(t)
	org.faults["/api/v1/mappings?limit=200&sourceId=0oa9"] = refuse(401, "E0000015",
		"You do not have permission to access the feature")
	sink, err := collect(t, org)
	if err != nil || len(sink.gaps) != 1 {
		t.Fatalf("%+v, %v", sink.gaps, err)
	}
	if gap := sink.gaps[0]; gap.Cause != identity.GapNotOffered || gap.Permission != "" ||
		!strings.Contains(gap.Reason, "feature not in this org") {
		t.Errorf("the gap is %+v", gap)
	}
	provider := sink.item(t, identity.KindIdentityProvider, "0oa9")
	if decode[kinds.IdentityProvider](t, provider).MappingsKnown || !slices.Contains(provider.Gaps, "mappings") {
		t.Errorf("the provider is %+v", provider)
	}
}

// A name of the org's own is no name on the wire: who cannot read the second does not take the first.
func TestNamesThatAProviderSendsAreAGapWhereTheirSchemaIsNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		fault http.HandlerFunc
		cause identity.GapCause
	}{
		"not there": {refuse(404, "E0000007", "Not found"), identity.GapNotOffered},
		"forbidden": {refuse(403, "E0000006", "no"), identity.GapForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			org := smallOrg(t)
			org.faults[wire] = c.fault
			sink, err := collect(t, org)
			if err != nil || len(sink.gaps) != 1 || sink.gaps[0].Cause != c.cause || sink.gaps[0].Of != "0oa9" {
				t.Fatalf("%+v, %v", sink.gaps, err)
			}
			item := sink.item(t, identity.KindIdentityProvider, "0oa9")
			if !slices.Contains(item.Gaps, "mappings") || !slices.Contains(item.Gaps, "username_template") {
				t.Errorf("the gaps are %q", item.Gaps)
			}
		})
	}
}

// Which secrets there are is told where it may be read, and missed nowhere.
func TestSecretsThatMayNotBeListedAreNoGap(t *testing.T) {
	org := smallOrg(t)
	org.faults["/api/v1/apps/0oa1/credentials/secrets"] = refuse(403, "E0000006", "no")
	sink, err := collect(t, org)
	if err != nil || len(sink.gaps) != 0 {
		t.Fatalf("%+v, %v", sink.gaps, err)
	}
	app := decode[kinds.Application](t, sink.item(t, identity.KindApplication, "0oa1"))
	if slices.ContainsFunc(app.Credentials, func(c kinds.Credential) bool { return c.Kind == "secret" }) {
		t.Errorf("%+v", app.Credentials)
	}
}

func TestAGroupRuleNamesItsGroupsAndWhomItLeavesOut(t *testing.T) {
	org := smallOrg(t)
	org.bodies["/api/v1/groups/rules?limit=200"] = `[{"id":"0pr1","type":"group_rule","status":"ACTIVE","name":"Eng","conditions":{
		"people":{"users":{"exclude":["00u9","00u8"]},"groups":{"exclude":["00gx"]}},
		"expression":{"value":"user.x==\"y\""}},"actions":{"assignUserToGroups":{"groupIds":["00g1"]}}}]`
	sink, err := collect(t, org)
	if err != nil {
		t.Fatal(err)
	}
	rule := decode[kinds.AuthPolicy](t, sink.item(t, identity.KindAuthPolicy, "0pr1"))
	want := `people with user.x=="y" go to group "Eng", but not 2 people (00u8, 00u9) and not the members of group "00gx"`
	if len(rule.Summary) != 1 || rule.Summary[0] != want || len(rule.Unknown) > 0 {
		t.Errorf("%q, unknown %q", rule.Summary, rule.Unknown)
	}
}

func TestConfigureSaysWhatIsWrong(t *testing.T) {
	good := func() map[string]any { return map[string]any{"org_url": "https://acme.okta.com/", "api_token": "t"} }
	if list := okta.New("1").Configure(t.Context(), good()); len(list) != 0 {
		t.Fatal(list)
	}
	cases := []struct {
		argument string
		value    any
	}{
		{"org_url", ""}, {"org_url", "http://acme.okta.com"}, {"org_url", "https://acme-admin.okta.com"},
		{"org_url", "acme.okta.com"},
		{"org_url", "https://acme.okta.com/api"}, {"org_url", "https://acme.okta.com.com"},
		{"org_url", "https://{yourOktaDomain}"}, {"org_url", 7.0},
		{"org_url", "https://u:p@acme.okta.com"}, {"connection_mode", "oauth"}, {"api_token", ""}, {"api_token", "a b"},
		{"rate_share", 0.0},
		{"rate_share", 1.5}, {"concurrency", 0.0}, {"concurrency", 1.5}, {"ca_file", "/does/not/exist"},
	}
	for _, c := range cases {
		config := good()
		config[c.argument] = c.value
		list := okta.New("1").Configure(t.Context(), config)
		if !list.HasErrors() || list[0].Address != c.argument || list[0].Detail == "" {
			t.Errorf("%s = %v: %v", c.argument, c.value, list)
		}
	}
}

func TestFilesAndVariablesOfTheSDKAreNotUsed(t *testing.T) {
	t.Setenv("OKTA_CLIENT_ORGURL", "https://evil.example.com")
	t.Setenv("OKTA_CLIENT_TOKEN", "evil")
	t.Setenv("OKTA_CLIENT_PROXY_HOST", "evil.example.com")
	t.Setenv("OKTA_CLIENT_AUTHORIZATIONMODE", "Bearer")
	org := smallOrg(t)
	got, err := org.source(t).Identify(t.Context())
	if err != nil || !strings.HasPrefix(org.URL, "https://"+got.Tenant+":") {
		t.Fatalf("%+v, %v", got, err)
	}
}
