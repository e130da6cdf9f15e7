package apply

import (
	"fmt"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Fits refuses a plan that was made for another migration or another provider.
func Fits(p *plan.Plan, here plan.Migration, provider string) error {
	if here.Mode != p.Migration.Mode || here.Tenant != p.Migration.Tenant {
		return diag.Errorf("plan-other-migration", "Plan is of another migration",
			"The plan is for tenant %q in mode %s, this folder is for %q in mode %s. Plan again.",
			p.Migration.Tenant, p.Migration.Mode, here.Tenant, here.Mode)
	}
	if here.Name != p.Migration.Name || provider != p.Target.Provider {
		return diag.Errorf("plan-other-migration", "Plan is of another migration",
			"The plan is for migration %q into %s, this folder is for %q into %s.",
			p.Migration.Name, p.Target.Provider, here.Name, provider)
	}
	return nil
}

// Fresh refuses a plan that another classifier judged, or that was over when the run began.
func Fresh(p *plan.Plan, began time.Time) error {
	if p.Rollback == nil { // the way back judges no items
		if err := plan.CheckClassifier(p); err != nil {
			return err
		}
	}
	expires, err := time.Parse(time.RFC3339, p.ExpiresAt)
	if err != nil || began.After(expires) {
		return diag.Errorf("plan-expired", "Plan has expired",
			"The plan was good until %s. Plan again and have the new hash approved.", p.ExpiresAt)
	}
	return nil
}

// Approve compares the hash that was approved with the plan's own. Why explains a difference.
func Approve(p *plan.Plan, approved string, why func() string) error {
	if approved == p.PlanHash {
		return nil
	}
	return diag.Errorf("plan-hash-mismatch", "Plan differs from the approved one",
		"Approved %s, now %s. Nothing was changed.\n%s\nPlan again and have the new hash approved.",
		phrase.ShortHash(approved), phrase.ShortHash(p.PlanHash), why())
}

// typedDigits is how much of a hash a person must type.
const typedDigits = 8

// ApproveTyped takes what a person typed for the hash: its first digits, or more.
func ApproveTyped(p *plan.Plan, typed string) error {
	typed = strings.TrimPrefix(typed, "sha256:")
	if len(typed) < typedDigits || !strings.HasPrefix(strings.TrimPrefix(p.PlanHash, "sha256:"), typed) {
		return diag.Errorf("plan-hash-mismatch", "Hash was not confirmed",
			"What was typed is not the beginning of the hash. Nothing was changed.")
	}
	return nil
}

// shownDifferences is how many steps that differ are named.
const shownDifferences = 20

// Explain names the steps in which the approved plan and the one of now differ.
func Explain(approved, now *plan.Plan) string {
	differences := plan.Compare(approved, now)
	lines := []string{fmt.Sprintf("%d of %d steps differ:", len(differences), len(approved.Steps))}
	for i, d := range differences {
		if i == shownDifferences {
			lines = append(lines, fmt.Sprintf("  … and %d more", len(differences)-i))
			break
		}
		lines = append(lines, "  "+phrase.Clean(fmt.Sprintf("%s   %s %s", d.ID, d.Change, strings.Join(d.Fields, ", "))))
	}
	return strings.Join(lines, "\n")
}
