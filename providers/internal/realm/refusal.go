package realm

import (
	"slices"

	"github.com/rehome-iam/rehome/engine/identity"
)

// RefusalName is the name of the provider and of the client by which people are refused. They are made at a running
// server only, which knows its own address.
const RefusalName = "rehome-refusal"

// RefusalFlow is the alias of the flow that shows the page of a refusal.
const RefusalFlow = "rehome refusal"

// refusalFlow refuses a sign-in of nobody, so that it counts against nobody.
func refusalFlow() Flow {
	return Flow{Alias: RefusalFlow, Description: "Shows whoever is not assigned that he is not.", TopLevel: true,
		Executions: []Execution{{Authenticator: "deny-access-authenticator", Requirement: Required, Priority: 10,
			Config: &Config{Alias: RefusalFlow + " message", Values: map[string]string{
				"denyErrorMessage": "You are not assigned to this application."}}}}}
}

// RefusalClient is the client that a refusal leads to. Flow is the id of the flow that denies, broker the address at
// which the provider waits for an answer.
func RefusalClient(flow, broker string) Object {
	return Object{
		"clientId": RefusalName, "name": "rehome refusal", "protocol": ProtocolOIDC, "enabled": true,
		"description":  "Shows whoever is not assigned to an application that he is not. Do not remove it while a gate stands.",
		"publicClient": false, "standardFlowEnabled": true, "implicitFlowEnabled": false, "directAccessGrantsEnabled": false,
		"serviceAccountsEnabled": false, "fullScopeAllowed": false, "redirectUris": []any{broker},
		"authenticationFlowBindingOverrides": Object{"browser": flow},
	}
}

// RefusalProvider is the provider that leads to the client of a refusal. Nobody ever comes back from there, and its
// secret fits no client. Prompt login keeps a prompt=create of the application away, which would show a registration.
func RefusalProvider(authorization, token, secret string) Object {
	return Object{
		"alias": RefusalName, "displayName": "rehome refusal", "providerId": "oidc", "enabled": true, "hideOnLogin": true,
		"trustEmail": false, "storeToken": false, "linkOnly": false,
		"firstBrokerLoginFlowAlias": RefusalFlow, "postBrokerLoginFlowAlias": RefusalFlow,
		"config": Object{
			"clientId": RefusalName, "clientSecret": secret, "authorizationUrl": authorization, "tokenUrl": token,
			"defaultScope": "openid", "clientAuthMethod": "client_secret_post", "prompt": "login",
			"showInAccountConsole": "NEVER",
		},
	}
}

// RefusalIsWhole tells whether client and provider of a refusal are as rehome makes them; nil is one that is not there.
// Where they are not, people are refused all the same, with a page that speaks of a wrong password. Authorization is the
// address that the provider must lead to, empty where nobody asked for it.
func RefusalIsWhole(client, provider Object, flow, authorization string) bool {
	if client == nil || provider == nil || flow == "" {
		return false
	}
	config := peek(provider, "config")
	return truth(client, "enabled") && truth(client, "standardFlowEnabled") &&
		str(peek(client, "authenticationFlowBindingOverrides"), "browser") == flow &&
		truth(provider, "enabled") && str(provider, "postBrokerLoginFlowAlias") == RefusalFlow &&
		str(provider, "firstBrokerLoginFlowAlias") == RefusalFlow && str(config, "clientId") == RefusalName &&
		str(config, "prompt") == "login" && (authorization == "" || str(config, "authorizationUrl") == authorization)
}

// ReadServer makes all resources of a running realm out of its document. Beside what a file holds, its flows count as
// there only with what leads to the page of a refusal.
func ReadServer(doc Object) []identity.Resource {
	resources := ReadDocument(doc)
	flow := ""
	for _, each := range Objects(doc["authenticationFlows"]) {
		if str(each, "alias") == RefusalFlow {
			flow = str(each, "id")
		}
	}
	client := named(doc["clients"], "clientId")
	if RefusalIsWhole(client, named(doc["identityProviders"], "alias"), flow, "") {
		return resources
	}
	return slices.DeleteFunc(resources, func(r identity.Resource) bool {
		if r.Type != TypeGateFlows {
			return false
		}
		kept := slices.DeleteFunc(Texts(r.Attributes["flows"]), func(alias string) bool { return alias == RefusalFlow })
		r.Attributes["flows"] = List(kept)
		return len(kept) == 0
	})
}

// named finds what refuses in a section of a document, nil when it is not there.
func named(section any, key string) Object {
	all := Objects(section)
	if at := slices.IndexFunc(all, func(o Object) bool { return str(o, key) == RefusalName }); at >= 0 {
		return all[at]
	}
	return nil
}
