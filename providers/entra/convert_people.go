package entra

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/entra/internal/leftover"
	"github.com/rehome-iam/rehome/providers/entra/internal/policy"
)

// convertGroup makes what a group is. Hidden says that its members may not be read.
func convertGroup(e element, hidden bool) kinds.Group {
	types := e.At("groupTypes").Texts()
	out := kinds.Group{
		Name: e.At("displayName").Text(), Description: e.At("description").Text(), Origin: "local",
		Dynamic: slices.Contains(types, "DynamicMembership"), HiddenMembers: hidden,
	}
	security, mail := e.At("securityEnabled").Flag(), e.At("mailEnabled").Flag()
	switch {
	case slices.Contains(types, "Unified"):
		out.Type = "microsoft365"
	case security:
		out.Type = "security"
	default:
		out.Type = "distribution"
	}
	switch {
	case e.At("onPremisesSyncEnabled").Flag():
		out.Origin = "imported"
	case mail && out.Type != "microsoft365":
		out.Origin = "mail"
	}
	if out.Dynamic {
		out.MembershipRule = e.At("membershipRule").Text()
		e.At("membershipRuleProcessingState").SettledIf("On")
	} else {
		// A rule stays behind when a group is made static again; then it says nothing about the members.
		leftover.Settle(e.Node, "membershipRule", "membershipRuleProcessingState")
	}
	out.Attributes = map[string][]string{}
	for name, member := range map[string]string{"mail": "mail", "on_premises_sam_account_name": "onPremisesSamAccountName",
		"on_premises_netbios_name": "onPremisesNetBiosName", "on_premises_domain_name": "onPremisesDomainName"} {
		if value := e.At(member).Text(); value != "" {
			out.Attributes[name] = []string{value}
		}
	}
	if e.At("isAssignableToRole").Flag() {
		out.Attributes["assignable_to_role"] = []string{"true"}
	}
	if hidden {
		leftover.Settle(e.Node, "visibility")
	}
	leftover.Settle(e.Node, "id", "createdDateTime", "deletedDateTime", "renewedDateTime", "securityIdentifier")
	out.Unknown = leftover.Paths(e.Node, "")
	return out
}

// isHidden tells whether Graph hides the members from who may not read hidden ones.
func isHidden(group element) bool {
	visibility := group.At("visibility")
	return visibility.Is("HiddenMembership") || visibility.Is("Hiddenmembership")
}

// memberKind reads the type of an element of a mixed list. It is empty when the list does not tell.
func memberKind(odata string) (word string, kind identity.Kind) {
	switch strings.TrimPrefix(odata, "#microsoft.graph.") {
	case "user":
		return "user", identity.KindUser
	case "group":
		return "group", identity.KindGroup
	case "servicePrincipal":
		return "service_principal", identity.KindServicePrincipal
	case "device":
		return "device", ""
	case "orgContact":
		return "contact", ""
	}
	return "", ""
}

func convertMembership(group string, e element) (identity.Item, error) {
	member := e.id()
	word, kind := memberKind(e.At("@odata.type").Text())
	if err := e.understood(); err != nil {
		return identity.Item{}, err
	}
	item, err := e.itemAs(identity.KindMembership, group+"/"+member, "",
		kinds.Membership{Group: group, Member: member, MemberKind: word})
	if err != nil {
		return identity.Item{}, err
	}
	item.References = []identity.Reference{{Role: roleGroup, Kind: identity.KindGroup, ID: group}}
	switch {
	case kind != "":
		item.References = append(item.References, identity.Reference{Role: roleMember, Kind: kind, ID: member})
	case word == "":
		item.Gaps = []string{"member_kind"}
	}
	return item, nil
}

// convertUser decides who checks the password from the domain of the sign-in name. Federation holds the federated
// domains.
func convertUser(e element, federation map[string]bool) (identity.Item, error) {
	enabled := e.At("accountEnabled")
	out := kinds.User{
		Username: e.At("userPrincipalName").Text(), Email: e.At("mail").Text(), FirstName: e.At("givenName").Text(),
		LastName: e.At("surname").Text(), Status: statusOf(enabled), State: e.At("externalUserState").Text(),
	}
	out.Guest = isGuest(e, out.Username)
	out.Credential = credentialOf(e, out, federation)
	name := e.At("displayName").Text()
	if name == "" {
		name = out.Username
	}
	item, err := e.item(identity.KindUser, name, out)
	if err == nil && enabled.IsNull() {
		item.Gaps = append(item.Gaps, "status")
	}
	return item, err
}

// isGuest counts people whose home is elsewhere, also those whom an administrator made members.
func isGuest(e element, username string) bool {
	kind, creation := e.At("userType").Text(), e.At("creationType").Text()
	return strings.EqualFold(kind, "Guest") || strings.Contains(username, "#EXT#") ||
		strings.EqualFold(creation, "Invitation")
}

func credentialOf(e element, user kinds.User, federation map[string]bool) string {
	for _, other := range e.At("identities").List() {
		if strings.EqualFold(other.At("signInType").Text(), "federated") {
			switch strings.ToLower(other.At("issuer").Text()) {
			case "google.com", "facebook.com", "linkedin.com", "github.com", "twitter.com":
				return "social"
			}
			return "federated"
		}
	}
	if user.Guest {
		return ""
	}
	at := strings.LastIndex(user.Username, "@")
	if at >= 0 && federation[strings.ToLower(user.Username[at+1:])] {
		return "federated"
	}
	if e.At("onPremisesSyncEnabled").Flag() {
		// Either a copy of the hash is checked here or the directory is asked; Graph does not say which.
		return "directory"
	}
	return "local"
}

// convertPolicy makes the item of a conditional access policy.
func convertPolicy(e element) (identity.Item, error) {
	read, gaps := policy.ConditionalAccess(e.Node)
	item, err := e.itemAs(identity.KindAuthPolicy, e.id(), read.Name, read)
	item.Gaps = gaps
	return item, err
}

// convertDefaults makes the item of the security defaults.
func convertDefaults(e element) (identity.Item, error) {
	read := policy.SecurityDefaults(e.Node)
	return e.item(identity.KindAuthPolicy, read.Name, read)
}
