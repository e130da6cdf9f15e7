package current

import "github.com/rehome-iam/rehome/providers/keycloak/internal/admin"

// Realm is one realm of a running server: what it holds, and the way to ask it.
type Realm struct {
	*admin.Client

	exchangers exchangers
}

// New makes the view of the realm that a client speaks to.
func New(client *admin.Client) *Realm { return &Realm{Client: client} }
