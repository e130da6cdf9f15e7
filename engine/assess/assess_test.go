package assess

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
)

func TestAssess_FirstRuleThatFitsDecidesTheClass(t *testing.T) {
	approx := fidelity.Finding{Type: fidelity.Approximation, Field: "a", Summary: "differs"}
	looser := fidelity.Finding{Type: fidelity.Lost, Field: "b", Summary: "gone",
		Direction: fidelity.DirectionLooser}
	compensated := looser
	compensated.Compensated = "the gate"
	cases := []struct {
		name     string
		findings []fidelity.Finding
		gaps     []identity.Gap
		deleted  bool
		want     Class
	}{
		{"no finding is native", nil, nil, false, ClassNative},
		{"a change of issuer lowers nothing", []fidelity.Finding{{Type: fidelity.Approximation,
			ImpactCode: "issuer_changes"}}, nil, false, ClassNative},
		{"an approximation is one", []fidelity.Finding{approx}, nil, false, ClassApproximation},
		{"a looser loss blocks", []fidelity.Finding{looser}, nil, false, ClassBlocked},
		{"a looser loss that is made up for does not block", []fidelity.Finding{compensated}, nil, false, ClassApproximation},
		{"a rebuild wins over no counterpart", []fidelity.Finding{{Type: fidelity.Invisible},
			{Type: fidelity.Rebuild}}, nil, false, ClassManual},
		{"missing evidence wins over a rebuild", []fidelity.Finding{{Type: fidelity.Rebuild},
			{Type: fidelity.Missing}}, nil, false, ClassBlocked},
		{"an unknown type of finding blocks", []fidelity.Finding{{Type: "new"}}, nil, false, ClassBlocked},
		{"no counterpart is visible only", []fidelity.Finding{{Type: fidelity.Invisible}}, nil, false,
			ClassVisibility},
		{"unread policies block applications", nil, []identity.Gap{{Kind: identity.KindAuthPolicy, Status: 403}}, false,
			ClassBlocked},
		{"an unread role does not concern applications", nil, []identity.Gap{{Kind: identity.KindRole, Status: 403}}, false,
			ClassNative},
		{"a deleted item is visible only", []fidelity.Finding{looser}, nil, true, ClassVisibility},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			item := identity.Item{Source: "okta.corp", Kind: identity.KindApplication, ID: "1", Name: "Payroll",
				Deleted: c.deleted}
			got := Assess(item, "", c.findings, c.gaps)
			if got.Class != c.want {
				t.Fatalf("class %s, want %s (%s)", got.Class, c.want, got.Rationale)
			}
			if (got.Class == ClassBlocked) != (got.BlockedReason != "") && len(c.findings) == 0 {
				t.Fatalf("blocked reason %q with class %s", got.BlockedReason, got.Class)
			}
		})
	}
}

func impactsIn(results []Result) []Impact {
	collector := NewImpactCollector()
	for _, result := range results {
		collector.Add(result.Address, result.Findings)
	}
	return collector.Impacts()
}

func impactsOf(n int) []Impact {
	var results []Result
	for i := range n {
		results = append(results, Result{
			Address: identity.Address{Source: "okta.corp", Kind: identity.KindApplication, ID: fmt.Sprint(i)},
			Findings: []fidelity.Finding{{ImpactCode: "secret_changes", Audience: fidelity.AudienceAppOwners,
				Severity: fidelity.SeverityHigh, Summary: "new secret"}},
		})
	}
	return impactsIn(results)
}

func TestImpacts_IDSurvivesOneMoreItemButNotATenth(t *testing.T) {
	if impactsOf(100)[0].ID != impactsOf(101)[0].ID {
		t.Error("one more item of a hundred changed the id")
	}
	for _, n := range []int{1, 7, 50, 100, 400} {
		if impactsOf(n)[0].ID == impactsOf(n + n/10 + 1)[0].ID {
			t.Errorf("a growth of %d by more than a tenth kept the id", n)
		}
	}
}

func TestImpacts_NamesAThousandAndCountsAll(t *testing.T) {
	got := impactsOf(5000)[0]
	if len(got.Items) != 1000 || got.Count != 5000 || !slices.IsSorted(got.Items) {
		t.Fatalf("%d items, count %d", len(got.Items), got.Count)
	}
}

func TestImpacts_SayWhatToTellOnce(t *testing.T) {
	finding := fidelity.Finding{Type: fidelity.Invisible, ImpactCode: "link_lost",
		Audience: fidelity.AudienceEndUsers, Severity: fidelity.SeverityMedium, Tell: "Bookmark it."}
	var results []Result
	for i := range 3 {
		results = append(results, Result{Address: identity.Address{Source: "s", Kind: identity.KindApplication,
			ID: fmt.Sprint(i)}, Findings: []fidelity.Finding{finding}})
	}
	if got := impactsIn(results); len(got) != 1 || got[0].Tell != "Bookmark it." || got[0].Count != 3 {
		t.Errorf("%+v", got)
	}
}
