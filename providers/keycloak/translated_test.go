package keycloak

import (
	"fmt"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// translatedItems are items as a source might give them, those that others refer to first.
func translatedItems(t *testing.T) []identity.Item {
	t.Helper()
	item := func(kind identity.Kind, id, name string, attributes any) identity.Item {
		made, err := identity.NewItem(kind, id, name, attributes)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	return []identity.Item{
		item(identity.KindApplication, "0oa1", "Wiki", kinds.Application{
			Name: "Wiki", Status: identity.StatusActive, Protocol: "oidc", Mode: "OPENID_CONNECT",
			Access:   identity.AccessAssigned,
			ClientID: "wiki", ClientType: "confidential", ClientAuthentication: "client_secret_basic",
			RedirectURIs: []string{"https://wiki.example.test/cb"}, WebOrigins: []string{"https://wiki.example.test"},
			PostLogoutRedirectURIs: []string{"https://wiki.example.test/bye"},
			GrantTypes:             []string{"authorization_code", "refresh_token"}, PKCERequired: true, ClaimsKnown: true,
		}),
		item(identity.KindApplication, "0oa2", "Payroll", kinds.Application{
			Name: "Payroll", Status: identity.StatusActive, Protocol: "saml", Mode: "SAML_2_0", Access: identity.AccessEveryone,
			EntityID: "https://payroll.example.test/saml", ACSURL: "https://payroll.example.test/acs",
			NameIDFormat: "emailAddress",
			NameIDSource: "${user.email}", SignAssertion: true, SignResponse: true, SignatureAlgorithm: "RSA_SHA256",
			DigestAlgorithm: "SHA256",
			ClaimsKnown:     true, AttributeStatements: []kinds.AttributeStatement{
				{Name: "mail", NameFormat: "Basic", Type: "EXPRESSION", Values: []string{"user.email"}}},
		}),
		item(identity.KindApplication, "0oa3", "Mobile", kinds.Application{
			Name: "Mobile", Status: identity.StatusActive, Protocol: "oidc", Access: identity.AccessEveryone, ClientID: "mobile",
			ClientType: "public", ClientAuthentication: "none", RedirectURIs: []string{"https://m.example.test/cb"},
			WebOrigins: []string{"https://m.example.test"},
			GrantTypes: []string{"authorization_code"}, PKCERequired: true, ClaimsKnown: true,
		}),
		item(identity.KindApplication, "0oa4", "An API of two names", kinds.Application{ // case E66
			Name: "api-two", Status: identity.StatusActive, Protocol: "oidc", Access: identity.AccessEveryone,
			ClientID: "865000c8-a88a-41c0-2244-07c9d752ad79", ClientType: "confidential",
			ClientAuthentication: "client_secret_post", RedirectURIs: []string{"https://j.example.test/cb"},
			Audiences:  []string{"https://acme.example.test/api", "api://acme/two"},
			GrantTypes: []string{"authorization_code", "client_credentials"}, ClaimsKnown: true,
		}),
	}
}

// resolve puts keys in the place of references, as the engine does.
func resolve(value any, keys map[string]string) any {
	if reference, ok := identity.AsItemReference(value); ok {
		return keys[reference.Item.String()+" "+reference.Type]
	}
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, each := range v {
			out[name] = resolve(each, keys)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, each := range v {
			out[i] = resolve(each, keys)
		}
		return out
	}
	return value
}

func TestKeycloak_WhatIsTranslatedReadsBackAsItWasWanted(t *testing.T) {
	target, _ := liveTarget(t)
	mustApply(t, target, create(realm.TypeGateFlows, realm.GateFlowsKey,
		identity.Attributes{"name": realm.GateFlowsKey, "flows": baseFlowAliases()}))
	done := applyTranslated(t, target, translatedItems(t))
	live := readAll(t, target)
	for id, wanted := range done {
		for _, name := range differing(wanted.ID(), wanted.Attributes, live[id].Attributes) {
			t.Errorf("%s: %s reads back as %v, want %v", id, name, live[id].Attributes[name], wanted.Attributes[name])
		}
	}
}

// applyTranslated makes what items become, in their order, and returns it by its address.
func applyTranslated(t *testing.T, target *Target, items []identity.Item) map[string]identity.Resource {
	t.Helper()
	done := map[string]identity.Resource{}
	keys := map[string]string{} // item and resource type to the key it got
	for _, item := range items {
		translation := target.Translate(item)
		if len(translation.Resources) == 0 {
			t.Errorf("%s becomes nothing: %+v", item.Name, translation.Findings)
		}
		for _, resource := range translation.Resources {
			if _, twice := done[resource.ID().String()]; twice || resource.Type == realm.TypeGateFlows {
				continue
			}
			resource.Attributes = resolve(map[string]any(resource.Attributes), keys).(map[string]any)
			if resource.Type == realm.TypeRoleAssignment { // as the plan does, once it knows what is referred to
				resource.Key = fmt.Sprintf("%s -> %s/%s", resource.Attributes["group"], resource.Attributes["client"],
					resource.Attributes["role"])
			}
			done[resource.ID().String()] = resource
			keys[identity.ItemID{Kind: item.Kind, ID: item.ID}.String()+" "+resource.Type] = resource.Key
			mustApply(t, target, contract.StepRequest{Action: contract.ActionCreate, Resource: resource.ID(),
				After: resource.Attributes, Tag: "okta.corp/" + item.ID})
		}
	}
	return done
}
