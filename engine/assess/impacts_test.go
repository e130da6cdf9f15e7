package assess

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
)

func noticed(code string, audience fidelity.Audience, severity fidelity.Severity) fidelity.Finding {
	return fidelity.Finding{
		Type: fidelity.Lost, Field: "field", Summary: code + " is felt", ImpactCode: code, Audience: audience,
		Severity: severity,
	}
}

func TestImpacts_ComeHighFirstThenByCodeAndAudience(t *testing.T) {
	findings := []fidelity.Finding{
		noticed("b", fidelity.AudienceEndUsers, fidelity.SeverityMedium),
		noticed("a", fidelity.AudienceSecurity, fidelity.SeverityMedium),
		noticed("a", fidelity.AudienceEndUsers, fidelity.SeverityMedium),
		noticed("z", fidelity.AudienceEndUsers, fidelity.SeverityHigh),
		noticed("", fidelity.AudienceHelpDesk, fidelity.SeverityMedium),
		noticed("low", fidelity.AudienceEndUsers, fidelity.SeverityLow),
		noticed("none", fidelity.AudienceEndUsers, ""),
	}
	want := []string{
		"high z end_users", "medium a end_users", "medium a security", "medium b end_users", "medium lost_field help_desk",
	}
	for range 2 {
		slices.Reverse(findings) // the order in which they come must not matter
		var got []string
		for _, impact := range impactsIn([]Result{{Findings: findings}}) {
			got = append(got, fmt.Sprint(impact.Severity, " ", impact.Code, " ", impact.Audience))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestImpacts_KeepTheFirstThreeTexts(t *testing.T) {
	for n, want := range map[int]string{3: "text 1; text 2; text 3", 4: "text 1; text 2; text 3"} {
		var findings []fidelity.Finding
		for i := n; i > 0; i-- {
			finding := noticed("a", fidelity.AudienceEndUsers, fidelity.SeverityHigh)
			finding.Summary = fmt.Sprint("text ", i)
			findings = append(findings, finding)
		}
		got := impactsIn([]Result{{Findings: findings}})
		if len(got) != 1 || got[0].Summary != want || got[0].Count != 1 {
			t.Errorf("of %d texts: %+v", n, got)
		}
	}
}

// An acknowledgement names the id, so it must be the same in every release.
func TestImpacts_IDsStayForGood(t *testing.T) {
	got := map[int]string{}
	for _, n := range []int{1, 2, 10, 11, 100, 1000} {
		got[n] = impactsOf(n)[0].ID
	}
	want := map[int]string{
		1: "ocm-106d84", 2: "ocm-cb97a6", 10: "ocm-4fa10f", 11: "ocm-80b0ff", 100: "ocm-b770d1", 1000: "ocm-c0ebc0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Of a million items a group holds fewer than two thousand addresses, and sorts them once in a thousand only.
func TestImpactGroup_HoldsLittleAndSortsSeldom(t *testing.T) {
	group := &impactGroup{summaries: map[string]bool{}, tells: map[string]bool{}, subjects: map[string]bool{}}
	most := 0
	for i := range 5000 {
		group.add(identity.Address{}, fmt.Sprint(i), fidelity.Finding{})
		most = max(most, len(group.items))
	}
	if most != 2*maxImpactItems-1 {
		t.Errorf("held %d addresses at most", most)
	}
}
