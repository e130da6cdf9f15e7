package entra

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

const dynamicMembership = "DynamicMembership"

func convertGroup(body groupBody) kinds.Group {
	out := kinds.Group{
		Name: body.DisplayName, Description: body.Description, Type: groupType(body), Origin: "local",
		Dynamic: slices.Contains(body.GroupTypes, dynamicMembership),
	}
	if out.Dynamic {
		// A rule stays behind when a group is made static again; then it says nothing about the members.
		out.MembershipRule = body.MembershipRule
	}
	switch {
	case body.SyncEnabled:
		out.Origin = "imported"
	case body.MailEnabled && out.Type != "microsoft365":
		out.Origin = "mail"
	}
	out.Attributes = map[string][]string{}
	for name, value := range map[string]string{"mail": body.Mail, "on_premises_sam_account_name": body.SamAccountName,
		"on_premises_netbios_name": body.NetBiosName, "on_premises_domain_name": body.DomainName} {
		if value != "" {
			out.Attributes[name] = []string{value}
		}
	}
	if body.Assignable {
		out.Attributes["assignable_to_role"] = []string{"true"}
	}
	return out
}

func groupType(body groupBody) string {
	switch {
	case slices.Contains(body.GroupTypes, "Unified"):
		return "microsoft365"
	case body.SecurityEnabled:
		return "security"
	default:
		return "distribution"
	}
}

func hidden(body groupBody) bool { return strings.EqualFold(body.Visibility, "HiddenMembership") }

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

func convertMembership(group string, body memberBody, from original) (identity.Item, error) {
	word, kind := memberKind(body.Type)
	item, err := itemOf(identity.KindMembership, group+"/"+body.ID, "",
		kinds.Membership{Group: group, Member: body.ID, MemberKind: word}, from)
	if err != nil {
		return identity.Item{}, err
	}
	item.References = []identity.Reference{{Role: roleGroup, Kind: identity.KindGroup, ID: group}}
	switch {
	case kind != "":
		item.References = append(item.References, identity.Reference{Role: roleMember, Kind: kind, ID: body.ID})
	case word == "":
		item.Gaps = []string{"member_kind"}
	}
	return item, nil
}

// convertUser decides who checks the password from the domain of the sign-in name. Federation holds the federated
// domains.
func convertUser(raw json.RawMessage, page int, federation map[string]bool) (identity.Item, error) {
	body, err := decode[userBody](raw)
	if err != nil {
		return identity.Item{}, err
	}
	out := kinds.User{
		Username: body.UserPrincipalName, Email: body.Mail, FirstName: body.GivenName, LastName: body.Surname,
		Status: statusOf(body.AccountEnabled), State: body.ExternalUserState, Guest: isGuest(body),
		Credential: credentialOf(body, federation),
	}
	name := body.DisplayName
	if name == "" {
		name = body.UserPrincipalName
	}
	item, err := itemOf(identity.KindUser, body.ID, name, out, original{raw, page})
	if err == nil && body.AccountEnabled == nil {
		item.Gaps = append(item.Gaps, "status")
	}
	return item, err
}

// isGuest counts people whose home is elsewhere, also those whom an administrator made members.
func isGuest(body userBody) bool {
	return strings.EqualFold(body.UserType, "Guest") || strings.Contains(body.UserPrincipalName, "#EXT#") ||
		strings.EqualFold(body.CreationType, "Invitation")
}

func credentialOf(body userBody, federation map[string]bool) string {
	for _, other := range body.Identities {
		if strings.EqualFold(other.SignInType, "federated") {
			switch strings.ToLower(other.Issuer) {
			case "google.com", "facebook.com", "linkedin.com", "github.com", "twitter.com":
				return "social"
			}
			return "federated"
		}
	}
	if isGuest(body) {
		return ""
	}
	at := strings.LastIndex(body.UserPrincipalName, "@")
	if at >= 0 && federation[strings.ToLower(body.UserPrincipalName[at+1:])] {
		return "federated"
	}
	if body.SyncEnabled {
		// Either a copy of the hash is checked here or the directory is asked; Graph does not say which.
		return "directory"
	}
	return "local"
}
