package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/lifecycle"
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
	case lifecycle.RuleSourceElsewhere:
		title, advice = "Source is of another tenant", "What was read of one tenant must never reach another. Give the source another name, or use a state of its own."
	}
	return diag.Errorf(e.Rule, title, "%s\n%s", sentence(e), advice)
}

// explainArchived says of a name that the configuration does not have that it is an archived source, where it is one.
func explainArchived(s *session, names []string, otherwise error) error {
	m, err := s.store.Recorded()
	if err != nil {
		return otherwise
	}
	for _, source := range m.Sources {
		if source.Status == lifecycle.SourceArchived && slices.Contains(names, source.Name) {
			return &lifecycle.Refusal{Rule: lifecycle.RuleSourceArchived, Detail: fmt.Sprintf("source %s of migration %q is archived since %s", source.Name, m.Name, view.Day(source.ArchivedAt))}
		}
	}
	return otherwise
}

// confirm asks a person to type yes. Where nobody can be asked, only -yes confirms.
func confirm(s *session, yes bool, question string) error {
	if yes {
		return nil
	}
	if !s.env.asks || !s.global.input || s.env.automation() {
		return diag.Errorf("confirmation-missing", "Confirmation is missing", "%s\nNobody can be asked here, so nothing was done. Give -yes to confirm.", question)
	}
	fmt.Fprintf(s.env.err, "%s\nType yes to go on: ", question)
	line, err := bufio.NewReader(s.env.in).ReadString('\n')
	if strings.TrimSpace(line) != "yes" {
		return errors.Join(errors.New("it was not confirmed, so nothing was done"), ignoreEOF(err))
	}
	return nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// ownTenantOnly refuses to hand out the whole state to somebody whose token is good for one tenant of several. Without an access block
// there is no token, and whoever has the key has the state.
func (s *session) ownTenantOnly() error {
	if s.subject == nil {
		return s.noneGuarded()
	}
	if operator, err := s.operator(); operator || err != nil {
		return err
	}
	all, err := s.whole.Migrations()
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Tenant != s.subject.Tenant {
			return diag.Errorf("access-other-tenant", "State holds other tenants", "The state holds migrations of other tenants too, and the token is good for tenant %q only. Use a token of the operator tenant.", s.subject.Tenant)
		}
	}
	return nil
}

// operator tells whether the token is one of the operator tenant, which works for all tenants.
func (s *session) operator() (bool, error) {
	if s.subject == nil {
		return false, nil
	}
	recorded, err := s.store.Access()
	return recorded.Rules != nil && recorded.Rules.OperatorTenant != "" && s.subject.Tenant == recorded.Rules.OperatorTenant, err
}

// noneGuarded refuses to hand out the whole state without a token when it holds things of a tenant that asks for one.
func (s *session) noneGuarded() error {
	guarded, err := guardedTenants(s.whole)
	if err != nil || len(guarded) == 0 {
		return err
	}
	return diag.Errorf("access-other-tenant", "State holds other tenants", "The state holds a migration of another tenant, whose access block asks for a token. Use a token of the operator tenant, in its folder.")
}
