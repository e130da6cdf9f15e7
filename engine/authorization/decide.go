package authorization

import (
	"fmt"
	"slices"
	"strings"
)

// The permissions that a token may hold. Whoever may manage may view: every command that changes something shows what
// it changes.
const (
	PermissionView   = "portal.migrations.view"
	PermissionManage = "portal.migrations.manage"
)

// Need is what a command does to the migration. The zero value is denied where rules apply.
type Need string

// The needs of commands.
const (
	Read   Need = "read"   // looks at state or target
	Manage Need = "manage" // changes state or target
)

// permission is what a token must hold for the need; the first one is named when it is missing.
func (n Need) permissions() []string {
	switch n {
	case Read:
		return []string{PermissionView, PermissionManage}
	case Manage:
		return []string{PermissionManage}
	}
	return nil
}

// Claims say where in a token each fact is: a dotted path.
type Claims struct {
	Tenant      string `json:"tenant"`
	Permissions string `json:"permissions"`
	Context     string `json:"context"`
}

// Rules say whose tokens count and which tenant acts for all. They are compared with ==.
type Rules struct {
	Issuer         string `json:"issuer"`
	Audience       string `json:"audience"`
	OperatorTenant string `json:"operator_tenant,omitempty"` // empty: no token acts for another tenant
	Claims         Claims `json:"claims"`
	// Contexts are the words that the context of a token may hold, joined by blanks. Anything else, such as a visit as
	// guest or for support, is no way to use a migration, whatever the permissions.
	Contexts string `json:"contexts,omitempty"`
}

// Facts are what a token says whose issuer, audience, signature and expiry were verified.
type Facts struct {
	Issuer      string
	Subject     string
	Tenant      string
	Permissions []string
	Contexts    []string
}

// Code says why something was allowed or denied.
type Code string

// The codes of a Decision.
const (
	AllowedOpen     Code = "access-open"      // there are no rules
	AllowedOperator Code = "access-operator"  // a token of the operator tenant
	AllowedTenant   Code = "access-tenant"    // a token of the migration's own tenant
	DeniedToken     Code = "access-no-token"  // no verified token, or one without a subject
	DeniedContext   Code = "access-context"   // of a context that is not listed
	DeniedTenant    Code = "access-tenant-no" // of another tenant, or of none
	DeniedMissing   Code = "access-permission"
)

// Decision is the answer and its reason, one sentence for the person who asked.
type Decision struct {
	Allowed bool
	Code    Code
	Reason  string
	Missing string // of DeniedMissing: the permission
}

// Decide answers for one command. Facts are nil without a verified token. Tenants are all that the migration is known
// under, its recorded one and that of its configuration: the token must be good for each. Without tenants only the
// operator is let in.
func Decide(rules *Rules, facts *Facts, tenants []string, need Need) Decision {
	if rules == nil {
		return Decision{Allowed: true, Code: AllowedOpen, Reason: "no access rules are set"}
	}
	if facts == nil || facts.Subject == "" {
		return deny(DeniedToken, "there is no verified token that names its subject")
	}
	allowed := strings.Fields(rules.Contexts)
	for _, context := range facts.Contexts {
		if !slices.ContainsFunc(allowed, func(word string) bool { return strings.EqualFold(word, context) }) {
			return deny(DeniedContext, "the token was given out for %q, and contexts of the access block does not list that",
				context)
		}
	}
	operator := rules.OperatorTenant != "" && facts.Tenant == rules.OperatorTenant
	if !operator {
		if d, ok := ownTenant(facts.Tenant, tenants); !ok {
			return d
		}
	}
	wanted := need.permissions()
	if !slices.ContainsFunc(wanted, func(p string) bool { return slices.Contains(facts.Permissions, p) }) {
		d := deny(DeniedMissing, "the token does not hold %s", strings.Join(wanted, " or "))
		if len(wanted) > 0 {
			d.Missing = wanted[0]
		}
		return d
	}
	if operator {
		return Decision{Allowed: true, Code: AllowedOperator, Reason: "a token of the operator tenant"}
	}
	return Decision{Allowed: true, Code: AllowedTenant, Reason: "a token of the migration's tenant"}
}

func ownTenant(tenant string, tenants []string) (Decision, bool) {
	if tenant == "" {
		return deny(DeniedTenant, "the token names no tenant"), false
	}
	if len(tenants) == 0 {
		return deny(DeniedTenant, "the migration names no tenant, so only the operator may use it"), false
	}
	for _, own := range tenants {
		if own != tenant {
			return deny(DeniedTenant, "the token is of tenant %q, the migration of tenant %q", tenant, own), false
		}
	}
	return Decision{}, true
}

func deny(code Code, format string, args ...any) Decision {
	return Decision{Code: code, Reason: fmt.Sprintf(format, args...)}
}
