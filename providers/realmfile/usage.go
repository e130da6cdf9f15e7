package realmfile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk"
)

var _ sdk.UsageReader = (*Target)(nil)

// Usage tells which resources people of the file depend on. Nobody signs in to a file: what counts are its users.
func (t *Target) Usage(_ context.Context, questions []observation.UsageQuestion) ([]observation.Usage, error) {
	usages := make([]observation.Usage, 0, len(questions))
	err := t.look(func(o *opened) error {
		for _, question := range questions {
			facts := usedBy(o.root, question.Resource)
			usages = append(usages, observation.Usage{Resource: question.Resource.ID(), Used: len(facts) > 0, Facts: facts})
		}
		return nil
	})
	return usages, err
}

func usedBy(doc realm.Object, resource identity.Resource) []string {
	members, links, roles := 0, 0, 0
	path := "/" + strings.Join(realm.GroupPath(resource.Key), "/")
	client, role, _ := cutLast(resource.Key)
	for _, user := range realm.Objects(doc["users"]) {
		if slices.Contains(realm.Texts(user["groups"]), path) {
			members++
		}
		if find(user, "federatedIdentities", "identityProvider", resource.Key) != nil {
			links++
		}
		if held, _ := user["clientRoles"].(map[string]any); slices.Contains(realm.Texts(held[client]), role) {
			roles++
		}
	}
	switch {
	case resource.Type == realm.TypeGroup && members > 0:
		return []string{fmt.Sprintf("members in the file: %d", members)}
	case resource.Type == realm.TypeProvider && links > 0:
		return []string{fmt.Sprintf("people linked to it in the file: %d", links)}
	case resource.Type == realm.TypeClientRole && roles > 0:
		return []string{fmt.Sprintf("people who hold it in the file: %d", roles)}
	case resource.Type == realm.TypeOrganization:
		organization := find(doc, "organizations", "alias", resource.Key)
		if n := len(realm.Objects(organization["members"])); n > 0 {
			return []string{fmt.Sprintf("members in the file: %d", n)}
		}
	}
	return nil
}

// cutLast splits client/role; a client id may hold slashes.
func cutLast(key string) (client, role string, found bool) {
	at := strings.LastIndex(key, "/")
	if at < 0 {
		return key, "", false
	}
	return key[:at], key[at+1:], true
}
