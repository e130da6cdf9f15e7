package realmfile

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// TakesAlong implements steps.Guard: what a delete would take with it that is not its own.
func (c *change) TakesAlong(_ context.Context, step contract.StepRequest, _ *found) (string, error) {
	if takesAlong := rows()[step.Resource.Type].takesAlong; takesAlong != nil {
		return takesAlong(c, step.Resource.Key), nil
	}
	return "", nil
}

func (c *change) groupTakesAlong(path string) string {
	if len(object.Objects(c.group(realm.GroupPath(path))["subGroups"])) > 0 {
		return "it has sub-groups, which would be deleted with it"
	}
	return ""
}

func (c *change) providerTakesAlong(alias string) string {
	for _, organization := range object.Objects(c.root["organizations"]) {
		if find(organization, "identityProviders", "alias", alias) != nil {
			return fmt.Sprintf("it is linked to the organization %v, which would lose its sign-in", organization["alias"])
		}
	}
	return ""
}

func (c *change) organizationTakesAlong(alias string) string {
	if find(c.find("organizations", alias), "members", "membershipType", "MANAGED") != nil {
		return "it has managed members, whose accounts would be deleted with it"
	}
	return ""
}

func (c *change) gateTakesAlong(clientID string) string {
	if client := c.find("clients", clientID); client != nil && client["enabled"] != false && !wasOpen(client) {
		return "it guards a client that is open; close the client first"
	}
	return ""
}

// wasOpen tells whether a client was open before its gate: without it, it is as it was.
func wasOpen(client object.Object) bool {
	attributes, _ := client["attributes"].(map[string]any)
	return text(attributes, gating.FormerOpen) == "true"
}

// flowUser says whose sign-ins run through the flows still, empty for nobody's.
func (c *change) flowUser(string) string {
	ours, ids := map[string]bool{}, map[any]bool{}
	for _, flow := range gating.BaseFlows() {
		ours[flow.Alias] = true
		if live := c.find("authenticationFlows", flow.Alias); live != nil && live["id"] != nil {
			ids[live["id"]] = true
		}
	}
	for _, client := range object.Objects(c.root["clients"]) {
		overrides, _ := client["authenticationFlowBindingOverrides"].(map[string]any)
		for _, bound := range overrides {
			if ids[bound] {
				return fmt.Sprintf("it is still used by the client %v", client["clientId"])
			}
		}
	}
	for _, provider := range object.Objects(c.root["identityProviders"]) {
		if ours[text(provider, "firstBrokerLoginFlowAlias")] || ours[text(provider, "postBrokerLoginFlowAlias")] {
			return fmt.Sprintf("it is still used by the identity provider %v", provider["alias"])
		}
	}
	return ""
}
