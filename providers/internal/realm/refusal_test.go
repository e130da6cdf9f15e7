package realm

import (
	"slices"
	"testing"
)

func TestTheFlowsOfAServerCountOnlyWithWhatLeadsToTheRefusal(t *testing.T) {
	server := func() Object {
		doc := gatedRealm(t, "app")
		flows, configs := refusalFlow().Objects(func(alias string) string { return "id of " + alias })
		doc["authenticationFlows"] = append(Objects(doc["authenticationFlows"]), flows...)
		doc["authenticatorConfig"] = append(Objects(doc["authenticatorConfig"]), configs...)
		doc["clients"] = append(Objects(doc["clients"]), RefusalClient("id of "+RefusalFlow, "https://id.example.test/broker"))
		doc["identityProviders"] = []Object{RefusalProvider("https://id.example.test/auth", "https://id.example.test/token", "s")}
		return doc
	}
	flowsOf := func(doc Object) []string {
		for _, r := range ReadServer(doc) {
			switch {
			case r.Type == TypeGateFlows:
				return Texts(r.Attributes["flows"])
			case r.Key == RefusalName:
				t.Errorf("%s is shown to people", r.ID())
			}
		}
		return nil
	}
	if got := flowsOf(server()); !slices.Contains(got, RefusalFlow) {
		t.Fatalf("whole, the flows are %v", got)
	}
	provider := func(doc Object) Object { return Objects(doc["identityProviders"])[0] }
	client := func(doc Object) Object { return Objects(doc["clients"])[1] }
	for name, spoil := range map[string]func(doc Object){
		"no provider":           func(doc Object) { delete(doc, "identityProviders") },
		"no client":             func(doc Object) { doc["clients"] = Objects(doc["clients"])[:1] },
		"the provider is off":   func(doc Object) { provider(doc)["enabled"] = false },
		"it leads elsewhere":    func(doc Object) { peek(provider(doc), "config")["clientId"] = "shop" },
		"it lets people back":   func(doc Object) { provider(doc)["postBrokerLoginFlowAlias"] = "" },
		"it makes accounts":     func(doc Object) { provider(doc)["firstBrokerLoginFlowAlias"] = "first broker login" },
		"it asks as it is told": func(doc Object) { delete(peek(provider(doc), "config"), "prompt") },
		"the client lets in":    func(doc Object) { delete(client(doc), "authenticationFlowBindingOverrides") },
		"the client is off":     func(doc Object) { client(doc)["enabled"] = false },
	} {
		doc := server()
		spoil(doc)
		if got := flowsOf(doc); slices.Contains(got, RefusalFlow) || !slices.Contains(got, TopFlow(PlaceBrowser)) {
			t.Errorf("%s: the flows are %v", name, got)
		}
	}
}
