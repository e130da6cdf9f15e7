package realmfile

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// A gated application is opened only by a plan that shuts the live provider through which strangers come.
func TestAPlanOpensAnApplicationOnlyWhenItShutsTheLiveProvider(t *testing.T) {
	const provider = `{"realm":"acme","organizationsEnabled":true,"identityProviders":[{"alias":"partner",` +
		`"displayName":"Theirs","providerId":"saml","enabled":true,"config":{"idpEntityId":"urn:partner"}}]}`
	path := write(t, provider)
	target := configured(t, path)
	input := draft.Input{Migration: plan.Migration{Name: "acme", Tenant: "acme", Mode: merge.ModeMerge},
		Target: plan.Target{Provider: "realmfile", Identity: filepath.Base(path)}, Schemas: realm.Resources()}
	var alias string
	for _, i := range tenant(t) {
		i.Source = "okta.corp"
		translation := target.Translate(i)
		for _, r := range translation.Resources {
			if r.Type == realm.TypeProvider {
				alias = r.Key
			}
		}
		input.Items = append(input.Items, draft.AssessedItem{Item: i, Translation: translation,
			Result: assess.Assess(i, translation.Contract, translation.Findings, nil)})
	}
	if alias != "partner" {
		t.Fatalf("the provider of the tenant is called %q", alias)
	}
	if _, err := target.Read(context.Background(), func(r identity.Resource) error {
		input.Live = append(input.Live, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	reconcile := func(overwrite ...string) []merge.Rule {
		return []merge.Rule{{Kind: identity.KindIdentityProvider, Name: "p", Decision: merge.DecisionReconcile,
			Target: realm.TypeProvider + ":partner", Overwrite: overwrite}}
	}
	for name, test := range map[string]struct {
		rules     []merge.Rule
		selection draft.Selection
		opens     bool
	}{
		"undecided":            {opens: false},
		"its name only":        {rules: reconcile("display_name"), opens: false},
		"its post-broker flow": {rules: reconcile("post_broker_flow"), opens: true},
		"left out": {rules: reconcile("post_broker_flow"), opens: false,
			selection: draft.Selection{Excludes: []string{"okta.corp/identity_provider/p1"}}},
		"an application alone": {rules: reconcile("post_broker_flow"), opens: false,
			selection: draft.Selection{Targets: []string{"okta.corp/application/a1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := input
			in.Rules, in.Selection = test.rules, test.selection
			found, err := draft.Judge(in,
				func(changed, live []identity.Resource) ([]contract.CheckFinding, error) {
					return target.Check(changed, live), nil
				})
			if err != nil {
				t.Fatal(err)
			}
			in.CheckFindings = found
			made, _ := draft.Build(in)
			for _, step := range made.Steps {
				if step.ID != realm.TypeEnablement+":wiki" {
					continue
				}
				if opens := step.Disposition == plan.DispositionPlanned; opens != test.opens {
					t.Errorf("it is %s: %s", step.Disposition, step.Reason)
				}
				if !test.opens && !strings.Contains(step.Reason, "provider partner") {
					t.Errorf("the reason is %q", step.Reason)
				}
				return
			}
			t.Error("no step opens the application")
		})
	}
}
