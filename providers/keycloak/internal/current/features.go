package current

import (
	"context"

	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// Features puts what plans may need and the server lacks into the document of the realm. The server is asked and not the
// realm: a realm may have a switch on for what the server was started without. Its full list of features is for
// administrators of the whole server only, so each is told by what comes with it.
func (c *Realm) Features(ctx context.Context, document object.Object) error {
	ids := map[string][]string{}
	for _, list := range realm.ServerLists() {
		var rows []object.Object
		if err := c.Get(ctx, c.Admin("authentication", list), nil, &rows); err != nil {
			return err
		}
		for _, row := range rows {
			ids[list] = append(ids[list], admin.Text(row, "id"))
		}
	}
	var found struct {
		Device string `json:"device_authorization_endpoint"`
	}
	if err := c.Get(ctx, c.Public(".well-known", "openid-configuration"), nil, &found); err != nil {
		return err
	}
	realm.ServerLacks(document, ids, found.Device != "")
	return nil
}
