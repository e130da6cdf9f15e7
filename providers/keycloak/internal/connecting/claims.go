package connecting

import (
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// sampleID is the id of a person who does not exist.
const sampleID = "00000000-0000-4000-8000-000000000000"

// sample is a made-up value of a field of a person.
func sample(attribute string) string {
	switch attribute {
	case "username":
		return "ada"
	case "email":
		return "ada@example.com"
	case "firstName":
		return "Ada"
	case "lastName":
		return "Example"
	case "id":
		return sampleID
	}
	return "(" + attribute + " of the person)"
}

func mappersOf(live object.Object) []object.Object {
	mappers := object.Objects(live["protocolMappers"])
	sort.SliceStable(mappers, func(i, j int) bool {
		return admin.Text(mappers[i], "name") < admin.Text(mappers[j], "name")
	})
	return mappers
}

// oidcSample is an ID token as the client would get it. What the built-in scopes add was seen on Keycloak 26.7.4.
func oidcSample(live object.Object, issuer string) string {
	claims := map[string]any{"iss": issuer, "aud": admin.Text(live, "clientId"), "sub": sampleID}
	scopes := object.Texts(live["defaultClientScopes"])
	if slices.Contains(scopes, "profile") {
		claims["preferred_username"], claims["name"] = sample("username"), "Ada Example"
		claims["given_name"], claims["family_name"] = sample("firstName"), sample("lastName")
	}
	if slices.Contains(scopes, "email") {
		claims["email"], claims["email_verified"] = sample("email"), true
	}
	for _, m := range mappersOf(live) {
		config := admin.Part(m, "config")
		name := admin.Text(config, "claim.name")
		if name == "" || admin.Text(config, "id.token.claim") == "false" {
			continue
		}
		if value := claimValue(admin.Text(m, "protocolMapper"), config); value != nil {
			place(claims, name, value)
		}
	}
	return encodeSample(claims)
}

// claimValue is a made-up value of one mapper's claim, nil when the mapper is not known.
func claimValue(kind string, config object.Object) any {
	many := admin.Text(config, "multivalued") == "true"
	switch kind {
	case "oidc-usermodel-attribute-mapper", "oidc-usermodel-property-mapper":
		value := sample(admin.Text(config, "user.attribute"))
		if many {
			return []any{value}
		}
		return value
	case "oidc-group-membership-mapper":
		if admin.Text(config, "full.path") == "false" {
			return []any{"Engineering"}
		}
		return []any{"/Engineering"}
	case "oidc-usermodel-client-role-mapper", "oidc-usermodel-realm-role-mapper":
		return []any{"(a role of the person)"}
	case "oidc-hardcoded-claim-mapper":
		return admin.Text(config, "claim.value")
	}
	return nil
}

// place puts a claim where its name says: dots nest unless they are escaped.
func place(claims map[string]any, name string, value any) {
	parts := strings.Split(strings.ReplaceAll(name, `\.`, "\x00"), ".")
	for i, part := range parts {
		part = strings.ReplaceAll(part, "\x00", ".")
		if i == len(parts)-1 {
			claims[part] = value
			return
		}
		inner, ok := claims[part].(map[string]any)
		if !ok {
			inner = map[string]any{}
			claims[part] = inner
		}
		claims = inner
	}
}

// samlSample is what an assertion says about the person: the NameID and each attribute.
func samlSample(live object.Object) string {
	said := map[string]any{}
	nameID := sample("username")
	switch admin.Text(admin.Part(live, "attributes"), "saml_name_id_format") {
	case "email":
		nameID = sample("email")
	case "persistent":
		nameID = "G-" + sampleID
	case "transient":
		nameID = "(another one at each sign-in)"
	}
	for _, m := range mappersOf(live) {
		config := admin.Part(m, "config")
		name := admin.Text(config, "attribute.name")
		switch admin.Text(m, "protocolMapper") {
		case "saml-user-attribute-nameid-mapper":
			nameID = sample(admin.Text(config, "user.attribute"))
		case "saml-user-attribute-mapper", "saml-user-property-mapper":
			said[name] = sample(admin.Text(config, "user.attribute"))
		case "saml-hardcode-attribute-mapper":
			said[name] = admin.Text(config, "attribute.value")
		case "saml-group-membership-mapper":
			said[name] = []any{"Engineering"}
		case "saml-role-list-mapper":
			said[name] = []any{"(a role of the person)"}
		}
	}
	delete(said, "")
	return "NameID: " + nameID + "\n" + encodeSample(said)
}

func encodeSample(value map[string]any) string {
	encoded, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return ""
	}
	return string(encoded)
}
