package translation

import (
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// Who may not read the incumbent's secret, or does not want it any more, says so for one application.
func TestSecret_IsAChoiceOfTheApplication(t *testing.T) {
	for choice, want := range map[string]struct {
		carried bool
		code    string
		class   fidelity.Type
	}{
		"":     {true, "", ""},
		"new":  {false, "secret_changes", fidelity.Approximation},
		"none": {false, "", fidelity.Rebuild},
	} {
		app := kinds.Application{Name: "a", ClientID: "a", ClientAuthentication: "client_secret_basic", Secret: choice}
		item, err := identity.NewItem(identity.KindApplication, "0oa", "a", app)
		if err != nil {
			t.Fatal(err)
		}
		item.Secrets = []identity.SecretField{{Field: "client_secret"}}
		a := identity.Attributes{}
		findings := authentication(item, app, a, map[string]any{})
		if _, carried := identity.AsSecretReference(a["secret"]); carried != want.carried {
			t.Errorf("%q: the secret is %v", choice, a["secret"])
		}
		if _, set := a["secret"]; set != want.carried {
			t.Errorf("%q: a set secret keeps the target from making one: %v", choice, a)
		}
		if want.class == "" && len(findings) == 0 {
			continue
		}
		if len(findings) != 1 || findings[0].ImpactCode != want.code || findings[0].Type != want.class {
			t.Errorf("%q: %+v", choice, findings)
		}
	}
}
