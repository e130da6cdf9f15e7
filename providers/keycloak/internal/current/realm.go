package current

import (
	"strings"

	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// Realm is one realm of a running server: what it holds, and the way to ask it.
type Realm struct {
	*admin.Client

	publicURL  string // without a slash at the end, empty when it is the one that is asked
	exchangers exchangers

	mostExported int // clients of a realm that is read by one export
}

// New makes the view of the realm that a client speaks to. PublicURL is where people see the server, empty when it is
// where the client asks it.
func New(client *admin.Client, publicURL string) *Realm {
	return &Realm{Client: client, publicURL: publicURL, mostExported: mostExported}
}

// ReadByLists makes the realm be read by lists whatever it holds, as one with many clients is.
func (c *Realm) ReadByLists() { c.mostExported = 0 }

// Outside is an address as people see it: where the server makes addresses of the one it was asked at, the public one
// goes in.
func (c *Realm) Outside(address string) string {
	if rest, inside := strings.CutPrefix(address, c.Base.String()+"/"); inside && c.publicURL != "" {
		return c.publicURL + "/" + rest
	}
	return address
}

// ReopenKey is an attribute of a client that was closed while its gate is replaced, and must be opened again.
const ReopenKey = "rehome.reopen"
