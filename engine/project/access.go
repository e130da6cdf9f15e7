package project

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/state"
)

// accessCheck is one decision about who may go on: the rules of the configuration next to those that the state
// remembers.
type accessCheck struct {
	p        *Project
	store    *state.Migration // whose rules are recorded
	renewed  *state.Migration // whose rules the configuration writes
	recorded state.AccessRecord
	wanted   *authorization.Rules // of the configuration; nil without a block
	tenant   string               // of the migration in the configuration
}

// authorize lets the use case go on, or refuses and records the refusal. It is called once, by openAt, before anybody
// sees the state. Recorded rules win over those of the configuration: to change them is to manage the migration under
// the old ones.
func (p *Project) authorize(ctx context.Context, store *state.Store) error {
	if p.configuration == nil {
		return p.authorizeAll(ctx, store)
	}
	m := p.configuration.Migration
	tenant, err := tenantOf(store, m.Name, m.Tenant)
	if err != nil {
		return err
	}
	c := &accessCheck{p: p, store: store.Migration(m.Name, tenant), renewed: store.Migration(m.Name, m.Tenant),
		wanted: rulesOf(p.configuration.Access), tenant: m.Tenant}
	if c.recorded, err = c.store.Access(); err != nil {
		return err
	}
	recorded := c.recorded
	rules := recorded.Rules
	if rules == nil {
		rules = c.wanted
	}
	if rules == nil || recorded.Rules == nil && p.Begins {
		return nil
	}
	if err := c.verify(ctx, rules); err != nil {
		return err
	}
	return c.remember(ctx)
}

// authorizeAll is for a folder without a configuration, which names no tenant: the token must be good for every tenant
// that has rules.
func (p *Project) authorizeAll(ctx context.Context, store *state.Store) error {
	guarded, err := guardedTenants(store)
	if err != nil {
		return err
	}
	for _, m := range guarded {
		recorded, err := m.Access()
		if err != nil {
			return err
		}
		c := &accessCheck{p: p, store: m, renewed: m, recorded: recorded, wanted: recorded.Rules, tenant: m.Tenant()}
		if err := c.verify(ctx, recorded.Rules); err != nil {
			return err
		}
	}
	return nil
}

// tenantOf is the tenant that a migration is recorded for; that of the configuration where it is not recorded yet.
func tenantOf(store *state.Store, migration, configured string) (string, error) {
	all, err := store.Migrations()
	for _, m := range all {
		if m.Name == migration {
			return m.Tenant, err
		}
	}
	return configured, err
}

// guardedTenants has one migration of each tenant whose access rules are recorded.
func guardedTenants(store *state.Store) ([]*state.Migration, error) {
	all, err := store.Migrations()
	if err != nil {
		return nil, err
	}
	var guarded []*state.Migration
	seen := map[string]bool{}
	for _, known := range all {
		if seen[known.Tenant] {
			continue
		}
		seen[known.Tenant] = true
		m := store.Migration(known.Name, known.Tenant)
		recorded, err := m.Access()
		if err != nil {
			return nil, err
		}
		if recorded.Rules != nil {
			guarded = append(guarded, m)
		}
	}
	return guarded, nil
}

func rulesOf(block *config.Access) *authorization.Rules {
	if block == nil {
		return nil
	}
	return &authorization.Rules{Issuer: block.Issuer, Audience: block.Audience, OperatorTenant: block.OperatorTenant,
		Claims: authorization.Claims(block.Claims), Contexts: strings.Join(block.Contexts, " ")}
}

// changed tells whether the configuration says something else than the state remembers.
func (c *accessCheck) changed() bool {
	if c.recorded.Rules == nil {
		return false
	}
	return c.wanted == nil || *c.wanted != *c.recorded.Rules || c.tenant != c.recorded.Tenant
}

// tenants are all that the token must be good for.
func (c *accessCheck) tenants() []string {
	if c.recorded.Rules == nil || c.recorded.Tenant == c.tenant {
		return []string{c.tenant}
	}
	return []string{c.recorded.Tenant, c.tenant}
}

func (c *accessCheck) verify(ctx context.Context, rules *authorization.Rules) error {
	need := c.p.need()
	if c.changed() {
		need = authorization.Manage
	}
	token, err := bearerToken(ctx, &c.p.Settings, rules.Audience)
	if err != nil {
		return c.deny(nil, "access-token-missing", "No token was given",
			phrase.Clean(phrase.Sentence(err))+"\n"+tokenAdvice(rules))
	}
	claims, err := verifyToken(ctx, rules, token, c.p.Now)
	var offline *issuerError
	if errors.As(err, &offline) {
		return c.deny(nil, "access-issuer-unreachable", "Issuer does not answer", fmt.Sprintf(
			"The token cannot be verified: %s.\n"+
				"Nothing is done with a token that is not verified. Check the address and the network, and try again.",
			phrase.Clean(offline.Error())))
	}
	if err != nil {
		return c.deny(nil, "access-token-invalid", "Token is refused",
			phrase.Clean(phrase.Sentence(err))+"\n"+tokenAdvice(rules))
	}
	facts, err := authorization.ReadFacts(claims, rules.Claims)
	if err != nil {
		return c.deny(&facts, "access-token-invalid", "Token is refused", phrase.Clean(phrase.Sentence(err)))
	}
	decision := authorization.Decide(rules, &facts, c.tenants(), need)
	if !decision.Allowed {
		return c.refuse(&facts, decision)
	}
	c.p.subject = &facts
	return nil
}

// refuse explains a denied decision.
func (c *accessCheck) refuse(facts *authorization.Facts, decision authorization.Decision) error {
	if c.changed() {
		return c.deny(facts, "access-changed", "Access block was changed", fmt.Sprintf(
			"The access block or the tenant of the configuration is not what the state recorded (issuer %s, tenant %q).\n"+
				"Only a token that may manage the migration under the recorded block changes it: %s.\n"+
				"Put the block back, or use such a token.",
			phrase.Clean(c.recorded.Rules.Issuer), phrase.Clean(c.recorded.Tenant), phrase.Clean(decision.Reason)))
	}
	return c.deny(facts, "access-denied", "Access is denied", fmt.Sprintf("Access as %s is denied: %s.\n%s",
		phrase.Clean(facts.Subject), phrase.Clean(decision.Reason), deniedAdvice(decision)))
}

func deniedAdvice(decision authorization.Decision) string {
	switch decision.Code {
	case authorization.DeniedMissing:
		return fmt.Sprintf("Ask for a token with the permission %s.", decision.Missing)
	case authorization.DeniedTenant:
		return "Use a token of the migration's tenant, or of the operator tenant."
	case authorization.DeniedContext:
		return "Sign in as yourself, in your own tenant, or list the context if people use migrations in it."
	}
	return "Use a token of a person or a service account."
}

func tokenAdvice(rules *authorization.Rules) string {
	return fmt.Sprintf("Put a token of %s for audience %q into %s.",
		phrase.Clean(rules.Issuer), phrase.Clean(rules.Audience), tokenVariable)
}

// deny records the refusal and returns it. The subject is in the record when the token was verified.
func (c *accessCheck) deny(facts *authorization.Facts, code, summary, detail string) error {
	if facts != nil && facts.Subject != "" {
		c.p.subject = facts
	}
	problem := diag.Errorf(code, summary, "%s", detail)
	about := map[string]string{"code": code, "need": string(c.p.need()), "reason": phrase.FirstLine(detail)}
	event := c.p.Event(audit.AccessDenied, c.p.Command, about)
	c.p.subject = nil
	if event.Tenant == "" {
		event.Tenant = c.recorded.Tenant
	}
	if err := c.store.Note(event); err != nil {
		return errors.Join(problem, fmt.Errorf("recording the refusal: %w", err))
	}
	return problem
}

// remember records the rules at the first command that changes something, and a change of them.
func (c *accessCheck) remember(ctx context.Context) error {
	if c.p.need() != authorization.Manage {
		if c.changed() {
			c.p.Warn(diag.Warningf("access-change-pending", "Access block will change",
				"The access block differs from the recorded one. The next command that changes something records it."))
		}
		return nil
	}
	if c.recorded.Rules != nil && !c.changed() {
		return nil
	}
	name := audit.AccessRecorded
	if c.recorded.Rules != nil {
		name = audit.AccessChanged
	}
	facts := map[string]string{"tenant": c.tenant}
	if c.wanted == nil {
		facts["removed"] = "true"
	} else {
		facts["issuer"], facts["audience"], facts["operator_tenant"] = c.wanted.Issuer, c.wanted.Audience,
			c.wanted.OperatorTenant
		if err := c.reachable(ctx); err != nil {
			return err
		}
	}
	if c.changed() {
		facts["before_issuer"], facts["before_tenant"] = c.recorded.Rules.Issuer, c.recorded.Tenant
	}
	record := state.AccessRecord{Rules: c.wanted, Tenant: c.tenant, At: c.p.Now().UTC()}
	if err := c.renewed.PutAccess(record, c.p.Event(name, "", facts)); err != nil {
		return fmt.Errorf("recording the access rules: %w", err)
	}
	return nil
}

// reachable keeps a team from locking itself out: a new issuer must answer before its block is recorded.
func (c *accessCheck) reachable(ctx context.Context) error {
	if c.recorded.Rules == nil || c.recorded.Rules.Issuer == c.wanted.Issuer {
		return nil
	}
	if _, err := discover(ctx, c.wanted.Issuer); err != nil {
		return diag.Errorf("access-issuer-unreachable", "Issuer does not answer",
			"The new issuer is not recorded, because nobody could get in after it: %s.", phrase.Clean(err.Error()))
	}
	return nil
}

// Operator tells whether the token is one of the operator tenant, which works for all tenants.
func (p *Project) Operator() (bool, error) {
	if p.subject == nil {
		return false, nil
	}
	recorded, err := p.migration.Access()
	return recorded.Rules != nil && recorded.Rules.OperatorTenant != "" &&
		p.subject.Tenant == recorded.Rules.OperatorTenant, err
}

// OwnTenantOnly refuses to hand out the whole state to somebody whose token is good for one tenant of several. Without
// an access block there is no token, and whoever has the key has the state.
func (p *Project) OwnTenantOnly() error {
	if p.subject == nil {
		return p.noneGuarded()
	}
	if operator, err := p.Operator(); operator || err != nil {
		return err
	}
	all, err := p.store.Migrations()
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Tenant != p.subject.Tenant {
			return diag.Errorf("access-other-tenant", "State holds other tenants",
				"The state holds migrations of other tenants too, "+
					"and the token is good for tenant %q only. Use a token of the operator tenant.", p.subject.Tenant)
		}
	}
	return nil
}

// noneGuarded refuses to hand out the whole state without a token when it holds things of a tenant that asks for one.
func (p *Project) noneGuarded() error {
	guarded, err := guardedTenants(p.store)
	if err != nil || len(guarded) == 0 {
		return err
	}
	return diag.Errorf("access-other-tenant", "State holds other tenants",
		"The state holds a migration of another tenant, "+
			"whose access block asks for a token. Use a token of the operator tenant, in its folder.")
}
