package assess

import (
	"errors"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
)

func result(id string, class Class, notes ...string) Result {
	return Result{Address: identity.Address{Source: "okta.corp", Kind: identity.KindApplication, ID: id},
		Name: "app " + id, Class: class, Notes: notes}
}

func results(all ...Result) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestDiff_TellsWhatANewClassifierOrConfigurationDoes(t *testing.T) {
	blocked := result("2", ClassBlocked)
	blocked.BlockedReason, blocked.UserImpact = "acs_url: not known", fidelity.SeverityHigh
	before := results(result("1", ClassNative), blocked, result("3", ClassNative, "a: b"), result("4", ClassNative))
	native := result("2", ClassNative)
	native.Contract, native.UserImpact = "SAML client", fidelity.SeverityLow
	after := results(result("1", ClassNative), native, result("3", ClassNative, "a: c"), result("5", ClassManual))
	var got []Change
	for change, err := range Diff(before, after) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, change)
	}
	want := []Change{
		{Type: Changed, Address: native.Address, Name: "app 2", Class: ClassNative, Fields: []FieldChange{
			{Field: "class", Before: "blocked", After: "native_import"}, {Field: "contract", Before: "", After: "SAML client"},
			{Field: "blocked_reason", Before: "acs_url: not known", After: ""},
			{Field: "user_impact", Before: "high", After: "low"},
		}},
		{Type: Changed, Address: result("3", "").Address, Name: "app 3", Class: ClassNative, Fields: []FieldChange{
			{Field: "notes", Before: []string{"a: b"}, After: []string{"a: c"}},
		}},
		{Type: Removed, Address: result("4", "").Address, Name: "app 4", Class: ClassNative},
		{Type: Added, Address: result("5", "").Address, Name: "app 5", Class: ClassManual},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDiff_StopsAtAnError(t *testing.T) {
	broken := errors.New("disk")
	failing := func(yield func(Result, error) bool) { yield(Result{}, broken) }
	for _, err := range Diff(results(result("1", ClassNative)), failing) {
		if !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	}
}
