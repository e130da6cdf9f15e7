package main

import (
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// describeLifecycle says what a refusal of the state's rules means and what to do.
func describeLifecycle(e *lifecycle.Refusal) diag.Diagnostic {
	title, advice := "Migration cannot change", ""
	switch e.Rule {
	case lifecycle.RuleOneActive:
		title, advice = "Migration is the second", "A tenant has one active migration in a state. Go on with that one, or end it with rehome state archive, in its folder or by its name."
	case lifecycle.RuleArchived:
		title, advice = "Migration is archived", "It takes no source, collects, assesses, plans and applies nothing; status, audit, snapshots and runs stay readable.\nGive the migration block another name to start a new one for the tenant."
	case lifecycle.RuleDraft:
		title, advice = "Migration is a draft", "Without an active source there is nothing to collect, assess, plan or apply. Add a source block."
	case lifecycle.RuleTenant:
		title, advice = "Tenant was changed", "A migration belongs to one tenant for good. Give the migration block another name, or the tenant back."
	case lifecycle.RuleSourceArchived:
		title, advice = "Source is archived", "It left the configuration, so it collects, assesses and plans nothing. Put its source block back to use it again."
	case lifecycle.RuleNotArchived:
		title, advice = "Migration is not archived", "End it with rehome state archive in its folder, or by its name, and take its target over then."
	case lifecycle.RuleOtherTenant:
		title, advice = "Migration is of another tenant", "Tenants never share a target. Name another one."
	case lifecycle.RuleNothingToAdopt:
		title, advice = "Nothing to take over", "Go on with rehome plan."
	case lifecycle.RuleSourceElsewhere:
		title, advice = "Source is of another tenant", "What was read of one tenant must never reach another. Give the source another name, or use a state of its own."
	}
	return diag.Errorf(e.Rule, title, "%s\n%s", phrase.Sentence(e), advice)
}
