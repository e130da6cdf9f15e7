package entra

import (
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/entra/internal/leftover"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// convertPrincipal makes the item of an instance. Joined is the object id of its registration, empty when there is none
// to be seen. Tenant is empty when it is not known which tenant this is.
func convertPrincipal(e element, tenant, joined string) (identity.Item, error) {
	required := e.At("appRoleAssignmentRequired")
	out := kinds.ServicePrincipal{
		Name: e.At("displayName").Text(), AppID: e.At("appId").Text(), Status: statusOf(e.At("accountEnabled")),
		Type: e.At("servicePrincipalType").Text(), Mode: e.At("preferredSingleSignOnMode").Text(),
		OwnerTenant: e.At("appOwnerOrganizationId").Text(), AssignmentRequired: required.Flag(),
	}
	out.OwnTenant = tenant != "" && strings.EqualFold(out.OwnerTenant, tenant)
	out.Vendor = vendorTenant(out.OwnerTenant) || out.Type == "SocialIdp"
	if out.OwnTenant {
		out.JoinedApplication = joined
	}
	if out.OwnTenant && joined == "" && out.Type == "Application" {
		out.Undecided = "its registration belongs to this tenant and was not in the list: it may be deleted or may not " +
			"be read. " +
			"Only a registration tells how it signs in; a skip block must say that it is not needed"
	}
	if joined == "" {
		settleInstance(e.Node)
		leftover.SettleAmong(e.At("servicePrincipalNames"), out.AppID)
		if !out.OwnTenant {
			leftover.Settle(e.Node, "replyUrls", "servicePrincipalNames", "homepage", "logoutUrl") // copies of the owner's registration
		}
		out.Unknown = leftover.Paths(e.Node, "") // the registration tells them where there is one
	}
	item, err := e.item(identity.KindServicePrincipal, out.Name, out)
	if err != nil {
		return identity.Item{}, err
	}
	if out.JoinedApplication != "" {
		item.References = []identity.Reference{{Role: roleApplication, Kind: identity.KindApplication, ID: joined}}
	}
	if tenant == "" {
		item.Gaps = append(item.Gaps, "own_tenant")
	}
	if required.IsNull() {
		item.Gaps = append(item.Gaps, "assignment_required")
	}
	return item, nil
}

// settleInstance marks what a service principal has beside settings.
func settleInstance(instance reading.Node) {
	leftover.Settle(instance, "id", "appId", "displayName", "appOwnerOrganizationId", "servicePrincipalType", // an item of its own
		"disabledByMicrosoftStatus", "createdDateTime", "deletedDateTime",
		"preferredTokenSigningKeyThumbprint") // Entra's own key towards the application: a realm signs with another
	settleTags(instance)
}

// settleTags marks the tags that the portal sets to know its own pages again.
func settleTags(node reading.Node) {
	leftover.SettleAmong(node.At("tags"), tagIntegrated, tagCustomSAML, "WindowsAzureActiveDirectoryGalleryApplicationPrimaryV1",
		"WindowsAzureActiveDirectoryGalleryApplicationNonPrimaryV1")
}

const (
	tagIntegrated = "WindowsAzureActiveDirectoryIntegratedApp"
	tagCustomSAML = "WindowsAzureActiveDirectoryCustomSingleSignOnApplication"
)

const plainAssignment = "00000000-0000-0000-0000-000000000000"

// convertAssignment makes the item of one line of appRoleAssignedTo. Every line is a direct assignment: what follows
// from groups is listed at people only.
func convertAssignment(e element, application string, roles []reading.Node) (identity.Item, error) {
	word, kind := principalKind(e.At("principalType").Text())
	out := kinds.AppAssignment{
		Application: application, Principal: e.At("principalId").Text(), PrincipalKind: word,
		PrincipalName: e.At("principalDisplayName").Text(), Direct: true, Status: identity.StatusActive,
	}
	role := e.At("appRoleId").Text()
	listed := role == plainAssignment
	for _, one := range roles {
		if strings.EqualFold(one.At("id").Text(), role) {
			listed, out.Role = true, one.At("value").Text()
			if enabled := one.At("isEnabled"); !enabled.IsNull() && !enabled.Flag() {
				out.Status = identity.StatusInactive
			}
		}
	}
	if !listed {
		out.Role = role
	}
	item, err := e.item(identity.KindAppAssignment, out.PrincipalName, out)
	if err != nil {
		return identity.Item{}, err
	}
	item.References = []identity.Reference{{Role: roleApplication, Kind: identity.KindApplication, ID: application}}
	if kind != "" {
		item.References = append(item.References, identity.Reference{Role: rolePrincipal, Kind: kind, ID: out.Principal})
	} else {
		item.Gaps = append(item.Gaps, "principal_kind")
	}
	if !listed {
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
