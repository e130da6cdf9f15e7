package authorization

import (
	"fmt"
	"strings"
	"testing"
)

// TestDecide_EveryCombination walks every combination of rules, token, tenant, permissions, context and need, and
// compares with the rule as a person would say it.
func TestDecide_EveryCombination(t *testing.T) {
	const own, other, operator = "acme", "globex", "platform"
	rules := map[string]*Rules{
		"no rules":         nil,
		"with operator":    {Issuer: "https://id", Audience: "rehome", OperatorTenant: operator, Contexts: "portal staff"},
		"without operator": {Issuer: "https://id", Audience: "rehome"},
	}
	subjects := []string{"no token", "", "alice"}
	tenants := []string{own, other, operator, ""}
	permissionSets := [][]string{nil, {PermissionView}, {PermissionManage}, {PermissionView, PermissionManage},
		{"portal.migrations", "manage"}, {PermissionManage + "x"}}
	contexts := [][]string{nil, {"portal"}, {"Portal", "STAFF"}, {"guest_access"}, {"portal", "support_access"}, {"porta"}}
	migrations := [][]string{{own}, {own, own}, {own, other}, {other}, {operator}, nil, {""}}
	needs := []Need{Read, Manage, "", "write"}
	checked := 0
	for ruleName, rule := range rules {
		for _, subject := range subjects {
			for _, tenant := range tenants {
				for _, permissions := range permissionSets {
					for _, context := range contexts {
						for _, migration := range migrations {
							for _, need := range needs {
								var facts *Facts
								if subject != "no token" {
									facts = &Facts{Issuer: "https://id", Subject: subject, Tenant: tenant, Permissions: permissions,
										Contexts: context}
								}
								got := Decide(rule, facts, migration, need)
								checked++
								if want := stated(rule, facts, migration, need); got.Allowed != want {
									t.Errorf("%s, subject %q, tenant %q, %v, %v, migration of %v, need %q: allowed %v, wanted %v (%s)",
										ruleName, subject, tenant, permissions, context, migration, need, got.Allowed, want, got.Reason)
								}
								if got.Reason == "" || got.Code == "" {
									t.Errorf("a decision has no reason: %+v", got)
								}
							}
						}
					}
				}
			}
		}
	}
	if want := 3 * 3 * 4 * 6 * 6 * 7 * 4; checked != want {
		t.Errorf("%d combinations, wanted %d", checked, want)
	}
}

// stated is the rule again, written as it is spoken: in one text, looked for in a list of what is allowed.
func stated(rules *Rules, facts *Facts, migration []string, need Need) bool {
	if rules == nil {
		return true
	}
	if facts == nil {
		return false
	}
	said := fmt.Sprintf(" %s ", strings.Join(append(append([]string{}, facts.Permissions...), facts.Contexts...), " "))
	has := func(word string) bool { return strings.Contains(said, " "+word+" ") }
	known := facts.Subject != "" && facts.Tenant != ""
	mine := len(migration) > 0
	for _, tenant := range migration {
		mine = mine && tenant == facts.Tenant
	}
	forAll := facts.Tenant == rules.OperatorTenant
	abroad := false // no context is listed but portal and staff, and those for the operator's rules only
	for _, context := range facts.Contexts {
		word := strings.ToLower(context)
		abroad = abroad || rules.OperatorTenant == "" || word != "portal" && word != "staff"
	}
	enough := map[Need]bool{"read": has("portal.migrations.view") || has("portal.migrations.manage"),
		"manage": has("portal.migrations.manage")}[need]
	return known && (mine || forAll) && !abroad && enough
}

func TestDecide_SaysWhatIsMissing(t *testing.T) {
	rules := &Rules{OperatorTenant: "platform"}
	cases := map[string]struct {
		facts *Facts
		need  Need
		code  Code
		says  string
	}{
		"no token":   {nil, Read, DeniedToken, "no verified token"},
		"no subject": {&Facts{Tenant: "acme", Permissions: []string{PermissionManage}}, Read, DeniedToken, "subject"},
		"another tenant": {&Facts{Subject: "a", Tenant: "globex", Permissions: []string{PermissionManage}}, Read,
			DeniedTenant, `"globex"`},
		"no tenant": {&Facts{Subject: "a", Permissions: []string{PermissionManage}}, Read, DeniedTenant,
			"names no tenant"},
		"guest": {&Facts{Subject: "a", Tenant: "platform", Permissions: []string{PermissionManage},
			Contexts: []string{"guest_access"}}, Read, DeniedContext, "guest_access"},
		"view is not manage": {&Facts{Subject: "a", Tenant: "acme", Permissions: []string{PermissionView}}, Manage,
			DeniedMissing, PermissionManage},
		"nothing": {&Facts{Subject: "a", Tenant: "acme"}, Read, DeniedMissing, PermissionView},
		"unknown need": {&Facts{Subject: "a", Tenant: "platform", Permissions: []string{PermissionManage}}, "",
			DeniedMissing, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := Decide(rules, c.facts, []string{"acme"}, c.need)
			if got.Allowed || got.Code != c.code || !strings.Contains(got.Reason, c.says) {
				t.Errorf("%+v", got)
			}
		})
	}
}
