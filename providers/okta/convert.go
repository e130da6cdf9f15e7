package okta

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// status of things that are ACTIVE or not.
func status(body reading.Node) string {
	if body.At("status").Text() == "ACTIVE" {
		return identity.StatusActive
	}
	return identity.StatusInactive
}

func convertAssignment(app string, kind identity.Kind, body reading.Node) (identity.Item, error) {
	principal := body.At("id").Text()
	a := kinds.AppAssignment{
		Application: app, Principal: principal, PrincipalKind: string(kind), Direct: true, Status: identity.StatusActive,
	}
	if kind == identity.KindUser {
		a.Direct = isDirect(body)
		a.Username = body.At("credentials", "userName").Text()
		a.PrincipalName = firstText(body.At("profile", "name").Text(), a.Username)
		a.Status = identity.StatusInactive
		switch body.At("status").Text() {
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
func isDirect(appUser reading.Node) bool { return appUser.At("scope").Text() != "GROUP" }

func isEveryone(group reading.Node) bool {
	return group.At("type").Text() == "BUILT_IN" && group.At("profile", "name").Text() == "Everyone"
}

func convertGroup(body reading.Node, fillers groupFillers, members membersOf) (identity.Item, error) {
	id, profile := body.At("id").Text(), body.At("profile")
	g := kinds.Group{
		Name: profile.At("name").Text(), Description: profile.At("description").Text(), Type: body.At("type").Text(),
		Everyone: isEveryone(body), HiddenMembers: members.hidden,
	}
	g.Origin = map[string]string{"OKTA_GROUP": "local", "APP_GROUP": "imported", "BUILT_IN": "builtin"}[g.Type]
	if expressions := fillers.expressions[id]; len(expressions) > 0 {
		g.Dynamic, g.MembershipRule = true, strings.Join(expressions, "\n")
	}
	for _, name := range profile.Names() {
		if name == "name" || name == "description" || profile.At(name).IsNull() {
			continue
		}
		if g.Attributes == nil {
			g.Attributes = map[string][]string{}
		}
		g.Attributes[name] = attributeTexts(profile.At(name))
	}
	source := lastSegment(body.At("_links", "source", "href").Text())
	for _, name := range []string{"id", "created", "lastUpdated", "lastMembershipUpdated", "objectClass", "source",
		"_links", "_embedded"} {
		body.At(name).Settled() // bookkeeping of the org; source is a reference
	}
	g.Unknown = body.Unread("")
	item, err := identity.NewItem(identity.KindGroup, id, g.Name, g)
	item.Deleted = members.gone
	if !fillers.known {
		item.Gaps = append(item.Gaps, "membership_rule")
	}
	if members.hidden {
		item.Gaps = append(item.Gaps, "members")
	}
	if source != "" {
		item.References = []identity.Reference{{Role: "application", Kind: identity.KindApplication, ID: source}}
	}
	return item, err
}

func attributeTexts(value reading.Node) []string {
	if !value.IsList() {
		return []string{value.Plain()}
	}
	texts := []string{}
	for _, entry := range value.List() {
		texts = append(texts, entry.Plain())
	}
	return texts
}

func convertUser(body reading.Node) (identity.Item, error) {
	profile := body.At("profile")
	u := kinds.User{
		Username: profile.At("login").Text(), Email: profile.At("email").Text(),
		FirstName: profile.At("firstName").Text(), LastName: profile.At("lastName").Text(),
		State: body.At("status").Text(), Status: identity.StatusInactive,
	}
	switch u.State {
	case "ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT":
		u.Status = identity.StatusActive
	}
	switch body.At("credentials", "provider", "type").Text() {
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
	return identity.NewItem(identity.KindUser, body.At("id").Text(), firstText(u.Username, u.Email), u)
}

func convertMembership(group string, user reading.Node) (identity.Item, error) {
	member := user.At("id").Text()
	m := kinds.Membership{Group: group, Member: member, MemberKind: string(identity.KindUser)}
	item, err := identity.NewItem(identity.KindMembership, group+":"+member, user.At("profile", "login").Text(), m)
	item.References = []identity.Reference{
		{Role: "group", Kind: identity.KindGroup, ID: group}, {Role: "member", Kind: identity.KindUser, ID: member},
	}
	return item, err
}

func convertDomain(body reading.Node) (identity.Item, error) {
	d := kinds.Domain{Name: strings.ToLower(body.At("domain").Text()), Purpose: "login"}
	switch body.At("validationStatus").Text() {
	case "VERIFIED", "COMPLETED":
		d.Verified = true
	}
	for _, name := range []string{"id", "dnsRecords", "publicCertificate", "_links", "_embedded"} {
		body.At(name).Settled() // the records prove ownership to the org only
	}
	d.Unknown = body.Unread("")
	return identity.NewItem(identity.KindDomain, body.At("id").Text(), d.Name, d)
}

func firstText(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func quoted(text string) string { return fmt.Sprintf("%q", text) }
