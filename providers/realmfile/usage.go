package realmfile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
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

func usedBy(doc object.Object, resource identity.Resource) []string {
	if usage := rows()[resource.Type].usage; usage != nil {
		return usage(doc, resource.Key)
	}
	return nil
}

func groupUsage(doc object.Object, path string) []string {
	group := "/" + strings.Join(realm.GroupPath(path), "/")
	return people(doc, "members in the file: %d", func(user object.Object) bool {
		return slices.Contains(object.Texts(user["groups"]), group)
	})
}

func providerUsage(doc object.Object, alias string) []string {
	return people(doc, "people linked to it in the file: %d", func(user object.Object) bool {
		return find(user, "federatedIdentities", "identityProvider", alias) != nil
	})
}

func roleUsage(doc object.Object, key string) []string {
	client, role, _ := cutLast(key)
	return people(doc, "people who hold it in the file: %d", func(user object.Object) bool {
		held, _ := user["clientRoles"].(map[string]any)
		return slices.Contains(object.Texts(held[client]), role)
	})
}

func organizationUsage(doc object.Object, alias string) []string {
	return counted("members in the file: %d", len(object.Objects(find(doc, "organizations", "alias", alias)["members"])))
}

// people counts the users of the file that depend on a resource.
func people(doc object.Object, said string, depends func(object.Object) bool) []string {
	n := 0
	for _, user := range object.Objects(doc["users"]) {
		if depends(user) {
			n++
		}
	}
	return counted(said, n)
}

func counted(said string, n int) []string {
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf(said, n)}
}

// cutLast splits client/role; a client id may hold slashes.
func cutLast(key string) (client, role string, found bool) {
	at := strings.LastIndex(key, "/")
	if at < 0 {
		return key, "", false
	}
	return key[:at], key[at+1:], true
}
