package view

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

func TestSides_ShowWhatIsOverwrittenAndWhatIsKeptWithBothValues(t *testing.T) {
	step := plan.Step{ID: "identity_provider:adfs", Action: plan.ActionUpdate, Disposition: plan.DispositionPlanned,
		Decision: "reconcile", DecidedBy: &merge.Place{File: "main.rehome.hcl", Line: 41},
		Sides: []merge.Side{
			{Name: "client_secret", Fate: merge.FateKept, Sensitive: true},
			{Name: "display_name", Target: "ADFS", Source: "Corp ADFS", Fate: merge.FateKept},
			{Name: "enabled", Target: true, Source: true, Fate: merge.FateEqual},
			{Name: "scopes", Target: "openid", Fate: merge.FateKept},
			{Name: "sso_url", Target: "https://old", Source: "https://new", Fate: merge.FateOverwritten},
		}}
	want := []string{
		`  ~ step  reconcile, main.rehome.hcl:41`,
		`      client_secret  (sensitive) kept`,
		`      display_name   = kept         "ADFS", the source has "Corp ADFS"`,
		`      scopes         = kept         "openid"`,
		`      sso_url        ~ overwritten  "https://old" -> "https://new"`,
		`      equal: enabled`, ``, ``,
	}
	want[0] = strings.Replace(want[0], "step", "identity_provider:adfs", 1)
	var b strings.Builder
	oneStep(&b, step, map[string]bool{}, PlanOptions{})
	if diff := cmp.Diff(strings.Join(want, "\n"), b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestNotes_AreWrittenOnceAndNamedByTheirFieldAfterThat(t *testing.T) {
	noted := map[string]bool{}
	var b strings.Builder
	notes(&b, []string{"issuer: it is new", "access: asked at every sign-in"}, noted, PlanOptions{})
	notes(&b, []string{"issuer: it is new", "access: asked once", "scopes: lost"}, noted, PlanOptions{})
	want := "      note issuer: it is new\n      note access: asked at every sign-in\n" +
		"      note access: asked once\n      note scopes: lost\n      note as above: issuer\n"
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
}

func TestNotes_CountThoseOfOneField(t *testing.T) {
	noted := map[string]bool{}
	var b strings.Builder
	texts := []string{"unknown: logo", "unknown: terms", "issuer: it is new"}
	notes(&b, texts, noted, PlanOptions{})
	b.Reset()
	notes(&b, texts, noted, PlanOptions{})
	if want := "      note as above: unknown (2), issuer\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
}

func TestAttributes_NamesWhatAStepSwitchesOffOnOneLine(t *testing.T) {
	var b strings.Builder
	attributes(&b, plan.Step{Action: plan.ActionCreate,
		After: map[string]any{"public": false, "enabled": true, "implicit": false}}, Style{})
	if want := "      enabled   true\n      off:      implicit, public\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
}
