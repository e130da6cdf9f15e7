package realm

import (
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func TestTheFlowsOfAServerCountOnlyWithWhatLeadsToTheRefusal(t *testing.T) {
	server := func() object.Object {
		doc := gatedRealm(t, "app")
		flows, configs := flowOfOurs(t, gating.RefusalFlow).Objects(func(alias string) string { return "id of " + alias })
		doc["authenticationFlows"] = append(object.Objects(doc["authenticationFlows"]), flows...)
		doc["authenticatorConfig"] = append(object.Objects(doc["authenticatorConfig"]), configs...)
		doc["clients"] = append(object.Objects(doc["clients"]), gating.RefusalClient("id of "+gating.RefusalFlow,
			"https://id.example.test/broker"))
		doc["identityProviders"] = []object.Object{gating.RefusalProvider("https://id.example.test/auth",
			"https://id.example.test/token", "s")}
		return doc
	}
	flowsOf := func(doc object.Object) []string {
		for _, r := range ReadServer(doc) {
			switch {
			case r.Type == TypeGateFlows:
				return object.Texts(r.Attributes["flows"])
			case r.Key == gating.RefusalName:
				t.Errorf("%s is shown to people", r.ID())
			}
		}
		return nil
	}
	if got := flowsOf(server()); !slices.Contains(got, gating.RefusalFlow) {
		t.Fatalf("whole, the flows are %v", got)
	}
	ofAFile := server()
	delete(ofAFile, "identityProviders")
	ofAFile["clients"] = object.Objects(ofAFile["clients"])[:1]
	if got := flowsOf(ofAFile); !slices.Contains(got, gating.RefusalFlow) {
		t.Errorf("made of a file, the flows are %v", got)
	}
	provider := func(doc object.Object) object.Object { return object.Objects(doc["identityProviders"])[0] }
	client := func(doc object.Object) object.Object { return object.Objects(doc["clients"])[1] }
	for name, spoil := range map[string]func(doc object.Object){
		"no provider":         func(doc object.Object) { delete(doc, "identityProviders") },
		"no client":           func(doc object.Object) { doc["clients"] = object.Objects(doc["clients"])[:1] },
		"the provider is off": func(doc object.Object) { provider(doc)["enabled"] = false },
		"it leads elsewhere":  func(doc object.Object) { object.Peek(provider(doc), "config")["clientId"] = "shop" },
		"it lets people back": func(doc object.Object) { provider(doc)["postBrokerLoginFlowAlias"] = "" },
		"it makes accounts": func(doc object.Object) {
			provider(doc)["firstBrokerLoginFlowAlias"] = "first broker login"
		},
		"it asks as it is told": func(doc object.Object) { delete(object.Peek(provider(doc), "config"), "prompt") },
		"the client lets in":    func(doc object.Object) { delete(client(doc), "authenticationFlowBindingOverrides") },
		"the client is off":     func(doc object.Object) { client(doc)["enabled"] = false },
	} {
		doc := server()
		spoil(doc)
		if got := flowsOf(doc); slices.Contains(got, gating.RefusalFlow) ||
			!slices.Contains(got, gating.TopFlow(gating.PlaceBrowser)) {
			t.Errorf("%s: the flows are %v", name, got)
		}
	}
}
