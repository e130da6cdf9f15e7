package entra

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// settled are members with all that is in them: bookkeeping of Entra, and what is told whole elsewhere, roles, scopes
// and claims by name in claims(), credentials with their dates.
func settled() [][]string {
	return [][]string{
		{"createdDateTime"}, {"deletedDateTime"}, {"renewedDateTime"}, {"securityIdentifier"}, {"appRoles"}, {"optionalClaims"},
		{"requiredResourceAccess"}, {"api", "oauth2PermissionScopes"}, {"passwordCredentials"}, {"keyCredentials"},
	}
}

// unreadOf names what a body sets and its struct does not decode. Annotations of the protocol are left out.
func unreadOf[T any](raw json.RawMessage, prefix string) ([]string, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	node, err := reading.Parse(raw)
	if err != nil {
		return nil, err
	}
	node.SettledBy(reflect.TypeFor[T]())
	for _, name := range node.Names() {
		if strings.ContainsAny(name, "@#") {
			node.At(name).Settled()
		}
	}
	for _, path := range settled() {
		node.At(path...).Settled()
	}
	return node.Unread(prefix), nil
}

// leftUnread adds what registration and instance set and nothing here reads.
func (j *joining) leftUnread() error {
	unread, err := unreadOf[applicationBody](j.from.raw, "")
	if err != nil {
		return err
	}
	j.out.Unknown = append(j.out.Unknown, unread...)
	if j.registration.principal == nil {
		return nil
	}
	unread, err = unreadOf[servicePrincipalBody](j.registration.principal.from.raw, "servicePrincipal")
	j.out.Unknown = append(j.out.Unknown, unread...)
	return err
}
