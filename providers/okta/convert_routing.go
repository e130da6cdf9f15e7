package okta

import (
	"regexp"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// convertRoutingRule reads one rule of the IDP_DISCOVERY policy. Earlier rules come sorted; the first that fits decides.
func convertRoutingRule(policy node, earlier []element, body node) (identity.Item, error) {
	reach := reachOf(body)
	r := identity.RoutingRule{
		Name: body.at("name").text(), Status: status(body), Priority: body.at("priority").number(), System: body.at("system").flag(),
		Domains: reach.domains, Conditions: reach.others,
	}
	if status(policy) != identity.StatusActive {
		r.Status = identity.StatusInactive
	}
	action := body.at("actions", "idp")
	providers := action.at("providers").list()
	r.Providers = len(providers)
	selection := action.at("idpSelectionType").text()
	if selection != "" && selection != "SPECIFIC" {
		r.Conditions = append(r.Conditions, "the provider is chosen at sign-in ("+selection+")")
	}
	if action.at("matchCriteria").isSet() {
		r.Conditions = append(r.Conditions, "matchCriteria "+action.at("matchCriteria").plain())
	}
	r.Conditions = append(r.Conditions, unknownActions(body)...)
	if len(providers) == 1 {
		r.ProviderType = providerType(providers[0])
	} else if len(providers) == 0 && r.System {
		r.ProviderType = "local"
	}
	r.Simple = len(r.Domains) > 0 && len(r.Conditions) == 0 && len(providers) == 1 && providers[0].at("id").text() != ""
	for _, before := range earlier {
		if touches(before.body, reach) {
			r.Earlier = append(r.Earlier, before.body.at("name").text())
		}
	}
	item, err := identity.NewItem(identity.KindRoutingRule, body.at("id").text(), r.Name, r)
	for _, provider := range providers {
		if id := provider.at("id").text(); id != "" {
			item.References = append(item.References, identity.Reference{Role: "provider", Kind: identity.KindIdentityProvider, ID: id})
		}
	}
	return item, err
}

func unknownActions(body node) []string {
	found := body.at("actions").unknown("actions.", "idp")
	return append(found, body.at("actions", "idp").unknown("actions.idp.", "idpSelectionType", "matchCriteria", "providers")...)
}

func providerType(provider node) string {
	if kind := provider.at("type").text(); kind != "OKTA" {
		return kind
	}
	return "local"
}

// reach is whom a rule is about.
type reach struct {
	domains []string // e-mail domains, lower-case; *.example.com for sub-domains
	open    bool     // patterns beyond domains, or none at all: any domain may be touched
	others  []string // conditions beyond the domain, in words
}

func reachOf(body node) reach {
	conditions := body.at("conditions")
	identifier := conditions.at("userIdentifier")
	var r reach
	if kind := identifier.at("type").text(); kind != "" && kind != "IDENTIFIER" {
		r.others = append(r.others, "the attribute "+identifier.at("attribute").plain()+" decides")
		r.open = true
	}
	for _, pattern := range identifier.at("patterns").list() {
		domain, ok := domainOf(pattern)
		if !ok {
			r.open = true
			r.others = append(r.others, "the sign-in name fits "+pattern.at("matchType").text()+" "+quoted(pattern.at("value").text()))
			continue
		}
		if !contains(r.domains, domain) {
			r.domains = append(r.domains, domain)
		}
	}
	r.open = r.open || len(r.domains) == 0
	r.others = append(r.others, identifier.unknown("userIdentifier.", "type", "patterns", "attribute")...)
	for _, name := range conditions.names() {
		condition := conditions.at(name)
		if name == "userIdentifier" || !condition.isSet() || isAnything(name, condition) {
			continue
		}
		r.others = append(r.others, name+" "+condition.plain())
	}
	return r
}

// domainOf reads the domain of a pattern: a suffix, or an expression that is nothing but .*@domain.
func domainOf(pattern node) (string, bool) {
	value := strings.ToLower(strings.TrimSpace(pattern.at("value").text()))
	switch pattern.at("matchType").text() {
	case "SUFFIX":
		value = strings.TrimPrefix(value, "@")
		if strings.HasPrefix(value, ".") {
			value = "*" + value
		}
	case "EXPRESSION":
		escaped, found := strings.CutPrefix(strings.TrimSuffix(strings.TrimPrefix(value, "^"), "$"), ".*@")
		if !found {
			return "", false
		}
		value = strings.ReplaceAll(escaped, `\.`, ".")
	default:
		return "", false
	}
	return value, regexp.MustCompile(`^(\*\.)?[a-z0-9\x{80}-\x{10ffff}_-]+(\.[a-z0-9\x{80}-\x{10ffff}_-]+)*$`).MatchString(value)
}

// touches tells whether an active earlier rule may catch people of one of the domains first. The default rule comes last anyway.
func touches(before node, later reach) bool {
	if before.at("status").text() != "ACTIVE" || before.at("system").flag() || len(later.domains) == 0 {
		return false
	}
	own := reachOf(before)
	if own.open {
		return true
	}
	for _, a := range own.domains {
		for _, b := range later.domains {
			a, b := strings.TrimPrefix(a, "*."), strings.TrimPrefix(b, "*.")
			if a == b || strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a) {
				return true
			}
		}
	}
	return false
}
