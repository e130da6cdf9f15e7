package entra

import (
	"crypto/rsa"
	"crypto/sha1" // Entra names certificates by it; nothing is protected with it
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/entra/internal/address"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

const (
	confidential = "confidential"
	public       = "public"
)

// platforms of a registration that have redirect URIs. Entra decides between confidential and public by the platform
// that holds the redirect URI in use.
type platforms struct{ web, spa, native bool }

// hasRedirects tells whether one of the platforms has redirect URIs.
func hasRedirects(registration reading.Node, platforms ...string) bool {
	return slices.ContainsFunc(platforms, func(name string) bool { return registration.At(name, "redirectUris").IsSet() })
}

func (j *joining) takeRedirects() {
	for _, platform := range []string{"web", "spa", "publicClient"} {
		j.out.RedirectURIs = append(j.out.RedirectURIs, j.At(platform, "redirectUris").Texts()...)
	}
	j.out.RedirectURIs = address.Forms(j.out.RedirectURIs)
	j.out.WildcardRedirect = slices.ContainsFunc(j.out.RedirectURIs, reading.WildcardHost)
}

func (j *joining) oidc() {
	p := platforms{web: hasRedirects(j.Node, "web"), spa: hasRedirects(j.Node, "spa"),
		native: hasRedirects(j.Node, "publicClient")}
	fallback := j.At("isFallbackPublicClient").Flag()
	j.out.TokenSeconds = vendorSeconds
	j.takeRedirects()
	j.startAt(j.At("web", "homePageUrl"), j.sp.At("homepage"), j.sp.At("loginUrl"))
	j.out.FrontchannelLogoutURL = j.At("web", "logoutUrl").Text()
	switch {
	case p.web && (p.spa || p.native || fallback):
		j.undecided("it has a web platform and "+otherPlatforms(p, fallback)+", which are two clients elsewhere; "+
			"a map block must state client_type (confidential or public) and redirect_uris of the one that keeps the client id",
			"client_type", "redirect_uris")
	case p.web:
		j.web()
	case p.spa || p.native:
		j.public("authorization_code", "refresh_token")
		if p.spa && j.implicit() {
			j.out.GrantTypes = append(j.out.GrantTypes, "implicit")
		}
		if fallback { // requests without redirect URI are taken too
			j.out.GrantTypes = append(j.out.GrantTypes, "device_code", "password")
		}
		if p.spa {
			j.out.WebOrigins = []string{"+"}
		}
		if p.spa && p.native {
			j.out.WebOrigins = originsOf(j.At("spa", "redirectUris").Texts())
		}
	case j.hasCredentials():
		j.confidential("client_credentials")
	case fallback:
		j.public("device_code")
		j.undecided("it is a public client without redirect URI: it may use the device code or the password grant, and "+
			"the registration "+
			"does not tell which; a map block must state grant_types",
			"grant_types")
	case j.At("api", "oauth2PermissionScopes").IsSet() || j.At("appRoles").IsSet():
		j.confidential() // an interface that others call: no flows of its own
	default:
		j.out.Protocol, j.out.Mode = "other", modeUnused
	}
	j.credentialsUnread()
}

// modeUnused marks a registration with neither redirect URI, credential, scope nor role: nobody can sign in with it.
const modeUnused = "unused"

func otherPlatforms(p platforms, fallback bool) string {
	var names []string
	if p.spa {
		names = append(names, "a single-page platform")
	}
	if p.native {
		names = append(names, "a mobile or desktop platform")
	}
	if fallback {
		names = append(names, "public client flows")
	}
	return strings.Join(names, " and ")
}

// web decides a registration that has redirect URIs of the web platform only.
func (j *joining) web() {
	implicit := j.implicit()
	switch {
	case j.hasCredentials():
		grants := []string{"authorization_code", "refresh_token"}
		if implicit {
			grants = append(grants, "implicit")
		}
		if asksForRoles(j.At("requiredResourceAccess").List()) {
			grants = append(grants, "client_credentials")
		}
		j.confidential(grants...)
	case implicit:
		// Without a credential a web platform cannot redeem a code (AADSTS7000218), so only the implicit flow can be in use.
		j.confidential("implicit")
	default:
		j.confidential("authorization_code")
		if !slices.Contains(j.registration.gaps, gapFederatedCredentials) {
			j.undecided("it has redirect URIs but no secret, certificate or federated credential, and may not use the "+
				"implicit flow: "+
				"nobody can sign in with it; a map block must state grant_types, or a skip block that it is not needed",
				"grant_types")
		}
	}
}

// implicit tells whether there is an implicit flow, and notes what it hands out.
func (j *joining) implicit() bool {
	settings := j.At("web", "implicitGrantSettings")
	if settings.At("enableIdTokenIssuance").Flag() {
		j.out.ImplicitTokens = append(j.out.ImplicitTokens, "id_token")
	}
	if settings.At("enableAccessTokenIssuance").Flag() {
		j.out.ImplicitTokens = append(j.out.ImplicitTokens, "token")
	}
	return len(j.out.ImplicitTokens) > 0
}

const gapFederatedCredentials = "federated_credentials"

// credentialsUnread refuses to conclude from missing credentials when federated ones could not be read.
func (j *joining) credentialsUnread() {
	if slices.Contains(j.registration.gaps, gapFederatedCredentials) && j.validPasswords()+len(j.validKeys()) == 0 {
		j.undecided("its federated credentials could not be read; a map block must state client_type, "+
			"client_authentication and grant_types",
			"client_type", "client_authentication", "grant_types")
	}
}

func (j *joining) hasCredentials() bool { return len(j.passwords())+len(j.keys())+len(j.federated) > 0 }

func asksForRoles(required []reading.Node) bool {
	return slices.ContainsFunc(required, func(access reading.Node) bool {
		return slices.ContainsFunc(access.At("resourceAccess").List(),
			func(one reading.Node) bool { return one.At("type").Is("Role") })
	})
}

func (j *joining) public(grants ...string) {
	j.out.ClientType, j.out.ClientAuthentication = public, "none"
	j.out.PKCERequired = hasRedirects(j.Node, "spa") // of other public clients Entra takes a proof key and demands none
	j.out.GrantTypes = grants
}

func (j *joining) confidential(grants ...string) {
	j.out.ClientType = confidential
	j.out.GrantTypes = grants
	keys, passwords := j.validKeys(), j.validPasswords()
	if len(keys) > 0 {
		j.out.JWKS = j.keySet(keys)
	}
	switch {
	case passwords > 0:
		j.out.ClientAuthentication = "client_secret_post"
		if len(keys) > 0 {
			j.undecided("it has secrets and certificates and the registration does not tell which is in use; "+
				"a map block must state client_authentication (client_secret_post or private_key_jwt)",
				"client_authentication")
		}
	case len(keys) > 0 || len(j.federated) > 0:
		j.out.ClientAuthentication = "private_key_jwt"
	case len(j.passwords()) > 0:
		j.out.ClientAuthentication = "client_secret_post"
	case len(j.keys()) > 0:
		j.out.ClientAuthentication = "private_key_jwt"
	}
	if j.hasCredentials() && passwords+len(keys)+len(j.federated) == 0 {
		j.undecided("none of its secrets and certificates is valid today, so nobody can use it; a map block must state "+
			"status",
			"status")
	}
}

// keySet makes a JSON Web Key Set of certificates. Each appears under both names that Microsoft's libraries send as
// kid: the hex and the base64url form of its SHA-1. A certificate that was not told or is no RSA one is a gap.
func (j *joining) keySet(keys []reading.Node) string {
	set := struct {
		Keys []map[string]any `json:"keys"`
	}{}
	for _, key := range keys {
		certificate, public, err := parseCertificate(key.At("key").Text())
		if err != nil {
			if !slices.Contains(j.gaps, "jwks") {
				j.gap("jwks")
			}
			continue
		}
		j.carried(kinds.CredentialClient, keyID(key))
		digest := sha1.Sum(certificate.Raw)
		short := base64.RawURLEncoding.EncodeToString(digest[:])
		for _, kid := range []string{thumbprint(digest[:]), short} {
			set.Keys = append(set.Keys, map[string]any{
				"kty": "RSA", "use": "sig", "kid": kid, "x5t": short,
				"x5c": []string{base64.StdEncoding.EncodeToString(certificate.Raw)},
				"n":   base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
				"e":   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
			})
		}
	}
	if len(set.Keys) == 0 {
		return ""
	}
	encoded, err := json.Marshal(set)
	if err != nil {
		return ""
	}
	return string(encoded)
}

func parseCertificate(text string) (*x509.Certificate, *rsa.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, nil, fmt.Errorf("reading a certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("reading a certificate: %w", err)
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, nil, fmt.Errorf("reading a certificate: its key is no RSA key")
	}
	return certificate, key, nil
}

// originsOf names the origins of redirect URIs; addresses without a host are left out.
func originsOf(addresses []string) []string {
	var out []string
	for _, address := range addresses {
		scheme, rest, found := strings.Cut(address, "://")
		host, _, _ := strings.Cut(rest, "/")
		if found && host != "" && (scheme == "https" || scheme == "http") {
			out = append(out, scheme+"://"+host)
		}
	}
	return sorted(out)
}
