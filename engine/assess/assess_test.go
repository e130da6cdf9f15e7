package assess

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
)

func TestAssess_FirstRuleThatFitsDecidesTheClass(t *testing.T) {
	approx := identity.Finding{Type: identity.FindingApproximation, Field: "a", Summary: "differs"}
	looser := identity.Finding{Type: identity.FindingLost, Field: "b", Summary: "gone",
		Direction: identity.DirectionLooser}
	madeUp := looser
	madeUp.Compensated = "the gate"
	cases := []struct {
		name     string
		findings []identity.Finding
		gaps     []identity.Gap
		deleted  bool
		want     Class
	}{
		{"no finding is native", nil, nil, false, ClassNative},
		{"a change of issuer lowers nothing", []identity.Finding{{Type: identity.FindingApproximation,
			ImpactCode: "issuer_changes"}}, nil, false, ClassNative},
		{"an approximation is one", []identity.Finding{approx}, nil, false, ClassApproximation},
		{"a looser loss blocks", []identity.Finding{looser}, nil, false, ClassBlocked},
		{"a looser loss that is made up for does not block", []identity.Finding{madeUp}, nil, false, ClassApproximation},
		{"a rebuild wins over no counterpart", []identity.Finding{{Type: identity.FindingInvisible},
			{Type: identity.FindingRebuild}}, nil, false, ClassManual},
		{"missing evidence wins over a rebuild", []identity.Finding{{Type: identity.FindingRebuild},
			{Type: identity.FindingMissing}}, nil, false, ClassBlocked},
		{"an unknown type of finding blocks", []identity.Finding{{Type: "new"}}, nil, false, ClassBlocked},
		{"no counterpart is visible only", []identity.Finding{{Type: identity.FindingInvisible}}, nil, false,
			ClassVisibility},
		{"unread policies block applications", nil, []identity.Gap{{Kind: identity.KindAuthPolicy, Status: 403}}, false,
			ClassBlocked},
		{"an unread role does not concern applications", nil, []identity.Gap{{Kind: identity.KindRole, Status: 403}}, false,
			ClassNative},
		{"a deleted item is visible only", []identity.Finding{looser}, nil, true, ClassVisibility},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			item := identity.Item{Source: "okta.corp", Kind: identity.KindApplication, ID: "1", Name: "Payroll",
				Deleted: c.deleted}
			got := Assess(item, identity.Translation{Findings: c.findings}, c.gaps)
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
			Findings: []identity.Finding{{ImpactCode: "secret_changes", Audience: identity.AudienceAppOwners,
				Severity: identity.SeverityHigh, Summary: "new secret"}},
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
	finding := identity.Finding{Type: identity.FindingInvisible, ImpactCode: "link_lost",
		Audience: identity.AudienceEndUsers, Severity: identity.SeverityMedium, Tell: "Bookmark it."}
	var results []Result
	for i := range 3 {
		results = append(results, Result{Address: identity.Address{Source: "s", Kind: identity.KindApplication,
			ID: fmt.Sprint(i)}, Findings: []identity.Finding{finding}})
	}
	if got := impactsIn(results); len(got) != 1 || got[0].Tell != "Bookmark it." || got[0].Count != 3 {
		t.Errorf("%+v", got)
	}
}
