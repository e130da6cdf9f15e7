package okta

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// convertRoutingRule reads one rule of the IDP_DISCOVERY policy and adds it to the earlier ones. Rules come sorted; the
// first that fits decides.
func convertRoutingRule(policy reading.Node, earlier *domainsTaken, body reading.Node) (identity.Item, error) {
	reach := reachOf(body)
	r := kinds.RoutingRule{
		Name: body.At("name").Text(), Status: status(body), Priority: body.At("priority").Number(),
		System:  body.At("system").Flag(),
		Domains: reach.domains, Conditions: reach.others,
	}
	if status(policy) != identity.StatusActive {
		r.Status = identity.StatusInactive
	}
	action := body.At("actions", "idp")
	providers := action.At("providers").List()
	r.Providers = len(providers)
	selection := action.At("idpSelectionType").Text()
	if selection != "" && selection != "SPECIFIC" {
		r.Conditions = append(r.Conditions, "the provider is chosen at sign-in ("+selection+")")
	}
	if action.At("matchCriteria").IsSet() {
		r.Conditions = append(r.Conditions, "matchCriteria "+action.At("matchCriteria").Plain())
	}
	if len(providers) == 1 {
		r.ProviderType = providerType(providers[0])
	} else if len(providers) == 0 && r.System {
		r.ProviderType = "local"
	}
	r.Simple = len(r.Domains) > 0 && len(r.Conditions) == 0 && len(providers) == 1 && providers[0].At("id").Text() != ""
	r.Earlier = earlier.touching(reach)
	earlier.add(body, reach)
	for _, provider := range providers {
		provider.Settled() // the reference says which; its name is of no use
	}
	settleRule(body)
	settleConditions(body.At("conditions"))
	body.At("conditions", "userIdentifier").Settled() // told as domains and conditions
	r.Unknown = body.Unread("")
	item, err := identity.NewItem(identity.KindRoutingRule, body.At("id").Text(), r.Name, r)
	for _, provider := range providers {
		if id := provider.At("id").Text(); id != "" {
			item.References = append(item.References, identity.Reference{Role: "provider", Kind: identity.KindIdentityProvider,
				ID: id})
		}
	}
	return item, err
}

func providerType(provider reading.Node) string {
	if kind := provider.At("type").Text(); kind != "OKTA" {
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

func reachOf(body reading.Node) reach {
	conditions := body.At("conditions")
	identifier := conditions.At("userIdentifier")
	var r reach
	if kind := identifier.At("type").Text(); kind != "" && kind != "IDENTIFIER" {
		r.others = append(r.others, "the attribute "+identifier.At("attribute").Plain()+" decides")
		r.open = true
	}
	for _, pattern := range identifier.At("patterns").List() {
		domain, ok := domainOf(pattern)
		if !ok {
			r.open = true
			r.others = append(r.others, "the sign-in name fits "+pattern.At("matchType").Text()+" "+
				""+quoted(pattern.At("value").Text()))
			continue
		}
		if !slices.Contains(r.domains, domain) {
			r.domains = append(r.domains, domain)
		}
	}
	r.open = r.open || len(r.domains) == 0
	r.others = append(r.others, identifier.Unread("userIdentifier")...)
	for _, name := range conditions.Names() {
		condition := conditions.At(name)
		if name == "userIdentifier" || !condition.IsSet() || isAnything(name, condition) {
			continue
		}
		r.others = append(r.others, name+" "+condition.Plain())
	}
	return r
}

// domainOf reads the domain of a pattern: a suffix, or an expression that is nothing but .*@domain.
func domainOf(pattern reading.Node) (string, bool) {
	value := strings.ToLower(strings.TrimSpace(pattern.At("value").Text()))
	switch pattern.At("matchType").Text() {
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

// settleRule marks what is the org's own bookkeeping.
func settleRule(body reading.Node) {
	for _, name := range []string{"id", "created", "lastUpdated", "_links", "_embedded", "type", "orn", "system"} {
		body.At(name).Settled()
	}
}

// domainsTaken is which domains earlier rules may catch, so that a rule is compared with those of its domains and not
// with all.
type domainsTaken struct {
	names   []string         // of all active rules, in order
	open    []int            // rules that may touch any domain
	within  map[string][]int // a domain or one above it -> rules that name the domain
	exactly map[string][]int // the domain itself -> rules that name it
}

// add notes a rule. The default rule comes last anyway, and one that is off catches nobody.
func (d *domainsTaken) add(body reading.Node, reach reach) {
	if body.At("status").Text() != "ACTIVE" || body.At("system").Flag() {
		return
	}
	index := len(d.names)
	d.names = append(d.names, body.At("name").Text())
	if reach.open {
		d.open = append(d.open, index)
		return
	}
	if d.exactly == nil {
		d.exactly, d.within = map[string][]int{}, map[string][]int{}
	}
	for _, domain := range reach.domains {
		domain = strings.TrimPrefix(domain, "*.")
		d.exactly[domain] = append(d.exactly[domain], index)
		for _, above := range domainAndAbove(domain) {
			d.within[above] = append(d.within[above], index)
		}
	}
}

// touching names the earlier rules that may catch people of one of the domains first, in order: those that name the
// domain, one below it or one above it, or look at something else than domains.
func (d *domainsTaken) touching(reach reach) []string {
	if len(reach.domains) == 0 {
		return nil
	}
	found := slices.Clone(d.open)
	for _, domain := range reach.domains {
		domain = strings.TrimPrefix(domain, "*.")
		found = append(found, d.within[domain]...)
		for _, above := range domainAndAbove(domain) {
			found = append(found, d.exactly[above]...)
		}
	}
	slices.Sort(found)
	var names []string
	for _, index := range slices.Compact(found) {
		names = append(names, d.names[index])
	}
	return names
}

func domainAndAbove(domain string) []string {
	all := []string{domain}
	for {
		_, above, found := strings.Cut(domain, ".")
		if !found {
			return all
		}
		domain = above
		all = append(all, domain)
	}
}
