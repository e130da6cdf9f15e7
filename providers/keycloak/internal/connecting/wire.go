package connecting

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// entry tells whether people may sign in now, and who.
func (t connector) entry(ctx context.Context, live object.Object, sheet *connection) error {
	state := "closed: nobody can sign in at the new side yet"
	if object.Truth(live, "enabled") {
		state = "open"
	}
	sheet.add(observation.ConnectionState, state)
	if admin.Text(live, "protocol") != gating.ProtocolSAML && !object.Truth(live, "standardFlowEnabled") &&
		!object.Truth(live, "implicitFlowEnabled") && !isDevice(live) {
		sheet.add(observation.ConnectionWhoMay, "nobody: it signs in as itself or only takes tokens")
		return nil
	}
	var groups []object.Object
	path := t.Realm.Admin("clients", admin.Text(live, "id"), "roles", gating.AccessRole, "groups")
	if err := t.Realm.Get(ctx, path, url.Values{"max": {"1000"}}, &groups); err != nil {
		if admin.IsAbsent(err) { // made by somebody else, so without a gate of ours
			sheet.add(observation.ConnectionWhoMay, "everybody who may sign in to the realm")
			return nil
		}
		return err
	}
	names := make([]string, len(groups))
	for i, group := range groups {
		names[i] = admin.Text(group, "path")
	}
	sort.Strings(names)
	if len(names) == 0 {
		names = []string{"nobody yet: no group is assigned"}
	}
	sheet.note(observation.ConnectionWhoMay, strings.Join(names, "\n"), "members of these groups")
	return nil
}

func isDevice(live object.Object) bool {
	return attribute(live, "oauth2.device.authorization.grant.enabled") == "true"
}

func attribute(live object.Object, name string) string {
	return admin.Text(admin.Part(live, "attributes"), name)
}

// methodOf is how the client authenticates at the token endpoint, in the words of the discovery document.
func methodOf(live object.Object) string {
	if object.Truth(live, "publicClient") {
		return "none"
	}
	switch method := admin.Text(live, "clientAuthenticatorType"); method {
	case "client-jwt":
		return "private_key_jwt"
	case "client-secret-jwt":
		return "client_secret_jwt"
	case "client-x509":
		return "tls_client_auth"
	}
	return "client_secret_basic or client_secret_post"
}

// grantsOf lists grants and, for those with a browser, response types.
func grantsOf(live object.Object) (grants, responses []string) {
	if object.Truth(live, "standardFlowEnabled") {
		grants, responses = append(grants, "authorization_code"), append(responses, "code")
	}
	if object.Truth(live, "implicitFlowEnabled") {
		grants, responses = append(grants, "implicit"), append(responses, "id_token", "token", "id_token token")
	}
	if object.Truth(live, "serviceAccountsEnabled") {
		grants = append(grants, "client_credentials")
	}
	if isDevice(live) {
		grants = append(grants, "urn:ietf:params:oauth:grant-type:device_code")
	}
	if refreshes(live) && len(grants) > 0 {
		grants = append(grants, "refresh_token")
	}
	return grants, responses
}

func refreshes(live object.Object) bool { return attribute(live, "use.refresh.tokens") != "false" }

// wireOIDC adds what a client library must be told beside addresses and names.
func (t connector) wireOIDC(ctx context.Context, live object.Object, found discovery, sheet *connection) error {
	var settings object.Object
	if err := t.Realm.Get(ctx, t.Realm.Admin(), nil, &settings); err != nil {
		return err
	}
	grants, responses := grantsOf(live)
	sheet.add(observation.ConnectionMethod, methodOf(live))
	if methodOf(live) == "private_key_jwt" {
		sheet.add("client_keys", keysOf(live))
	}
	sheet.add(observation.ConnectionGrants, strings.Join(grants, "\n"))
	sheet.add(observation.ConnectionResponses, strings.Join(responses, "\n"))
	if isDevice(live) {
		sheet.add(observation.ConnectionDevice, t.Outside(found.Device))
	}
	sheet.add(observation.ConnectionUserInfo, t.Outside(found.UserInfo))
	sheet.add(observation.ConnectionIntrospection, t.Outside(found.Introspection))
	sheet.add(observation.ConnectionRevocation, t.Outside(found.Revocation))
	sheet.add("post_logout_redirect_uris", landings(live))
	sheet.add("cors_origins", strings.Join(origins(live), "\n"))
	sheet.add("lifetimes", lifetimes(live, settings))
	return t.signingKeys(ctx, live, sheet)
}

// keysOf names the keys that the client may sign with.
func keysOf(live object.Object) string {
	if address := attribute(live, "jwks.url"); address != "" {
		return "those at " + address
	}
	var set struct {
		Keys []struct {
			ID   string `json:"kid"`
			Kind string `json:"kty"`
		} `json:"keys"`
	}
	if json.Unmarshal([]byte(attribute(live, "jwks.string")), &set) != nil {
		return ""
	}
	var lines []string
	for _, key := range set.Keys {
		algorithms := "the algorithm of its curve"
		if key.Kind == "RSA" {
			algorithms = "RS256 or PS256"
		}
		if key.ID != "" {
			lines = append(lines, fmt.Sprintf("key id %s, %s", key.ID, algorithms))
		}
	}
	return strings.Join(append(lines, "or no key id, with the first of them"), "\n")
}

// landings are where people may land after signing out.
func landings(live object.Object) string {
	switch said := attribute(live, "post.logout.redirect.uris"); said {
	case "", "+":
		return strings.Join(object.Texts(live["redirectUris"]), "\n")
	case "-":
		return "none"
	default:
		return strings.ReplaceAll(said, "##", "\n")
	}
}

func origins(live object.Object) []string {
	var found []string
	for _, origin := range object.Texts(live["webOrigins"]) {
		if origin == "+" {
			origin = "the origins of the redirect URIs"
		}
		found = append(found, origin)
	}
	return found
}

// lifetimes says how long tokens are good for, and whether a refresh token is another one after each use.
func lifetimes(live, settings object.Object) string {
	token := attribute(live, "access.token.lifespan")
	if token == "" {
		token = number(settings, "accessTokenLifespan")
	}
	lines := []string{"access and ID token: " + token + " seconds"}
	if !refreshes(live) {
		return lines[0] + "\nno refresh token"
	}
	lines = append(lines, fmt.Sprintf("refresh token: until the sign-on session was idle for %s seconds or is %s seconds old",
		number(settings, "ssoSessionIdleTimeout"), number(settings, "ssoSessionMaxLifespan")))
	if object.Truth(settings, "revokeRefreshToken") {
		return strings.Join(append(lines, "each use of a refresh token gives another one; the used one is refused"), "\n")
	}
	return strings.Join(append(lines, "a refresh token may be used again"), "\n")
}

func number(o object.Object, name string) string {
	if value, ok := o[name].(json.Number); ok {
		return value.String()
	}
	return "?"
}

// signingKeys names the keys that sign tokens now. One that is new does not change what an application is told: it reads
// keys from their address.
func (t connector) signingKeys(ctx context.Context, live object.Object, sheet *connection) error {
	var set struct {
		Keys []struct {
			ID        string `json:"kid"`
			Use       string `json:"use"`
			Algorithm string `json:"alg"`
		} `json:"keys"`
	}
	if err := t.Realm.Get(ctx, t.Realm.Public("protocol", "openid-connect", "certs"), nil, &set); err != nil {
		return err
	}
	wanted := attribute(live, "id.token.signed.response.alg")
	if wanted == "" {
		wanted = "RS256"
	}
	var lines []string
	for _, key := range set.Keys {
		if key.Use == "sig" && key.Algorithm == wanted {
			lines = append(lines, fmt.Sprintf("%s, key id %s", key.Algorithm, key.ID))
		}
	}
	sort.Strings(lines)
	sheet.note(observation.ConnectionSigning, strings.Join(lines, "\n"), "read keys from their address, as they change")
	return nil
}

// accessSample is an access token of a client that signs in as itself.
func accessSample(live object.Object, issuer string) string {
	id := admin.Text(live, "clientId")
	audiences := []string{}
	for _, m := range mappersOf(live) {
		config := admin.Part(m, "config")
		for _, name := range []string{"included.client.audience", "included.custom.audience"} {
			if audience := admin.Text(config, name); audience != "" {
				audiences = append(audiences, audience)
			}
		}
	}
	sort.Strings(audiences)
	claims := map[string]any{"iss": issuer, "sub": sampleID, "azp": id, "client_id": id, "typ": "Bearer"}
	if len(audiences) > 0 {
		claims["aud"] = audiences
	}
	return encodeSample(claims)
}

// wireSAML adds what a service provider must be told beside addresses and names.
func (t connector) wireSAML(ctx context.Context, live object.Object, sheet *connection) error {
	sheet.add(observation.ConnectionBindings, "requests by HTTP-Redirect or HTTP-POST\nanswers by HTTP-POST")
	sheet.add(observation.ConnectionSigned, signedParts(live))
	sheet.add(observation.ConnectionRequests, requests(live))
	sheet.add(observation.ConnectionEncryption, encryptedTo(live))
	sheet.add("attributes", strings.Join(attributesOf(live), "\n"))
	life := attribute(live, "saml.assertion.lifespan")
	if life == "" {
		var settings object.Object
		if err := t.Realm.Get(ctx, t.Realm.Admin(), nil, &settings); err != nil {
			return err
		}
		life = number(settings, "accessTokenLifespan")
	}
	sheet.add("lifetimes", "an assertion may be used for "+life+" seconds, from the second in which it is made: let the "+
		"application allow for clocks that differ")
	return nil
}

func signedParts(live object.Object) string {
	var parts []string
	if attribute(live, "saml.server.signature") == "true" {
		parts = append(parts, "the response")
	}
	if attribute(live, "saml.assertion.signature") == "true" {
		parts = append(parts, "the assertion")
	}
	algorithm := attribute(live, "saml.signature.algorithm")
	if algorithm == "" {
		algorithm = "RSA_SHA256"
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " and ") + ", with " + algorithm
}

func requests(live object.Object) string {
	if attribute(live, "saml.client.signature") != "true" {
		return "may go unsigned"
	}
	return "must be signed by the application, with the key of the certificate " +
		fingerprint(attribute(live, "saml.signing.certificate"))
}

// fingerprint names a certificate as people compare it.
func fingerprint(text string) string {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return "that does not read"
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return "that does not read"
	}
	sum := sha256.Sum256(certificate.Raw)
	return "with the SHA-256 fingerprint " + hex.EncodeToString(sum[:])
}

func encryptedTo(live object.Object) string {
	if attribute(live, "saml.encrypt") != "true" {
		return "none"
	}
	lines := []string{"to the certificate " + fingerprint(attribute(live, "saml.encryption.certificate"))}
	for _, name := range []string{"saml.encryption.algorithm", "saml.encryption.keyAlgorithm",
		"saml.encryption.digestMethod"} {
		if algorithm := attribute(live, name); algorithm != "" {
			lines = append(lines, algorithm)
		}
	}
	return strings.Join(lines, "\n")
}

// attributesOf lists the attributes of an assertion with their name formats.
func attributesOf(live object.Object) []string {
	var lines []string
	for _, m := range mappersOf(live) {
		config := admin.Part(m, "config")
		name, format := admin.Text(config, "attribute.name"), admin.Text(config, "attribute.nameformat")
		if name == "" {
			continue
		}
		if format == "" {
			format = "Unspecified"
		}
		lines = append(lines, fmt.Sprintf("%s (%s)", name, format))
	}
	return lines
}
