package translation

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
)

// Everybody of an incumbent is a group of the realm, one a source. The default role and the default groups of a realm
// would reach strangers as well: the realm's own people, those of another source, and whoever comes by a provider.

// everyoneName is the name of the group; the names of sources are unique.
func everyoneName(source string) string { return "everyone-" + source }

func everyoneGroup(source string) identity.Resource {
	path := "/" + identity.EscapePath(everyoneName(source))
	return identity.Resource{Type: realm.TypeGroup, Key: path, Attributes: identity.Attributes{
		"path": path, "name": everyoneName(source), "description": "Everybody of " + source + ".",
		"attributes": map[string]any{}}}
}

// everyoneGrant lets the group into an application for which its source asks no assignment.
func everyoneGrant(item identity.Item) identity.Resource {
	group := everyoneGroup(item.Source)
	return identity.Resource{Type: realm.TypeRoleAssignment,
		Key: fmt.Sprintf("%s -> application/%s/%s", group.Key, item.ID, gating.AccessRole),
		Attributes: identity.Attributes{"group": group.Key, "role": gating.AccessRole,
			"client": identity.Refer(identity.KindApplication, item.ID, realm.TypeClient)},
		DependsOn: []identity.Dependency{identity.OnResource(realm.TypeGroup, group.Key),
			identity.OnItem(identity.KindApplication, item.ID, realm.TypeClientRole)}}
}

// everyoneFinding says who everybody is in the realm. Whoever is new there is no member by himself.
func everyoneFinding(field, source string) fidelity.Finding {
	return impact(field, "everybody of the source is the group "+everyoneName(source)+", and nobody else of the realm: "+
		"accounts made later, by hand or by a provider, are not in it until they are put there",
		fidelity.DirectionTighter, fidelity.AudienceAdministrators, fidelity.SeverityLow, "everyone_is_a_group")
}

// hasPeople tells whether people sign in to a client, and not machines alone.
func hasPeople(client identity.Attributes) bool {
	if str(client, "protocol") == gating.ProtocolSAML {
		return true
	}
	extra, _ := client["attributes"].(map[string]any)
	return client["standard_flow"] == true || client["implicit_flow"] == true || client["direct_access_grants"] == true ||
		extra["oauth2.device.authorization.grant.enabled"] == "true"
}
