package lifecycle

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// Rules of the lifecycle, as a Refusal names them.
const (
	RuleOneActive       = "migration-active"
	RuleArchived        = "migration-archived"
	RuleDraft           = "migration-draft"
	RuleTenant          = "migration-tenant-changed"
	RuleSourceArchived  = "source-archived"
	RuleSourceElsewhere = "source-of-other-tenant"
	RuleNotArchived     = "adopt-not-archived"
	RuleOtherTenant     = "adopt-other-tenant"
	RuleNothingToAdopt  = "adopt-nothing"
)

// Refusal says which rule refused, and about what.
type Refusal struct {
	Rule   string
	Detail string
}

// Error is what was refused.
func (e *Refusal) Error() string { return e.Detail }

// Refuse makes a refusal of a rule.
func Refuse(rule, format string, args ...any) error {
	return &Refusal{Rule: rule, Detail: fmt.Sprintf(format, args...)}
}

// Diagnostic says what the refusal means and what to do.
func (e *Refusal) Diagnostic() diag.Diagnostic {
	title, advice := "Migration cannot change", ""
	switch e.Rule {
	case RuleOneActive:
		title, advice = "Migration is the second",
			"A tenant has one active migration in a state. Go on with that one, or end it with rehome state "+
				"archive, in its folder or by its name."
	case RuleArchived:
		title, advice = "Migration is archived",
			"It takes no source, collects, assesses, plans and applies nothing; status, audit, snapshots and "+
				"runs stay readable.\nGive the migration block another name to start a new one for the tenant."
	case RuleDraft:
		title, advice = "Migration is a draft",
			"Without an active source there is nothing to collect, assess, plan or apply. Add a source block."
	case RuleTenant:
		title, advice = "Tenant was changed",
			"A migration belongs to one tenant for good. Give the migration block another name, or the tenant back."
	case RuleSourceArchived:
		title, advice = "Source is archived",
			"It left the configuration, so it collects, assesses and plans nothing. Put its source block back to "+
				"use it again."
	case RuleSourceElsewhere:
		title, advice = "Source is of another tenant",
			"What was read of one tenant must never reach another. Give the source another name, or use a state "+
				"of its own."
	case RuleNotArchived:
		title, advice = "Migration is not archived",
			"End it with rehome state archive in its folder, or by its name, and take its target over then."
	case RuleOtherTenant:
		title, advice = "Migration is of another tenant", "Tenants never share a target. Name another one."
	case RuleNothingToAdopt:
		title, advice = "Nothing to take over", "Go on with rehome plan."
	}
	return diag.Errorf(e.Rule, title, "%s\n%s", phrase.Sentence(e), advice)
}
