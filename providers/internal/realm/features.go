package realm

import (
	"fmt"
	"slices"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// lacks is the member of a document, beside those of a realm file, that names what the server lacks.
const lacks = "rehomeServerLacks"

// The lists of the Admin API that tell what a server has.
const (
	authenticators       = "authenticator-providers"
	clientAuthenticators = "client-authenticator-providers"
)

// ServerLists are the lists of the Admin API that tell what a server has, as the last parts of their addresses.
func ServerLists() []string { return []string{authenticators, clientAuthenticators} }

// ServerLacks puts what plans may need and a server lacks into the document of its realm: what it has is the ids in its
// lists, and whether it has the device grant.
func ServerLacks(document object.Object, ids map[string][]string, device bool) {
	has := map[string]bool{deviceGrant: device}
	for list, in := range ids {
		for _, id := range in {
			has[feature(list, id)] = true
		}
	}
	document[lacks] = object.List(missingFeatures(has))
}

const deviceGrant = "device grant"

// feature names something of such a list.
func feature(list, id string) string {
	if list == clientAuthenticators {
		return "client authenticator " + id
	}
	return "authenticator " + id
}

// organizationFeature is the authenticator that comes with organizations.
var organizationFeature = feature(authenticators, "organization")

// gateFeatures are what gates are made of. What the realm itself demands before them is copied from flows that it has, so
// the server has what they are made of.
func gateFeatures() []string {
	gate := gating.Gated{ClientID: "x", Protocol: gating.ProtocolOIDC}
	var names []string
	for _, flow := range gating.BaseFlows() {
		if flow.Alias == gating.TopFlow(gating.PlaceBrowser) || flow.Alias == gating.TopFlow(gating.PlaceDirect) {
			continue
		}
		names = append(names, authenticatorsOf(flow)...)
	}
	for _, place := range gating.Places() {
		if first := place.FirstGate(gate); first.Flow != nil {
			names = append(names, authenticatorsOf(*first.Flow)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func authenticatorsOf(flow gating.Flow) []string {
	var names []string
	for _, execution := range flow.Executions {
		if execution.Authenticator != "" {
			names = append(names, feature(authenticators, execution.Authenticator))
		}
		if execution.Flow != nil {
			names = append(names, authenticatorsOf(*execution.Flow)...)
		}
	}
	return names
}

// missingFeatures lists, sorted, what plans may need and a server does not have.
func missingFeatures(has map[string]bool) []string {
	needed := append(gateFeatures(), organizationFeature, deviceGrant)
	for _, method := range []string{"client-secret", "client-secret-jwt", "client-jwt"} {
		needed = append(needed, feature(clientAuthenticators, method))
	}
	needed = slices.DeleteFunc(needed, func(name string) bool { return has[name] })
	slices.Sort(needed)
	return slices.Compact(needed)
}

// features blocks what needs something that the server was started without.
func (c *checker) features(desired []identity.Resource) {
	missing := object.Texts(c.realm()["server_lacks"])
	if len(missing) == 0 {
		return
	}
	for _, r := range desired {
		for _, need := range needs(r) {
			if slices.Contains(missing, need) {
				c.block(r.ID(), "server_lacks", fmt.Sprintf("the server has no %s, which it needs", need),
					"Start the server with the feature that brings it (kc.sh build --features=…, or without it in "+
						"--features-disabled), then plan again.")
			}
		}
	}
}

// needs are the features that a resource does not work without.
func needs(r identity.Resource) []string {
	switch r.Type {
	case TypeOrganization:
		return []string{organizationFeature}
	case TypeGateFlows, TypeGate:
		return gateFeatures()
	case TypeClient:
		var names []string
		if method := object.Text(r.Attributes, "client_authenticator"); method != "" {
			names = append(names, feature(clientAuthenticators, method))
		}
		attributes, _ := r.Attributes["attributes"].(map[string]any)
		if attributes["oauth2.device.authorization.grant.enabled"] == "true" {
			names = append(names, deviceGrant)
		}
		return names
	}
	return nil
}
