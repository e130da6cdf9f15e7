package gating

import (
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
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
func RefusalClient(flow, broker string) object.Object {
	return object.Object{
		"clientId": RefusalName, "name": "rehome refusal", "protocol": ProtocolOIDC, "enabled": true,
		"description":  "Shows whoever is not assigned to an application that he is not. Do not remove it while a gate stands.",
		"publicClient": false, "standardFlowEnabled": true, "implicitFlowEnabled": false, "directAccessGrantsEnabled": false,
		"serviceAccountsEnabled": false, "fullScopeAllowed": false, "redirectUris": []any{broker},
		"authenticationFlowBindingOverrides": object.Object{"browser": flow},
	}
}

// RefusalProvider is the provider that leads to the client of a refusal. Nobody ever comes back from there, and its
// secret fits no client. Prompt login keeps a prompt=create of the application away, which would show a registration.
func RefusalProvider(authorization, token, secret string) object.Object {
	return object.Object{
		"alias": RefusalName, "displayName": "rehome refusal", "providerId": "oidc", "enabled": true, "hideOnLogin": true,
		"trustEmail": false, "storeToken": false, "linkOnly": false,
		"firstBrokerLoginFlowAlias": RefusalFlow, "postBrokerLoginFlowAlias": RefusalFlow,
		"config": object.Object{
			"clientId": RefusalName, "clientSecret": secret, "authorizationUrl": authorization, "tokenUrl": token,
			"defaultScope": "openid", "clientAuthMethod": "client_secret_post", "prompt": "login",
			"showInAccountConsole": "NEVER",
		},
	}
}

// RefusalIsWhole tells whether client and provider of a refusal are as rehome makes them; nil is one that is not there.
// Where they are not, people are refused all the same, with a page that speaks of a wrong password. Authorization is the
// address that the provider must lead to, empty where nobody asked for it.
func RefusalIsWhole(client, provider object.Object, flow, authorization string) bool {
	if client == nil || provider == nil || flow == "" {
		return false
	}
	config := object.Peek(provider, "config")
	return object.Truth(client, "enabled") && object.Truth(client, "standardFlowEnabled") &&
		object.Text(object.Peek(client, "authenticationFlowBindingOverrides"), "browser") == flow &&
		object.Truth(provider, "enabled") && object.Text(provider, "postBrokerLoginFlowAlias") == RefusalFlow &&
		object.Text(provider, "firstBrokerLoginFlowAlias") == RefusalFlow && object.Text(config, "clientId") == RefusalName &&
		object.Text(config, "prompt") == "login" &&
		(authorization == "" || object.Text(config, "authorizationUrl") == authorization)
}
