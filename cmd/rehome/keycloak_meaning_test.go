package main

import (
	"slices"
	"strings"
	"unicode"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// object is a representation as the Admin API of Keycloak gives it. The meanings below are read out of it by hand: were
// they read by the code that wrote it, a mistake would cancel itself out.
type object = map[string]any

// meaning is one field of an item and how what it means is read off the live resource. A nil compare says that the
// field means nothing to a realm, for the reason in without. Despite is true where a note of the item names the field
// and speaks of something else.
type meaning[T any] struct {
	field   string
	despite bool
	without string
	compare func(T, object, *liveRealm) (source, live any)
}

// says reads one text of the live resource.
func says[T any](field string, source func(T) string, path ...string) meaning[T] {
	return meaning[T]{field: field, compare: func(item T, o object, _ *liveRealm) (any, any) {
		return source(item),
			textAt(o, path...)
	}}
}

// isOn tells whether a switch is on.
func isOn[T any](field string, source func(T) bool, path ...string) meaning[T] {
	return meaning[T]{field: field, compare: func(item T, o object, _ *liveRealm) (any, any) {
		return source(item),
			textAt(o, path...) == "true"
	}}
}

// lists reads a set of texts.
func lists[T any](field string, source func(T) []string, live func(object, *liveRealm) []string) meaning[T] {
	return meaning[T]{field: field, compare: func(item T, o object, r *liveRealm) (any, any) {
		return sortedTexts(source(item)), sortedTexts(live(o, r))
	}}
}

func means[T any](field string, compare func(T, object, *liveRealm) (any, any)) meaning[T] {
	return meaning[T]{field: field, compare: compare}
}

func nothing[T any](reason string, fields ...string) []meaning[T] {
	var all []meaning[T]
	for _, field := range fields {
		all = append(all, meaning[T]{field: field, without: reason})
	}
	return all
}

func groupMeanings() []meaning[kinds.Group] {
	type group = kinds.Group
	return append([]meaning[group]{
		means("name", func(g group, o object, _ *liveRealm) (any, any) {
			if g.Everyone { // of a source, so it bears the source's name
				return true, strings.HasPrefix(textAt(o, "name"), "everyone-")
			}
			return g.Name, textAt(o, "name")
		}),
		means("description", func(g group, o object, _ *liveRealm) (any, any) {
			if g.Everyone {
				return true, strings.HasPrefix(textAt(o, "description"), "Everybody of ")
			}
			return g.Description, textAt(o, "description")
		}),
		means("attributes", func(g group, o object, _ *liveRealm) (any, any) {
			return attributeTexts(g.Attributes), attributeTexts(listsOf(objectAt(o, "attributes")))
		}),
	}, nothing[group]("a word of the incumbent; what follows from it is noted, of a rule with the rule itself", "type",
		"origin", "dynamic", "everyone")...)
}

func assignmentMeanings() []meaning[kinds.AppAssignment] {
	type assignment = kinds.AppAssignment
	holder := func(a assignment, _ object, r *liveRealm) (any, any) {
		group, app := r.names[identity.ItemID{Kind: identity.KindGroup, ID: a.Principal}], r.clientOf[a.Application]
		return []string{"access"}, r.grants[group][app]
	}
	return append([]meaning[assignment]{means("principal", holder), means("application", holder)},
		nothing[assignment]("a word of the incumbent", "principal_kind", "principal_name", "direct", "status")...)
}

func ruleMeanings() []meaning[kinds.RoutingRule] {
	type rule = kinds.RoutingRule
	domains := lists("domains", func(r rule) []string { return r.Domains }, nil)
	domains.despite = true // the notes speak of people who have a password, and of sub-domains
	domains.compare = func(item rule, o object, r *liveRealm) (any, any) {
		provider := r.organizationProvider[textAt(o, "id")]
		var missing []string
		for _, d := range item.Domains {
			if !slices.Contains(domainNames(o), strings.ToLower(d)) {
				missing = append(missing, d)
			}
		}
		return "every domain to " + r.ruleProvider,
			strings.TrimSpace("every domain to " + provider + " " + strings.Join(missing, " "))
	}
	return append([]meaning[rule]{domains,
		means("status", func(item rule, o object, r *liveRealm) (any, any) {
			return item.Status == identity.StatusActive, o["enabled"] == true && r.redirects[textAt(o, "id")]
		}),
	}, nothing[rule]("rules of one provider are one organization, which has no order and no name of theirs", "name",
		"priority", "simple", "provider_type", "providers")...)
}

func providerMeanings() []meaning[kinds.IdentityProvider] {
	type provider = kinds.IdentityProvider
	config := func(name string) []string { return []string{"config", name} }
	all := []meaning[provider]{
		says("name", func(p provider) string { return p.Name }, "displayName"),
		means("status", func(p provider, o object, _ *liveRealm) (any, any) {
			return p.Status == identity.StatusActive, o["enabled"]
		}),
		means("protocol", func(p provider, o object, _ *liveRealm) (any, any) {
			if p.Protocol == "social" {
				return strings.ToLower(p.Type), o["providerId"]
			}
			return p.Protocol, o["providerId"]
		}),
		says("entity_id", func(p provider) string { return p.EntityID }, config("idpEntityId")...),
		says("sso_url", func(p provider) string { return p.SSOURL }, config("singleSignOnServiceUrl")...),
		says("slo_url", func(p provider) string { return p.SLOURL }, config("singleLogoutServiceUrl")...),
		says("audience", func(p provider) string { return p.Audience }, config("entityId")...),
		says("name_id_format", func(p provider) string { return p.NameIDFormat }, config("nameIDPolicyFormat")...),
		says("issuer", func(p provider) string { return p.Issuer }, config("issuer")...),
		says("authorization_url", func(p provider) string { return p.AuthorizationURL }, config("authorizationUrl")...),
		says("token_url", func(p provider) string { return p.TokenURL }, config("tokenUrl")...),
		says("userinfo_url", func(p provider) string { return p.UserInfoURL }, config("userInfoUrl")...),
		says("jwks_url", func(p provider) string { return p.JWKSURL }, config("jwksUrl")...),
		says("client_id", func(p provider) string { return p.ClientID }, config("clientId")...),
		says("scopes", func(p provider) string { return strings.Join(p.Scopes, " ") }, config("defaultScope")...),
		isOn("sign_requests", func(p provider) bool { return p.SignRequests }, config("wantAuthnRequestsSigned")...),
		isOn("pkce_required", func(p provider) bool { return p.PKCERequired }, config("pkceEnabled")...),
		means("request_algorithm", func(p provider, o object, _ *liveRealm) (any, any) {
			if !p.SignRequests || p.RequestAlgorithm == "" {
				return nil, nil // nothing is signed
			}
			return p.RequestAlgorithm, strings.ReplaceAll(orElse(textAt(o, config("signatureAlgorithm")...), "RSA_SHA256"),
				"RSA_SHA", "SHA-")
		}),
		means("alias", func(p provider, o object, _ *liveRealm) (any, any) {
			if p.Alias == "" {
				return nil, nil // it is made of the name
			}
			letters := func(text string) string { return strings.Join(strings.FieldsFunc(text, isNoLetter), "-") }
			return letters(strings.ToLower(p.Alias)), letters(textAt(o, "alias"))
		}),
		means("signature_scope", func(p provider, o object, _ *liveRealm) (any, any) {
			return p.SignatureScope == "assertion", textAt(o, config("wantAssertionsSigned")...) == "true"
		}),
		lists("signing_certificates", func(p provider) []string { return p.SigningCertificates },
			func(o object, _ *liveRealm) []string {
				return strings.FieldsFunc(textAt(o, config("signingCertificate")...), func(r rune) bool { return r == ',' })
			}),
		means("sso_binding", func(p provider, o object, _ *liveRealm) (any, any) {
			return p.Protocol == "saml" && p.SSOBinding != "redirect", textAt(o, config("postBindingAuthnRequest")...) == "true"
		}),
		means("profile_master", func(p provider, o object, _ *liveRealm) (any, any) {
			return p.ProfileMaster, textAt(o, config("syncMode")...) == "FORCE"
		}),
		means("clock_skew_seconds", func(p provider, o object, _ *liveRealm) (any, any) {
			return p.ClockSkewSeconds, wholeAt(o, config("allowedClockSkew")...)
		}),
		means("client_authentication", func(p provider, o object, _ *liveRealm) (any, any) {
			if p.ClientAuthentication == "" {
				return "", ""
			}
			return p.ClientAuthentication, textAt(o, config("clientAuthMethod")...)
		}),
		lists("mappings", wantedMappings, liveMappings),
		means("username_template", func(p provider, o object, _ *liveRealm) (any, any) {
			return p.UsernameTemplate != "", textAt(mapperOf(o, "username"), "config", "template") != ""
		}),
		lists("domains", func(p provider) []string { return p.Domains }, func(o object, r *liveRealm) []string {
			var found []string
			for _, organization := range r.organizations {
				if r.organizationProvider[textAt(organization, "id")] == textAt(o, "alias") && len(r.ruleDomains) == 0 {
					found = append(found, domainNames(organization)...)
				}
			}
			return found
		}),
		means("provisioning", firstSignIn), means("account_link", firstSignIn), means("match_type", firstSignIn),
	}
	for i, m := range all {
		switch m.field {
		case "issuer", "authorization_url", "token_url", "userinfo_url", "jwks_url", "username_template":
			all[i].compare = func(p provider, o object, r *liveRealm) (any, any) {
				if p.Protocol == "social" {
					// the server's provider of this type knows its addresses, and names people by their own; else there is a note
					return nil, nil
				}
				return m.compare(p, o, r)
			}
		}
	}
	all = append(all, nothing[provider]("a realm takes any digest that is no weaker; a weaker one is noted",
		"response_algorithm")...)
	return append(all, nothing[provider]("a word of the incumbent, or of what was read", "type", "mappings_known",
		"group_action")...)
}

func isNoLetter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// firstSignIn is whether people whom nobody knows get an account, and whether those who have one are joined with it
// unasked.
func firstSignIn(p kinds.IdentityProvider, o object, _ *liveRealm) (any, any) {
	type answer struct{ Makes, Joins bool }
	flow := textAt(o, "firstBrokerLoginFlowAlias")
	known := []string{"rehome first sign-in create only", "rehome first sign-in linked only", "first broker login"}
	live := answer{Makes: !strings.HasSuffix(flow, "linked only"), Joins: !slices.Contains(known, flow)}
	// nobody is joined by an address, whatever the incumbent did
	return answer{Makes: p.Provisioning != "disabled", Joins: false}, live
}

func wantedMappings(p kinds.IdentityProvider) []string {
	var wanted []string
	for _, m := range p.Mappings {
		if m.To != "username" && p.Protocol != "social" {
			wanted = append(wanted, strings.TrimPrefix(m.From, "appuser.")+" to "+strings.ReplaceAll(m.To, "_", ""))
		}
	}
	return wanted
}

func liveMappings(o object, _ *liveRealm) []string {
	var found []string
	for _, m := range objectsAt(o, "mappers") {
		from := textAt(m, "config", "attribute.name") + textAt(m, "config", "claim")
		if to := textAt(m, "config", "user.attribute"); to != "" {
			found = append(found, from+" to "+strings.ToLower(to))
		}
	}
	return found
}

func mapperOf(o object, part string) object {
	for _, m := range objectsAt(o, "mappers") {
		if strings.Contains(textAt(m, "identityProviderMapper"), part) {
			return m
		}
	}
	return nil
}
