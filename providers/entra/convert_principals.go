package entra

import (
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// principal is a service principal as it was read.
type principal struct {
	body servicePrincipalBody
	from original
}

// convertPrincipal makes the item of an instance. Joined is the object id of its registration, empty when there is none
// to be seen. Tenant is empty when it is not known which tenant this is.
func convertPrincipal(p principal, tenant, joined string) (identity.Item, error) {
	body := p.body
	own := tenant != "" && strings.EqualFold(body.OwnerTenant, tenant)
	out := kinds.ServicePrincipal{
		Name: body.DisplayName, AppID: body.AppID, Status: statusOf(body.AccountEnabled), Type: body.Type, Mode: body.Mode,
		OwnerTenant: body.OwnerTenant, OwnTenant: own, Vendor: vendorTenant(body.OwnerTenant) || body.Type == "SocialIdp",
		AssignmentRequired: body.AssignmentRequired != nil && *body.AssignmentRequired,
	}
	if own {
		out.JoinedApplication = joined
	}
	if own && joined == "" && body.Type == "Application" {
		out.Undecided = "its registration belongs to this tenant and was not in the list: it may be deleted or may not be read. " +
			"Only a registration tells how it signs in; a skip block must say that it is not needed"
	}
	unread, err := unreadOf[servicePrincipalBody](p.from.raw, "")
	if err != nil {
		return identity.Item{}, err
	}
	if joined == "" {
		out.Unknown = unread // the registration tells them where there is one
	}
	item, err := itemOf(identity.KindServicePrincipal, body.ID, body.DisplayName, out, p.from)
	if err != nil {
		return identity.Item{}, err
	}
	if out.JoinedApplication != "" {
		item.References = []identity.Reference{{Role: roleApplication, Kind: identity.KindApplication, ID: joined}}
	}
	if tenant == "" {
		item.Gaps = append(item.Gaps, "own_tenant")
	}
	if body.AssignmentRequired == nil {
		item.Gaps = append(item.Gaps, "assignment_required")
	}
	return item, nil
}

const plainAssignment = "00000000-0000-0000-0000-000000000000"

// convertAssignment makes the item of one line of appRoleAssignedTo. Every line is a direct assignment: what follows
// from groups is listed at people only.
func convertAssignment(body assignmentBody, application string, roles []appRole, from original) (identity.Item, error) {
	word, kind := principalKind(body.PrincipalType)
	out := kinds.AppAssignment{Application: application, Principal: body.PrincipalID, PrincipalKind: word,
		PrincipalName: body.PrincipalName, Direct: true, Status: identity.StatusActive}
	known := body.AppRoleID == plainAssignment
	for _, role := range roles {
		if strings.EqualFold(role.ID, body.AppRoleID) {
			known, out.Role = true, role.Value
			if role.Enabled != nil && !*role.Enabled {
				out.Status = identity.StatusInactive
			}
		}
	}
	if !known {
		out.Role = body.AppRoleID
	}
	item, err := itemOf(identity.KindAppAssignment, body.ID, body.PrincipalName, out, from)
	if err != nil {
		return identity.Item{}, err
	}
	item.References = []identity.Reference{{Role: roleApplication, Kind: identity.KindApplication, ID: application}}
	if kind != "" {
		item.References = append(item.References, identity.Reference{Role: rolePrincipal, Kind: kind, ID: body.PrincipalID})
	} else {
		item.Gaps = append(item.Gaps, "principal_kind")
	}
	if !known {
		item.Gaps = append(item.Gaps, "role")
	}
	return item, nil
}

func principalKind(word string) (string, identity.Kind) {
	switch word {
	case "User":
		return "user", identity.KindUser
	case "Group":
		return "group", identity.KindGroup
	case "ServicePrincipal":
		return "service_principal", identity.KindServicePrincipal
	}
	return "", ""
}
