package realmfile

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// examineDelete says whether a resource is gone already, or why it must not be deleted: rehome deletes only what it made and nobody
// changed, and nothing else along with it.
func examineDelete(doc realm.Object, step identity.StepRequest, live identity.Resource, there bool) (done bool, err error) {
	kind := step.Resource.Type
	switch {
	case !there:
		return true, nil
	case kind == realm.TypeEnablement && live.Attributes["enabled"] == false:
		return true, nil // closed is all that taking an enablement back asks for
	case carriesTag(kind) && (step.Tag == "" || step.Tag != live.Tag):
		return false, conflict(step, live, "does not carry the mark of this migration, and what rehome did not make it does not delete")
	case !realm.Same(kind, step.Before, live.Attributes):
		return false, conflict(step, live, "was changed since it was made")
	}
	if why := takenAlong(doc, step); why != "" {
		return false, conflict(step, live, why)
	}
	return false, nil
}

// takenAlong says what a delete would take with it that is not its own, empty when nothing.
func takenAlong(doc realm.Object, step identity.StepRequest) string {
	key := step.Resource.Key
	switch step.Resource.Type {
	case realm.TypeGroup:
		if group := groupAt(doc, realm.GroupPath(key)); group != nil && len(realm.Objects(group["subGroups"])) > 0 {
			return "has sub-groups, which would be deleted with it"
		}
	case realm.TypeProvider:
		for _, organization := range realm.Objects(doc["organizations"]) {
			if find(organization, "identityProviders", "alias", key) != nil {
				return fmt.Sprintf("is linked to the organization %v, which would lose its sign-in", organization["alias"])
			}
		}
	case realm.TypeOrganization:
		if organization := find(doc, "organizations", "alias", key); organization != nil && find(organization, "members", "membershipType", "MANAGED") != nil {
			return "has managed members, whose accounts would be deleted with it"
		}
	case realm.TypeGate:
		if client := find(doc, "clients", "clientId", key); client != nil && client["enabled"] != false {
			return "guards a client that is open; close the client first"
		}
	}
	return ""
}
