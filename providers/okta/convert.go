package okta

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// status of things that are ACTIVE or not.
func status(body node) string {
	if body.at("status").text() == "ACTIVE" {
		return identity.StatusActive
	}
	return identity.StatusInactive
}

func convertAssignment(app string, kind identity.Kind, body node) (identity.Item, error) {
	principal := body.at("id").text()
	a := identity.AppAssignment{
		Application: app, Principal: principal, PrincipalKind: string(kind), Direct: true, Status: identity.StatusActive,
	}
	if kind == identity.KindUser {
		a.Direct = isDirect(body)
		a.Username = body.at("credentials", "userName").text()
		a.PrincipalName = firstText(body.at("profile", "name").text(), a.Username)
		a.Status = identity.StatusInactive
		switch body.at("status").text() {
		case "ACTIVE", "PROVISIONED", "IMPLICIT":
			a.Status = identity.StatusActive
		}
	}
	item, err := identity.NewItem(identity.KindAppAssignment, app+":"+principal, firstText(a.PrincipalName, principal), a)
	item.References = []identity.Reference{
		{Role: "application", Kind: identity.KindApplication, ID: app}, {Role: "principal", Kind: kind, ID: principal},
	}
	return item, err
}

// isDirect is true for a person who was assigned by name and not through a group.
func isDirect(appUser node) bool { return appUser.at("scope").text() != "GROUP" }

func isEveryone(group node) bool {
	return group.at("type").text() == "BUILT_IN" && group.at("profile", "name").text() == "Everyone"
}

func convertGroup(body node, fillers groupFillers, members membersOf) (identity.Item, error) {
	id, profile := body.at("id").text(), body.at("profile")
	g := identity.Group{
		Name: profile.at("name").text(), Description: profile.at("description").text(), Type: body.at("type").text(),
		Everyone: isEveryone(body), HiddenMembers: members.hidden,
	}
	g.Origin = map[string]string{"OKTA_GROUP": "local", "APP_GROUP": "imported", "BUILT_IN": "builtin"}[g.Type]
	if expressions := fillers.expressions[id]; len(expressions) > 0 {
		g.Dynamic, g.MembershipRule = true, strings.Join(expressions, "\n")
	}
	for _, name := range profile.names() {
		if name == "name" || name == "description" || profile.at(name).isNull() {
			continue
		}
		if g.Attributes == nil {
			g.Attributes = map[string][]string{}
		}
		g.Attributes[name] = attributeTexts(profile.at(name))
	}
	item, err := identity.NewItem(identity.KindGroup, id, g.Name, g)
	item.Deleted = members.gone
	if !fillers.known {
		item.Gaps = append(item.Gaps, "membership_rule")
	}
	if members.hidden {
		item.Gaps = append(item.Gaps, "members")
	}
	if source := lastSegment(body.at("_links", "source", "href").text()); source != "" {
		item.References = []identity.Reference{{Role: "application", Kind: identity.KindApplication, ID: source}}
	}
	return item, err
}

func attributeTexts(value node) []string {
	if _, isList := value.value.([]any); !isList {
		return []string{value.plain()}
	}
	texts := []string{}
	for _, entry := range value.list() {
		texts = append(texts, entry.plain())
	}
	return texts
}

func convertUser(body node) (identity.Item, error) {
	profile := body.at("profile")
	u := identity.User{
		Username: profile.at("login").text(), Email: profile.at("email").text(),
		FirstName: profile.at("firstName").text(), LastName: profile.at("lastName").text(),
		State: body.at("status").text(), Status: identity.StatusInactive,
	}
	switch u.State {
	case "ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT":
		u.Status = identity.StatusActive
	}
	switch body.at("credentials", "provider", "type").text() {
	case "OKTA":
		u.Credential = "local"
	case "ACTIVE_DIRECTORY", "LDAP":
		u.Credential = "directory"
	case "FEDERATION":
		u.Credential = "federated"
	case "SOCIAL":
		u.Credential = "social"
	case "IMPORT":
		u.Credential = "import"
	}
	return identity.NewItem(identity.KindUser, body.at("id").text(), firstText(u.Username, u.Email), u)
}

func convertMembership(group string, user node) (identity.Item, error) {
	member := user.at("id").text()
	m := identity.Membership{Group: group, Member: member, MemberKind: string(identity.KindUser)}
	item, err := identity.NewItem(identity.KindMembership, group+":"+member, user.at("profile", "login").text(), m)
	item.References = []identity.Reference{
		{Role: "group", Kind: identity.KindGroup, ID: group}, {Role: "member", Kind: identity.KindUser, ID: member},
	}
	return item, err
}

func convertDomain(body node) (identity.Item, error) {
	d := identity.Domain{Name: strings.ToLower(body.at("domain").text()), Purpose: "login"}
	switch body.at("validationStatus").text() {
	case "VERIFIED", "COMPLETED":
		d.Verified = true
	}
	return identity.NewItem(identity.KindDomain, body.at("id").text(), d.Name, d)
}

func firstText(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// hasWildcardHost tells whether an address holds * in its host.
func hasWildcardHost(address string) bool {
	if u, err := url.Parse(address); err == nil {
		return strings.Contains(u.Host, "*")
	}
	_, rest, found := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return found && strings.Contains(host, "*")
}

func quoted(text string) string { return fmt.Sprintf("%q", text) }
