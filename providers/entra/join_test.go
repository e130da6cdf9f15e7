package entra

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

func TestCollect_JoinsApplicationsAssignmentsAndServicePrincipals(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("applications", elements(
		`{"id":"app-object","appId":"APP","displayName":"Portal",`+webRedirect+","+validPassword+`,"appRoles":[{"id":"r1","value":"Admin","isEnabled":true}]}`))
	f.answer("servicePrincipals", elements(
		`{"id":"sp-own","appId":"app","displayName":"Portal","accountEnabled":true,"appOwnerOrganizationId":"`+testTenant+`","appRoleAssignmentRequired":true,"servicePrincipalType":"Application"}`,
		`{"id":"sp-vendor","appId":"g","displayName":"Office","accountEnabled":true,"appOwnerOrganizationId":"f8cdef31-a31e-4b4a-93e4-5f571e91255a","appRoleAssignmentRequired":false}`,
		`{"id":"sp-lost","appId":"l","displayName":"Lost","accountEnabled":true,"appOwnerOrganizationId":"`+testTenant+`","appRoleAssignmentRequired":false,"servicePrincipalType":"Application"}`))
	f.answer("servicePrincipals/sp-own/appRoleAssignedTo", elements(
		`{"id":"as1","appRoleId":"00000000-0000-0000-0000-000000000000","principalId":"g1","principalType":"Group","principalDisplayName":"Staff"}`,
		`{"id":"as2","appRoleId":"r1","principalId":"u1","principalType":"User","principalDisplayName":"Ann"}`,
		`{"id":"as3","appRoleId":"gone","principalId":"u1","principalType":"User","principalDisplayName":"Ann"}`))
	s, _ := configured(t, f, nil)
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	app := attributes[kinds.Application](t, got, "application/app-object")
	if app.AssignedUsers != 1 || app.AssignedGroups != 1 || app.Access != "assigned" {
		t.Errorf("got %+v", app)
	}
	own := attributes[kinds.ServicePrincipal](t, got, "service_principal/sp-own")
	if !own.OwnTenant || own.JoinedApplication != "app-object" {
		t.Errorf("got %+v", own)
	}
	vendor := attributes[kinds.ServicePrincipal](t, got, "service_principal/sp-vendor")
	lost := attributes[kinds.ServicePrincipal](t, got, "service_principal/sp-lost")
	if !vendor.Vendor || vendor.OwnTenant || lost.Undecided == "" {
		t.Errorf("got %+v and %+v", vendor, lost)
	}
	admin := attributes[kinds.AppAssignment](t, got, "app_assignment/as2")
	item := got.items["app_assignment/as2"]
	application, _ := item.Refer("application")
	if admin.Role != "Admin" || !admin.Direct || application.ID != "app-object" {
		t.Errorf("got %+v %v", admin, item.References)
	}
	if !slices.Contains(got.items["app_assignment/as3"].Gaps, "role") {
		t.Error("a deleted role is no gap")
	}
	for _, request := range f.seen() {
		if strings.Contains(request, "sp-vendor") || strings.Contains(request, "sp-lost") {
			t.Errorf("an instance of no interest was asked for: %s", request)
		}
	}
}

func TestCollect_ReadsFederationAndLetsSubdomainsInherit(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("domains", elements(
		`{"id":"fed.example","authenticationType":"Federated","isVerified":true,"isDefault":true}`,
		`{"id":"eu.fed.example","authenticationType":"Federated","isVerified":true}`,
		`{"id":"plain.example","authenticationType":"Managed","isVerified":true}`,
		`{"id":"dark.example","authenticationType":"Federated","isVerified":true}`))
	f.answer("domains/fed.example/federationConfiguration", elements(`{"id":"fc","displayName":"ADFS","issuerUri":"http://fs.example/trust",
		"passiveSignInUri":"https://fs.example/adfs/ls","signingCertificate":"MII\nA","nextSigningCertificate":"MIIA","preferredAuthenticationProtocol":"wsFed"}`))
	f.answer("domains/dark.example/federationConfiguration",
		status(403, `{"error":{"code":"Authorization_RequestDenied","message":"no"}}`))
	s, _ := configured(t, f, nil)
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	provider := attributes[kinds.IdentityProvider](t, got, "identity_provider/fc")
	if provider.Protocol != "wsfed" || strings.Join(provider.Domains, " ") != "eu.fed.example fed.example" ||
		len(provider.SigningCertificates) != 1 {
		t.Errorf("got %+v", provider)
	}
	for _, name := range []string{"fed.example", "eu.fed.example"} {
		if to, _ := got.items["routing_rule/domain:"+name].Refer("provider"); to.ID != "fc" {
			t.Errorf("%s leads to %q", name, to.ID)
		}
	}
	if !slices.Contains(got.items["routing_rule/domain:dark.example"].Gaps, "provider") {
		t.Error("a forbidden configuration is no gap of the rule")
	}
	if len(got.gaps) != 1 || got.gaps[0].Permission != "Domain-InternalFederation.Read.All" {
		t.Errorf("got gaps %+v", got.gaps)
	}
	if attributes[kinds.Domain](t, got, "domain/plain.example").Federation != "managed" {
		t.Error("a managed domain was not read")
	}
}

func TestCollect_ReadsMembersAndNesting(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("groups", elements(
		`{"id":"g1","displayName":"All","securityEnabled":true}`, `{"id":"g2","displayName":"Middle","securityEnabled":true}`,
		`{"id":"g3","displayName":"Inner","securityEnabled":true}`,
		`{"id":"g4","displayName":"Hidden","securityEnabled":true,"visibility":"HiddenMembership"}`,
		`{"id":"g5","displayName":"Gone","securityEnabled":true}`))
	f.answer("groups/g1/members", elements(`{"@odata.type":"#microsoft.graph.group","id":"g2"}`,
		`{"@odata.type":"#microsoft.graph.device","id":"d1"}`))
	f.answer("groups/g2/members", elements(`{"@odata.type":"#microsoft.graph.group","id":"g3"}`))
	f.answer("groups/g3/members", elements(`{"@odata.type":"#microsoft.graph.group","id":"g1"}`,
		`{"@odata.type":"#microsoft.graph.user","id":"u1"}`, `{"id":"x1"}`))
	f.answer("groups/g4/members", elements())
	s, _ := configured(t, f, nil)
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	inner := attributes[kinds.Group](t, got, "group/g3")
	if strings.Join(inner.ParentGroups, " ") != "g1 g2" {
		t.Errorf("parents of g3: %v", inner.ParentGroups)
	}
	if !attributes[kinds.Group](t, got, "group/g4").HiddenMembers || !got.items["group/g5"].Deleted {
		t.Error("a hidden or a deleted group was taken for an empty one")
	}
	if member, _ := got.items["membership/g3/u1"].Refer("member"); member.Kind != identity.KindUser {
		t.Errorf("got %+v", member)
	}
	if attributes[kinds.Membership](t, got, "membership/g1/d1").MemberKind != "device" ||
		len(got.items["membership/g3/x1"].Gaps) != 1 {
		t.Error("members of other types were misread")
	}
	if len(got.gaps) != 1 || got.gaps[0].Permission != "Member.Read.Hidden" {
		t.Errorf("got gaps %+v", got.gaps)
	}
}

func TestCollect_FederatedCredentialsDecideAnApplicationWithoutSecrets(t *testing.T) {
	for name, c := range map[string]struct {
		answer    http.HandlerFunc
		undecided bool
	}{
		"they are there":     {elements(`{"id":"fic","issuer":"https://ci.example","subject":"s","audiences":["a"]}`), false},
		"they are forbidden": {status(403, `{"error":{"code":"Authorization_RequestDenied","message":"no"}}`), true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeTenant(t)
			f.answer("applications", elements(`{"id":"a1","appId":"app","displayName":"Pipeline"}`))
			f.answer("servicePrincipals",
				elements(`{"id":"sp","appId":"app","accountEnabled":true,"appOwnerOrganizationId":"`+testTenant+`","appRoleAssignmentRequired":false}`))
			f.answer("applications/a1/federatedIdentityCredentials", c.answer)
			s, _ := configured(t, f, nil)
			got, err := collect(t, s)
			if err != nil {
				t.Fatal(err)
			}
			app := attributes[kinds.Application](t, got, "application/a1")
			if (app.Undecided != "") != c.undecided {
				t.Errorf("undecided: %q", app.Undecided)
			}
			if !c.undecided && (app.ClientAuthentication != "private_key_jwt" || len(app.Credentials) != 1 ||
				app.Credentials[0].Issuer != "https://ci.example") {
				t.Errorf("got %+v", app)
			}
		})
	}
}

func TestCollect_DecidesNothingWithoutServicePrincipals(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("applications",
		elements(`{"id":"a1","appId":"app","displayName":"Portal",`+webRedirect+","+validPassword+`}`))
	f.answer("servicePrincipals", status(403, `{"error":{"code":"Authorization_RequestDenied","message":"no"}}`))
	s, _ := configured(t, f, nil)
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	app := attributes[kinds.Application](t, got, "application/a1")
	if app.Undecided == "" || app.Access != "" || !slices.Contains(got.items["application/a1"].Gaps, "service_principal") {
		t.Errorf("got %+v", app)
	}
}

func TestCollect_AnEmptyPageWithALinkIsNotTheEnd(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("users", linked("/v1.0/users?$skiptoken=two"))
	f.answer("users?two", linked("/v1.0/users?$skiptoken=three"))
	f.answer("users?three", elements(`{"id":"u1","accountEnabled":true}`))
	s, _ := configured(t, f, nil)
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	attributes[kinds.User](t, got, "user/u1")
}

func TestCollect_WithoutConditionalAccessSaysSo(t *testing.T) {
	f := newFakeTenant(t)
	s, _ := configured(t, f, map[string]any{"read_conditional_access": false})
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.gaps) != 1 || got.gaps[0].Kind != identity.KindAuthPolicy {
		t.Errorf("got gaps %+v", got.gaps)
	}
}
