package okta

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// sortRules puts rules in the order of evaluation; system rules have priority 99 and come last.
func sortRules(rules []element) {
	sort.SliceStable(rules, func(i, j int) bool {
		a, b := rules[i].body, rules[j].body
		if a.At("system").Flag() != b.At("system").Flag() {
			return b.At("system").Flag()
		}
		if a.At("priority").Number() != b.At("priority").Number() {
			return a.At("priority").Number() < b.At("priority").Number()
		}
		return a.At("id").Text() < b.At("id").Text()
	})
}

func convertAuthPolicy(body reading.Node, rules ruleList) (identity.Item, error) {
	p := kinds.AuthPolicy{
		Name: body.At("name").Text(), Type: body.At("type").Text(), Status: status(body), System: body.At("system").Flag(),
		Priority: body.At("priority").Number(), Rules: len(rules.elements), Summary: summaries(rules),
	}
	switch p.Type {
	case "ACCESS_POLICY", "PASSWORD", "MFA_ENROLL", "PROFILE_ENROLLMENT":
		p.Known = true
	}
	p.Restricts = p.Status == identity.StatusActive && restricts(p.Type, body, rules)
	p.PasswordSuffices = p.Type == "ACCESS_POLICY" && passwordSuffices(rules)
	references := groupReferences(body, rules)
	p.Unknown = unreadOfPolicy(body, rules)
	item, err := identity.NewItem(identity.KindAuthPolicy, body.At("id").Text(), p.Name, p)
	item.Gaps, item.Deleted = rules.gaps, rules.gone
	item.References = references
	return item, err
}

func convertSessionPolicy(body reading.Node, rules ruleList) (identity.Item, error) {
	p := kinds.SessionPolicy{
		Name: body.At("name").Text(), Status: status(body), System: body.At("system").Flag(),
		Priority: body.At("priority").Number(), Summary: summaries(rules),
	}
	for _, rule := range rules.elements {
		if rule.body.At("status").Text() != "ACTIVE" {
			continue
		}
		session := rule.body.At("actions", "signon", "session")
		p.IdleMinutes = smallest(p.IdleMinutes, session.At("maxSessionIdleMinutes").Number())
		p.LifetimeMinutes = smallest(p.LifetimeMinutes, session.At("maxSessionLifetimeMinutes").Number())
	}
	references := groupReferences(body, rules)
	p.Unknown = unreadOfPolicy(body, rules)
	item, err := identity.NewItem(identity.KindSessionPolicy, body.At("id").Text(), p.Name, p)
	item.Gaps, item.Deleted = rules.gaps, rules.gone
	item.References = references
	return item, err
}

// unreadOfPolicy is what neither fields nor summary of a policy tell of it and of its rules.
func unreadOfPolicy(body reading.Node, rules ruleList) []string {
	settleRule(body)
	unread := body.Unread("")
	for _, rule := range rules.elements {
		settleRule(rule.body)
		settleConditions(rule.body.At("conditions"))
		unread = append(unread, rule.body.Unread("rules[]")...)
	}
	slices.Sort(unread)
	return slices.Compact(unread)
}

// settleConditions marks those that are met always.
func settleConditions(conditions reading.Node) {
	for _, name := range conditions.Names() {
		if isAnything(name, conditions.At(name)) {
			conditions.At(name).Settled()
		}
	}
}

// smallest of two limits, where 0 or less means none: the tightest rule speaks for the policy.
func smallest(a, b int) int {
	if b <= 0 || (a > 0 && a < b) {
		return a
	}
	return b
}

// convertGroupRule hands out a group rule as a policy of type group_rule. Leaving an active one out means that leavers
// stay in.
func convertGroupRule(body reading.Node, names map[string]string) (identity.Item, error) {
	targets := body.At("actions", "assignUserToGroups", "groupIds").Texts()
	p := kinds.AuthPolicy{
		Name: body.At("name").Text(), Type: "group_rule", Status: status(body), Rules: 1, Known: true,
		Restricts: body.At("status").Text() == "ACTIVE",
		Summary: []string{fmt.Sprintf("people with %s go to %s", body.At("conditions", "expression", "value").Text(),
			groupNames(targets, names)) + excepted(body.At("conditions", "people"), names)},
	}
	settleRule(body)
	body.At("conditions", "expression", "type").Settled() // there is one language of expressions
	body.At("allGroupsValid").Settled()                   // the references say which groups there are
	p.Unknown = body.Unread("")
	item, err := identity.NewItem(identity.KindAuthPolicy, body.At("id").Text(), p.Name, p)
	sort.Strings(targets)
	for _, id := range targets {
		item.References = append(item.References, identity.Reference{Role: "group", Kind: identity.KindGroup, ID: id})
	}
	return item, err
}

// groupsOfRule are the groups that a rule fills, and those whose members it leaves out.
func groupsOfRule(body reading.Node) []string {
	return append(body.At("actions", "assignUserToGroups", "groupIds").Texts(),
		body.At("conditions", "people", "groups", "exclude").Texts()...)
}

// groupNames names groups, with the id of one whose name is not known.
func groupNames(ids []string, names map[string]string) string {
	texts := make([]string, 0, len(ids))
	for _, id := range ids {
		texts = append(texts, "group "+quoted(firstText(names[id], id)))
	}
	sort.Strings(texts)
	return strings.Join(texts, " and ")
}

// excepted says who a rule leaves out: a rebuild without them lets in more.
func excepted(people reading.Node, names map[string]string) string {
	var parts []string
	if users := people.At("users", "exclude").Texts(); len(users) > 0 {
		sort.Strings(users)
		parts = append(parts, phrase.Plural(len(users), "person", "people")+" ("+strings.Join(users, ", ")+")")
	}
	if groups := people.At("groups", "exclude").Texts(); len(groups) > 0 {
		parts = append(parts, "the members of "+groupNames(groups, names))
	}
	if len(parts) == 0 {
		return ""
	}
	return ", but not " + strings.Join(parts, " and not ")
}

// restricts tells whether people are kept out, or asked for more, because of the policy. What cannot be read as
// harmless restricts.
func restricts(kind string, body reading.Node, rules ruleList) bool {
	switch kind {
	case "PROFILE_ENROLLMENT":
		return false
	case "ACCESS_POLICY":
		for _, rule := range rules.elements {
			if rule.body.At("status").Text() == "ACTIVE" && !isOpen(rule.body) {
				return true
			}
		}
		return len(rules.elements) == 0
	case "MFA_ENROLL":
		return strings.Contains(body.At("settings").Plain(), `"REQUIRED"`)
	default:
		return true
	}
}

// passwordSuffices tells whether no rule that lets anybody in asks for more than a password, or may ask for it.
func passwordSuffices(rules ruleList) bool {
	for _, rule := range rules.elements {
		denies := rule.body.At("actions", "appSignOn", "access").Text() == "DENY"
		if rule.body.At("status").Text() == "ACTIVE" && !denies && !isOpen(rule.body) {
			return false
		}
	}
	return len(rules.elements) > 0 && len(rules.gaps) == 0
}

// isOpen is true for a rule that lets in everybody it meets with one factor and no more conditions on that.
func isOpen(rule reading.Node) bool {
	action := rule.At("actions", "appSignOn")
	method := action.At("verificationMethod")
	return action.At("access").Text() == "ALLOW" && method.At("factorMode").Text() == "1FA" &&
		!method.At("constraints").IsSet()
}

// groupReferences are the groups that the policy or its rules name, each once, sorted.
func groupReferences(body reading.Node, rules ruleList) []identity.Reference {
	found := map[string]bool{}
	collect := func(n reading.Node) {
		for _, side := range []string{"include", "exclude"} {
			for _, id := range n.At("conditions", "people", "groups", side).Texts() {
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

func summary(rule reading.Node) string {
	parts := []string{fmt.Sprintf("%d %s", rule.At("priority").Number(), quoted(rule.At("name").Text()))}
	if rule.At("status").Text() != "ACTIVE" {
		parts = append(parts, "inactive")
	}
	if conditions := conditionWords(rule.At("conditions")); len(conditions) > 0 {
		parts = append(parts, "if "+strings.Join(conditions, " and "))
	}
	for _, name := range rule.At("actions").Names() {
		parts = append(parts, name+" "+actionWords(rule.At("actions", name)))
	}
	return strings.Join(parts, ", ")
}

func actionWords(action reading.Node) string {
	var words []string
	if access := action.At("access").Text(); access != "" {
		words = append(words, access)
	}
	for _, name := range action.Names() {
		if name != "access" && action.At(name).IsSet() {
			words = append(words, name+"="+action.At(name).Plain())
		}
	}
	return strings.Join(words, " ")
}

// conditionWords names the conditions that say anything.
func conditionWords(conditions reading.Node) []string {
	var words []string
	for _, name := range conditions.Names() {
		condition := conditions.At(name)
		if !condition.IsSet() || isAnything(name, condition) {
			continue
		}
		words = append(words, name+" "+condition.Plain())
	}
	return words
}

// isAnything is true for a condition that is met always.
func isAnything(name string, condition reading.Node) bool {
	switch name {
	case "network":
		return condition.At("connection").Text() == "ANYWHERE"
	case "authContext":
		return condition.At("authType").Text() == "ANY"
	case "identityProvider":
		return condition.At("provider").Text() == "ANY"
	case "riskScore":
		return condition.At("level").Text() == "ANY"
	case "platform":
		return isAnyPlatform(condition)
	}
	return false
}

func isAnyPlatform(condition reading.Node) bool {
	if condition.At("exclude").IsSet() {
		return false
	}
	for _, entry := range condition.At("include").List() {
		kind, system := entry.At("type").Text(), entry.At("os", "type").Text()
		if (kind != "" && kind != "ANY") || (system != "" && system != "ANY") || entry.At("os", "expression").IsSet() {
			return false
		}
	}
	return true
}
