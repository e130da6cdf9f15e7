package apply_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

func codeOf(err error) string {
	var one diag.Diagnostic
	if errors.As(err, &one) {
		return one.Code
	}
	return ""
}

func TestFits_ThePlanOfThisMigrationAndProviderOnly(t *testing.T) {
	p := &plan.Plan{
		Migration: plan.Migration{Name: "corp", Tenant: "acme", Mode: "merge"}, Target: plan.Target{Provider: "keycloak"},
	}
	other := func(change func(*plan.Migration)) plan.Migration {
		m := p.Migration
		change(&m)
		return m
	}
	for name, c := range map[string]struct {
		here     plan.Migration
		provider string
		want     string
	}{
		"the same":       {p.Migration, "keycloak", ""},
		"another tenant": {other(func(m *plan.Migration) { m.Tenant = "beta" }), "keycloak", "plan-other-migration"},
		"another mode": {other(func(m *plan.Migration) { m.Mode = "first_run_adoption" }), "keycloak",
			"plan-other-migration"},
		"another name":     {other(func(m *plan.Migration) { m.Name = "x" }), "keycloak", "plan-other-migration"},
		"another provider": {p.Migration, "realmfile", "plan-other-migration"},
	} {
		if err := apply.Fits(p, c.here, c.provider); codeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFresh_UntilItsEndAndOfThisClassifier(t *testing.T) {
	end := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	made := func(classifier, expires string, back *plan.Rollback) *plan.Plan {
		return &plan.Plan{Classifier: classifier, ExpiresAt: expires, Rollback: back}
	}
	until := end.Format(time.RFC3339)
	for name, c := range map[string]struct {
		p    *plan.Plan
		at   time.Time
		want string
	}{
		"at its end": {made(assess.ClassifierVersion, until, nil), end, ""},
		"a second later": {made(assess.ClassifierVersion, until, nil), end.Add(time.Second),
			"plan-expired"},
		"no end that reads":                {made(assess.ClassifierVersion, "soon", nil), end, "plan-expired"},
		"another classifier":               {made("old", until, nil), end, "plan-other-classifier"},
		"the way back is judged by nobody": {made("old", until, &plan.Rollback{}), end, ""},
	} {
		if err := apply.Fresh(c.p, c.at); codeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestApprove_TheWholeHashOrItsTypedBeginning(t *testing.T) {
	p := &plan.Plan{PlanHash: "sha256:0123456789abcdef"}
	if err := apply.Approve(p, p.PlanHash, func() string { panic("nothing is to be explained") }); err != nil {
		t.Error(err)
	}
	err := apply.Approve(p, "sha256:01234567", func() string { return "because" })
	if codeOf(err) != "plan-hash-mismatch" || !strings.Contains(err.Error(), "\nbecause\n") {
		t.Error(err)
	}
	for typed, ok := range map[string]bool{
		"01234567": true, "sha256:01234567": true, "0123456789abcdef": true, "0123456": false, "": false, "12345678": false,
		"0123456789abcdef0": false,
	} {
		if err := apply.ApproveTyped(p, typed); (err == nil) != ok {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestExplain_NamesTwentyStepsThatDiffer(t *testing.T) {
	now := &plan.Plan{}
	for i := range 22 {
		now.Steps = append(now.Steps, plan.Step{ID: fmt.Sprintf("group:%02d", i)})
	}
	got := strings.Split(apply.Explain(&plan.Plan{Steps: now.Steps[:1]}, now), "\n")
	if got[0] != "21 of 1 steps differ:" || len(got) != 22 || !strings.HasPrefix(got[1], "  group:01") ||
		got[21] != "  … and 1 more" {
		t.Errorf("%q", got)
	}
}

func TestRefused_WhatWroteNothing(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&apply.HeldError{}, true}, {&contract.ForeignError{}, true}, {fmt.Errorf("x: %w", apply.ErrSuperseded), true},
		{apply.ErrRevoked, true}, {apply.ErrLeaseLost, false}, {errors.New("no answer"), false}, {nil, false},
	} {
		if got := apply.Refused(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

func TestRotatable_OnlyWhatRehomeMadeAndHasASecret(t *testing.T) {
	schemas := []identity.ResourceSchema{
		{Type: "group", Attributes: []identity.AttributeSchema{{Name: "name", Identity: true}}},
		{Type: "client", Attributes: []identity.AttributeSchema{{Name: "client_id", Identity: true},
			{Name: "key", Generated: true}}},
	}
	client := func(key, tag string) identity.Resource {
		return identity.Resource{Type: "client", Key: key, Tag: tag, ServerID: "1",
			Attributes: identity.Attributes{"client_id": key, "on": true}}
	}
	live := []identity.Resource{{Type: "group", Key: "pay", Tag: "x"}, client("pay", "t"), client("hand", ""),
		client("public", "t"), client("brought", "t")}
	steps := map[string]*plan.Step{
		"public":  {After: identity.Attributes{"client_id": "public"}},
		"brought": {After: identity.Attributes{"key": identity.Secret("okta.corp", identity.KindApplication, "1", "secret")}},
	}
	made := func(id identity.ResourceID) *plan.Step { return steps[id.Key] }
	for name, want := range map[string]string{
		"pay": "", "client:pay": "", "brought": "", "hand": "rotate-not-ours", "public": "rotate-no-secret",
		"group:pay": "rotate-no-client",
		"none":      "rotate-no-client",
	} {
		found, err := apply.Rotatable(live, schemas, name, made)
		if codeOf(err) != want || want == "" && found.Attribute != "key" {
			t.Errorf("%s: %v %+v", name, err, found)
		}
	}
	steps["pay"] = &plan.Step{AfterUnknown: []string{"key"}}
	found, err := apply.Rotatable(live, schemas, "pay", made)
	if err != nil {
		t.Fatal(err)
	}
	request := found.Step("new")
	if request.Secrets["key"] != "new" || len(request.After) != 1 || request.After["client_id"] != "pay" ||
		request.Tag != "t" ||
		request.ServerID != "1" || request.Action != "update" {
		t.Errorf("%+v", request)
	}
}
