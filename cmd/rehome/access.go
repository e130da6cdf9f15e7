package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/state"
)

// accessCheck is one decision about who may go on: the rules of the configuration next to those that the state remembers.
type accessCheck struct {
	s        *session
	store    *state.Migration // whose rules are recorded
	renewed  *state.Migration // whose rules the configuration writes
	recorded state.AccessRecord
	wanted   *authorization.Rules // of the configuration; nil without a block
	tenant   string               // of the migration in the configuration
}

// authorize lets the command go on, or refuses and records the refusal. It is called once, by openStateAt, before anybody sees the
// state. Recorded rules win over those of the configuration: to change them is to manage the migration under the old ones.
func (s *session) authorize(store *state.Store) error {
	if s.cfg == nil {
		return s.authorizeAll(store)
	}
	m := s.cfg.Migration
	tenant, err := tenantOf(store, m.Name, m.Tenant)
	if err != nil {
		return err
	}
	c := &accessCheck{s: s, store: store.Migration(m.Name, tenant), renewed: store.Migration(m.Name, m.Tenant), wanted: rulesOf(s.cfg.Access), tenant: m.Tenant}
	if c.recorded, err = c.store.Access(); err != nil {
		return err
	}
	recorded := c.recorded
	rules := recorded.Rules
	if rules == nil {
		rules = c.wanted
	}
	if rules == nil || recorded.Rules == nil && s.global.class == classBegin {
		return nil
	}
	if err := c.verify(rules); err != nil {
		return err
	}
	return c.remember()
}

// authorizeAll is for a folder without a configuration, which names no tenant: the token must be good for every tenant that has rules.
func (s *session) authorizeAll(store *state.Store) error {
	guarded, err := guardedTenants(store)
	if err != nil {
		return err
	}
	for _, m := range guarded {
		recorded, err := m.Access()
		if err != nil {
			return err
		}
		c := &accessCheck{s: s, store: m, renewed: m, recorded: recorded, wanted: recorded.Rules, tenant: m.Tenant()}
		if err := c.verify(recorded.Rules); err != nil {
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
	return &authorization.Rules{Issuer: block.Issuer, Audience: block.Audience, OperatorTenant: block.OperatorTenant, Claims: authorization.Claims(block.Claims)}
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

func (c *accessCheck) verify(rules *authorization.Rules) error {
	need := c.s.global.class.need()
	if c.changed() {
		need = authorization.Manage
	}
	ctx := c.s.context()
	token, err := bearerToken(ctx, c.s.env, rules.Audience)
	if err != nil {
		return c.deny(nil, "access-token-missing", "No token was given", view.Clean(sentence(err))+"\n"+tokenAdvice(rules))
	}
	claims, err := verifyToken(ctx, rules, token, c.s.env.now)
	var offline *issuerError
	if errors.As(err, &offline) {
		return c.deny(nil, "access-issuer-unreachable", "Issuer does not answer", fmt.Sprintf(
			"The token cannot be verified: %s.\nNothing is done with a token that is not verified. Check the address and the network, and try again.", view.Clean(offline.Error())))
	}
	if err != nil {
		return c.deny(nil, "access-token-invalid", "Token is refused", view.Clean(sentence(err))+"\n"+tokenAdvice(rules))
	}
	facts, err := authorization.ReadFacts(claims, rules.Claims)
	if err != nil {
		return c.deny(&facts, "access-token-invalid", "Token is refused", view.Clean(sentence(err)))
	}
	decision := authorization.Decide(rules, &facts, c.tenants(), need)
	if !decision.Allowed {
		return c.refuse(&facts, decision)
	}
	c.s.subject = &facts
	return nil
}

// refuse explains a denied decision.
func (c *accessCheck) refuse(facts *authorization.Facts, decision authorization.Decision) error {
	if c.changed() {
		return c.deny(facts, "access-changed", "Access block was changed", fmt.Sprintf(
			"The access block or the tenant of the configuration is not what the state recorded (issuer %s, tenant %q).\nOnly a token that may manage the migration under the recorded block changes it: %s.\nPut the block back, or use such a token.",
			view.Clean(c.recorded.Rules.Issuer), view.Clean(c.recorded.Tenant), view.Clean(decision.Reason)))
	}
	return c.deny(facts, "access-denied", "Access is denied", fmt.Sprintf("Access as %s is denied: %s.\n%s", view.Clean(facts.Subject), view.Clean(decision.Reason), deniedAdvice(decision)))
}

func deniedAdvice(decision authorization.Decision) string {
	switch decision.Code {
	case authorization.DeniedMissing:
		return fmt.Sprintf("Ask for a token with the permission %s.", decision.Missing)
	case authorization.DeniedTenant:
		return "Use a token of the migration's tenant, or of the operator tenant."
	case authorization.DeniedContext:
		return "Sign in as yourself, in your own tenant."
	}
	return "Use a token of a person or a service account."
}

func tokenAdvice(rules *authorization.Rules) string {
	return fmt.Sprintf("Put a token of %s for audience %q into %s.", view.Clean(rules.Issuer), view.Clean(rules.Audience), tokenVariable)
}

// deny records the refusal and returns it. The subject is in the record when the token was verified.
func (c *accessCheck) deny(facts *authorization.Facts, code, summary, detail string) error {
	if facts != nil && facts.Subject != "" {
		c.s.subject = facts
	}
	problem := diag.Errorf(code, summary, "%s", detail)
	event := c.s.event("migration.access.denied", "rehome "+c.s.command, map[string]string{"code": code, "need": string(c.s.global.class.need()), "reason": firstLine(detail)})
	c.s.subject = nil
	if event.Tenant == "" {
		event.Tenant = c.recorded.Tenant
	}
	if err := c.store.Note(event); err != nil {
		return errors.Join(problem, fmt.Errorf("recording the refusal: %w", err))
	}
	return problem
}

// remember records the rules at the first command that changes something, and a change of them.
func (c *accessCheck) remember() error {
	if c.s.global.class.need() != authorization.Manage {
		if c.changed() {
			c.s.warn(diag.List{diag.Warningf("access-change-pending", "Access block will change", "The access block differs from the recorded one. The next command that changes something records it.")})
		}
		return nil
	}
	if c.recorded.Rules != nil && !c.changed() {
		return nil
	}
	name := "migration.access.recorded"
	if c.recorded.Rules != nil {
		name = "migration.access.changed"
	}
	facts := map[string]string{"tenant": c.tenant}
	if c.wanted == nil {
		facts["removed"] = "true"
	} else {
		facts["issuer"], facts["audience"], facts["operator_tenant"] = c.wanted.Issuer, c.wanted.Audience, c.wanted.OperatorTenant
		if err := c.reachable(); err != nil {
			return err
		}
	}
	if c.changed() {
		facts["before_issuer"], facts["before_tenant"] = c.recorded.Rules.Issuer, c.recorded.Tenant
	}
	record := state.AccessRecord{Rules: c.wanted, Tenant: c.tenant, At: c.s.env.now().UTC()}
	if err := c.renewed.PutAccess(record, c.s.event(name, "", facts)); err != nil {
		return fmt.Errorf("recording the access rules: %w", err)
	}
	return nil
}

// reachable keeps a team from locking itself out: a new issuer must answer before its block is recorded.
func (c *accessCheck) reachable() error {
	if c.recorded.Rules == nil || c.recorded.Rules.Issuer == c.wanted.Issuer {
		return nil
	}
	if _, err := discover(c.s.context(), c.wanted.Issuer); err != nil {
		return diag.Errorf("access-issuer-unreachable", "Issuer does not answer", "The new issuer is not recorded, because nobody could get in after it: %s.", view.Clean(err.Error()))
	}
	return nil
}

// context is that of the command.
func (s *session) context() context.Context {
	if s.global.ctx != nil {
		return s.global.ctx
	}
	return context.Background()
}

// actor names who acts: the verified subject, else what environment and system say.
func (s *session) actor() string {
	if s.subject != nil {
		return fmt.Sprintf("oidc:%s (%s)", s.subject.Subject, s.subject.Issuer)
	}
	return s.env.actor()
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
