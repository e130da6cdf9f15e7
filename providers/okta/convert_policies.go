package okta

import (
	"fmt"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// sortRules puts rules in the order of evaluation; system rules have priority 99 and come last.
func sortRules(rules []element) {
	sort.SliceStable(rules, func(i, j int) bool {
		a, b := rules[i].body, rules[j].body
		if a.at("system").flag() != b.at("system").flag() {
			return b.at("system").flag()
		}
		if a.at("priority").number() != b.at("priority").number() {
			return a.at("priority").number() < b.at("priority").number()
		}
		return a.at("id").text() < b.at("id").text()
	})
}

func convertAuthPolicy(body node, rules ruleList) (identity.Item, error) {
	p := identity.AuthPolicy{
		Name: body.at("name").text(), Type: body.at("type").text(), Status: status(body), System: body.at("system").flag(),
		Priority: body.at("priority").number(), Rules: len(rules.elements), Summary: summaries(rules),
	}
	switch p.Type {
	case "ACCESS_POLICY", "PASSWORD", "MFA_ENROLL", "PROFILE_ENROLLMENT":
		p.Known = true
	}
	p.Restricts = p.Status == identity.StatusActive && restricts(p.Type, body, rules)
	item, err := identity.NewItem(identity.KindAuthPolicy, body.at("id").text(), p.Name, p)
	item.Gaps, item.Deleted = rules.gaps, rules.gone
	item.References = groupReferences(body, rules)
	return item, err
}

func convertSessionPolicy(body node, rules ruleList) (identity.Item, error) {
	p := identity.SessionPolicy{
		Name: body.at("name").text(), Status: status(body), System: body.at("system").flag(),
		Priority: body.at("priority").number(), Summary: summaries(rules),
	}
	for _, rule := range rules.elements {
		if rule.body.at("status").text() != "ACTIVE" {
			continue
		}
		session := rule.body.at("actions", "signon", "session")
		p.IdleMinutes = smallest(p.IdleMinutes, session.at("maxSessionIdleMinutes").number())
		p.LifetimeMinutes = smallest(p.LifetimeMinutes, session.at("maxSessionLifetimeMinutes").number())
	}
	item, err := identity.NewItem(identity.KindSessionPolicy, body.at("id").text(), p.Name, p)
	item.Gaps, item.Deleted = rules.gaps, rules.gone
	item.References = groupReferences(body, rules)
	return item, err
}

// smallest of two limits, where 0 or less means none: the tightest rule speaks for the policy.
func smallest(a, b int) int {
	if b <= 0 || (a > 0 && a < b) {
		return a
	}
	return b
}

// convertGroupRule hands out a group rule as a policy of type group_rule. Leaving an active one out means that leavers stay in.
func convertGroupRule(body node) (identity.Item, error) {
	targets := body.at("actions", "assignUserToGroups", "groupIds").texts()
	p := identity.AuthPolicy{
		Name: body.at("name").text(), Type: "group_rule", Status: status(body), Rules: 1, Known: true,
		Restricts: body.at("status").text() == "ACTIVE",
		Summary:   []string{fmt.Sprintf("people with %s go to %s", body.at("conditions", "expression", "value").text(), groupCount(len(targets)))},
	}
	item, err := identity.NewItem(identity.KindAuthPolicy, body.at("id").text(), p.Name, p)
	sort.Strings(targets)
	for _, id := range targets {
		item.References = append(item.References, identity.Reference{Role: "group", Kind: identity.KindGroup, ID: id})
	}
	return item, err
}

// restricts tells whether people are kept out, or asked for more, because of the policy. What cannot be read as harmless restricts.
func restricts(kind string, body node, rules ruleList) bool {
	switch kind {
	case "PROFILE_ENROLLMENT":
		return false
	case "ACCESS_POLICY":
		for _, rule := range rules.elements {
			if rule.body.at("status").text() == "ACTIVE" && !isOpen(rule.body) {
				return true
			}
		}
		return len(rules.elements) == 0
	case "MFA_ENROLL":
		return strings.Contains(body.at("settings").plain(), `"REQUIRED"`)
	default:
		return true
	}
}

// isOpen is true for a rule that lets in everybody it meets with one factor and no more conditions on that.
func isOpen(rule node) bool {
	action := rule.at("actions", "appSignOn")
	method := action.at("verificationMethod")
	return action.at("access").text() == "ALLOW" && method.at("factorMode").text() == "1FA" && !method.at("constraints").isSet()
}

// groupReferences are the groups that the policy or its rules name, each once, sorted.
func groupReferences(body node, rules ruleList) []identity.Reference {
	found := map[string]bool{}
	collect := func(n node) {
		for _, side := range []string{"include", "exclude"} {
			for _, id := range n.at("conditions", "people", "groups", side).texts() {
				found[id] = true
			}
		}
	}
	collect(body)
	for _, rule := range rules.elements {
		collect(rule.body)
	}
	ids := make([]string, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	var references []identity.Reference
	for _, id := range ids {
		references = append(references, identity.Reference{Role: "group", Kind: identity.KindGroup, ID: id})
	}
	return references
}

// summaries says each rule in one line, in the order of evaluation.
func summaries(rules ruleList) []string {
	lines := make([]string, 0, len(rules.elements))
	for _, rule := range rules.elements {
		lines = append(lines, summary(rule.body))
	}
	return lines
}

func summary(rule node) string {
	parts := []string{fmt.Sprintf("%d %s", rule.at("priority").number(), quoted(rule.at("name").text()))}
	if rule.at("status").text() != "ACTIVE" {
		parts = append(parts, "inactive")
	}
	if conditions := conditionWords(rule.at("conditions")); len(conditions) > 0 {
		parts = append(parts, "if "+strings.Join(conditions, " and "))
	}
	for _, name := range rule.at("actions").names() {
		parts = append(parts, name+" "+actionWords(rule.at("actions", name)))
	}
	return strings.Join(parts, ", ")
}

func actionWords(action node) string {
	var words []string
	if access := action.at("access").text(); access != "" {
		words = append(words, access)
	}
	for _, name := range action.names() {
		if name != "access" && action.at(name).isSet() {
			words = append(words, name+"="+action.at(name).plain())
		}
	}
	return strings.Join(words, " ")
}

// conditionWords names the conditions that say anything.
func conditionWords(conditions node) []string {
	var words []string
	for _, name := range conditions.names() {
		condition := conditions.at(name)
		if !condition.isSet() || isAnything(name, condition) {
			continue
		}
		words = append(words, name+" "+condition.plain())
	}
	return words
}

// isAnything is true for a condition that is met always.
func isAnything(name string, condition node) bool {
	switch name {
	case "network":
		return condition.at("connection").text() == "ANYWHERE"
	case "authContext":
		return condition.at("authType").text() == "ANY"
	case "identityProvider":
		return condition.at("provider").text() == "ANY"
	case "riskScore":
		return condition.at("level").text() == "ANY"
	case "platform":
		return isAnyPlatform(condition)
	}
	return false
}

func isAnyPlatform(condition node) bool {
	if condition.at("exclude").isSet() {
		return false
	}
	for _, entry := range condition.at("include").list() {
		kind, system := entry.at("type").text(), entry.at("os", "type").text()
		if (kind != "" && kind != "ANY") || (system != "" && system != "ANY") || entry.at("os", "expression").isSet() {
			return false
		}
	}
	return true
}

func groupCount(n int) string {
	if n == 1 {
		return "1 group"
	}
	return fmt.Sprintf("%d groups", n)
}
