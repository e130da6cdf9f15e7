package realm

import (
	_ "embed" // the default scopes are a file beside this one
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// defaultScopes is what a new realm of Keycloak 26.7.4 has, but for offline_access, which an import adds by itself.
//
//go:embed defaultscopes.json
var defaultScopes []byte

// DefaultScopes makes the client scopes of a new realm. A realm file that has a section clientScopes gets only what
// stands in it, so a file that needs a scope of ours must name these too.
func DefaultScopes() ([]object.Object, error) {
	var scopes []object.Object
	if err := json.Unmarshal(defaultScopes, &scopes); err != nil {
		return nil, fmt.Errorf("reading the default client scopes: %w", err)
	}
	return scopes, nil
}

// RealmDefaultScopes are the scopes that every new client of a realm has by default.
func RealmDefaultScopes() []string {
	return []string{"role_list", "saml_organization", "AuthnContextClassRef", "profile", "email", "roles", "web-origins",
		"acr", "basic"}
}

// RealmOptionalScopes are the scopes that a new client of a realm may ask for.
func RealmOptionalScopes() []string {
	return []string{"offline_access", "address", "phone", "microprofile-jwt", "organization"}
}

// ClientDefaultScopes are those of the realm's default scopes that fit the protocol of a client.
func ClientDefaultScopes(protocol string) []string {
	if protocol == gating.ProtocolSAML {
		return []string{"role_list", "saml_organization", "AuthnContextClassRef"}
	}
	return []string{"profile", "email", "roles", "web-origins", "acr", "basic"}
}

// scopeRoles is the built-in scope that puts all roles of a person into a token, and every client in which he has one
// into its audience: with it a token for one application is good for all.
const scopeRoles = "roles"

// OwnScopes are the default scopes of a client whose tokens are for it alone and do not tell by which role somebody
// came through the gate.
func OwnScopes(protocol string, serviceAccount bool) []string {
	if protocol == gating.ProtocolSAML {
		return nil // role_list would add an attribute Role that nobody asked for
	}
	scopes := slices.DeleteFunc(ClientDefaultScopes(protocol), func(name string) bool { return name == scopeRoles })
	if serviceAccount {
		scopes = append(scopes, "service_account") // the server adds it by itself to a client that signs in
	}
	return scopes
}

// builtin is what Keycloak 26.7.4 makes in a new realm of clients that people and administrators use.
//
//go:embed builtin.json
var builtin []byte

// Builtin makes the sections clients, roles, defaultRole and clientScopeMappings that Keycloak makes by itself for
// the account and administration consoles. A realm file with a section clientScopes must hold them: an import makes
// those clients before it reads the scopes, and leaves them without any.
func Builtin(realmName string) (object.Object, error) {
	encoded, err := json.Marshal(realmName)
	if err != nil {
		return nil, fmt.Errorf("encoding the realm name: %w", err)
	}
	name := string(encoded[1 : len(encoded)-1])
	var sections object.Object
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(builtin), "{realm}", name)), &sections); err != nil {
		return nil, fmt.Errorf("reading the built-in clients: %w", err)
	}
	return sections, nil
}
