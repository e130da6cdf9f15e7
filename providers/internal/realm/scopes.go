package realm

import (
	_ "embed" // the default scopes are a file beside this one
	"encoding/json"
	"fmt"
	"strings"
)

// defaultScopes is what a new realm of Keycloak 26.7.4 has, but for offline_access, which an import adds by itself.
//
//go:embed defaultscopes.json
var defaultScopes []byte

// DefaultScopes makes the client scopes of a new realm. A realm file that has a section clientScopes gets only what
// stands in it, so a file that needs a scope of ours must name these too.
func DefaultScopes() ([]Object, error) {
	var scopes []Object
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
	if protocol == ProtocolSAML {
		return []string{"role_list", "saml_organization", "AuthnContextClassRef"}
	}
	return []string{"profile", "email", "roles", "web-origins", "acr", "basic"}
}

// builtin is what Keycloak 26.7.4 makes in a new realm of clients that people and administrators use.
//
//go:embed builtin.json
var builtin []byte

// Builtin makes the sections clients, roles, defaultRole and clientScopeMappings that Keycloak makes by itself for
// the account and administration consoles. A realm file with a section clientScopes must hold them: an import makes
// those clients before it reads the scopes, and leaves them without any.
func Builtin(realmName string) (Object, error) {
	encoded, err := json.Marshal(realmName)
	if err != nil {
		return nil, fmt.Errorf("encoding the realm name: %w", err)
	}
	name := string(encoded[1 : len(encoded)-1])
	var sections Object
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(builtin), "{realm}", name)), &sections); err != nil {
		return nil, fmt.Errorf("reading the built-in clients: %w", err)
	}
	return sections, nil
}
