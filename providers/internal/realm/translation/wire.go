package translation

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// What assertions are encrypted with (XML Encryption 1.0 and 1.1).
func encryptionAlgorithms() map[string]string {
	return map[string]string{
		"AES128_CBC": "http://www.w3.org/2001/04/xmlenc#aes128-cbc", "AES256_CBC": "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
		"AES128_GCM": "http://www.w3.org/2009/xmlenc11#aes128-gcm", "AES256_GCM": "http://www.w3.org/2009/xmlenc11#aes256-gcm",
	}
}

// encryption says how an assertion is encrypted, always: what the server takes by itself is unreadable to most
// libraries. RSA-OAEP with SHA-1 and AES in CBC mode are what incumbents send and every library reads.
func encryption(app kinds.Application, extra map[string]any) []fidelity.Finding {
	var findings []fidelity.Finding
	algorithm, known := encryptionAlgorithms()[app.EncryptionAlgorithm]
	if !known {
		algorithm = encryptionAlgorithms()["AES256_CBC"]
		if app.EncryptionAlgorithm != "" {
			findings = append(findings, lost("encryption_algorithm", "AES256_CBC is used instead of "+app.EncryptionAlgorithm))
		}
	}
	extra["saml.encryption.algorithm"] = algorithm
	switch app.KeyTransport {
	case "RSA_15":
		extra["saml.encryption.keyAlgorithm"] = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
		return findings
	case "", "RSA_OAEP":
	default:
		findings = append(findings, lost("key_transport", "RSA_OAEP is used instead of "+app.KeyTransport))
	}
	extra["saml.encryption.keyAlgorithm"] = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
	extra["saml.encryption.digestMethod"] = "http://www.w3.org/2000/09/xmldsig#sha1"
	return findings
}

// samlWindow says from when and until when an assertion may be used.
func samlWindow(app kinds.Application, extra map[string]any) []fidelity.Finding {
	if app.AssertionSeconds > 0 {
		extra["saml.assertion.lifespan"] = strconv.Itoa(app.AssertionSeconds)
	}
	return []fidelity.Finding{{Type: fidelity.Approximation, Field: "assertion_seconds", Direction: fidelity.DirectionTighter,
		Summary: "an assertion counts from the second in which it is made, without the minutes before that incumbents " +
			"give: an application whose clock is behind must allow for it"}}
}

// numbered is the ending by which several instances of one application are told apart at the source. It is no part of
// what goes into an assertion.
var numbered = regexp.MustCompile(`#[0-9]+$`)

// sentAudience is what an assertion names, which is another than the entity id where that one is numbered.
func sentAudience(entityID string) (string, []fidelity.Finding) {
	audience := numbered.ReplaceAllString(entityID, "")
	if audience == entityID || audience == "" {
		return entityID, nil
	}
	return audience, []fidelity.Finding{impact("entity_id", "the assertion names two audiences, "+entityID+" and, as at "+
		"the source, "+audience, fidelity.DirectionSame, fidelity.AudienceAppOwners, fidelity.SeverityMedium,
		"audience_added")}
}

// hasGrant tells whether the source allows a grant, under either of its names.
func hasGrant(app kinds.Application, short string) bool {
	return slices.ContainsFunc(app.GrantTypes, func(grant string) bool {
		return grant == short || strings.TrimPrefix(grant, "urn:ietf:params:oauth:grant-type:") == short
	})
}

// onlyAccepts tells whether an application signs nobody in and only takes the tokens that others bring.
func onlyAccepts(app kinds.Application) bool {
	return len(app.GrantTypes) == 0 && len(app.RedirectURIs) == 0
}

// accepts makes the client of an interface: no flow, and no secret, as there is nothing to ask the server for.
func accepts(a identity.Attributes) []fidelity.Finding {
	a["standard_flow"], a["implicit_flow"], a["service_accounts"] = false, false, false
	a["public"], a["client_authenticator"], a["secret"] = false, "client-secret", noSecret
	return []fidelity.Finding{{Type: fidelity.Approximation, Field: "grant_types", Direction: fidelity.DirectionTighter,
		Summary: "signs nobody in and only takes tokens: none names it as audience until each caller has a mapper that " +
			"says so"}}
}

// namedKeys says which keys must be named. One key may stand under several ids.
func namedKeys(text string) []fidelity.Finding {
	var set struct {
		Keys []struct {
			Kind    string `json:"kty"`
			Modulus string `json:"n"`
			X       string `json:"x"`
		} `json:"keys"`
	}
	if json.Unmarshal([]byte(text), &set) != nil {
		return nil // told where the keys are read
	}
	keys := map[string]map[string]bool{}
	several := false
	for _, key := range set.Keys {
		if keys[key.Kind] == nil {
			keys[key.Kind] = map[string]bool{}
		}
		keys[key.Kind][key.Modulus+key.X] = true
		several = several || len(keys[key.Kind]) > 1
	}
	if !several {
		return nil
	}
	return []fidelity.Finding{{Type: fidelity.Approximation, Field: "jwks", Direction: fidelity.DirectionTighter,
		Summary: "an assertion that names no key is checked with the first one only: what is signed with another must name it"}}
}

// proofKey demands one where the source does. A client that signs in on devices is not asked: the server wants it there
// too (26.7.4), and clients send none with a device code.
func proofKey(app kinds.Application, extra map[string]any) []fidelity.Finding {
	switch {
	case !app.PKCERequired:
		return nil
	case !hasGrant(app, "device_code"):
		extra["pkce.code.challenge.method"] = "S256"
		return nil
	case !hasGrant(app, "authorization_code"):
		return nil
	}
	f := impact("pkce_required", "no proof key is demanded in the browser: the server would want one on devices as well",
		fidelity.DirectionLooser, fidelity.AudienceSecurity, fidelity.SeverityLow, "pkce_not_demanded")
	f.Compensated = "a code is good for one use at a redirect URI of the client"
	return []fidelity.Finding{f}
}

// asksFor says what a client gets when it asks: how long a token lives, which scopes there are, and whose interfaces it
// may call.
func asksFor(app kinds.Application, a identity.Attributes, extra map[string]any) []fidelity.Finding {
	var findings []fidelity.Finding
	if app.TokenSeconds > 0 && !onlyAccepts(app) {
		extra["access.token.lifespan"] = strconv.Itoa(app.TokenSeconds)
	}
	if hasGrant(app, "refresh_token") && a["standard_flow"] == true {
		findings = append(findings, fidelity.Finding{Type: fidelity.Approximation, Field: "grant_types",
			Direction: fidelity.DirectionLooser,
			Summary: "a refresh token that was asked for with offline_access outlives an assignment, until it is revoked or " +
				"unused for as long as the realm says",
			Compensated: "its sessions are ended with the assignment, in the console or with the admin API"})
	}
	if a["standard_flow"] == true || a["implicit_flow"] == true || a["service_accounts"] == true {
		findings = append(findings, fidelity.Finding{Type: fidelity.Approximation, Field: "scopes",
			Direction: fidelity.DirectionTighter,
			Summary: "a request that names a scope which the realm does not have, such as groups or one of an interface, is " +
				"refused as a whole; there are openid, profile, email, address, phone and offline_access"})
	}
	if len(app.Calls) > 0 {
		findings = append(findings, fidelity.Finding{Type: fidelity.Lost, Field: "calls", Direction: fidelity.DirectionTighter,
			Summary: fmt.Sprintf("its tokens are for itself alone and not for what it calls: %s",
				strings.Join(app.Calls, "; ")),
			Audience: fidelity.AudienceAppOwners, Severity: fidelity.SeverityMedium, ImpactCode: "calls_lost"})
	}
	return findings
}

// ownNames says that people of a realm may change in their account what an application knows them by, unless the
// realm's user profile is closed. What the incumbent lets them do is not read.
func ownNames(client identity.Attributes) []fidelity.Finding {
	names := realm.NamesOf(client)
	names = slices.DeleteFunc(names, func(name string) bool { return name == "username" }) // closed unless the realm opens it
	if len(names) == 0 {
		return nil
	}
	return []fidelity.Finding{{Type: fidelity.Approximation, Field: "names", Direction: fidelity.DirectionLooser,
		Summary: "people may change themselves what the application knows them by (" + strings.Join(names, ", ") +
			"), where the user profile of the realm lets them: close it before the application opens, unless the incumbent " +
			"lets them too",
		Compensated: "verify asks about each of these fields that is open"}}
}

// wireTells is what to tell people of what changes between the application and the server.
func wireTells() map[string]string {
	return map[string]string{
		"acs_index_ignored": "If your application names the address for its assertions by index, have it send the address " +
			"itself, or the answer comes to the default one.",
		"calls_lost": "Your application calls interfaces of others, and the tokens that it gets are not for those. Say " +
			"which it needs, so that each is set up before the change.",
		"pkce_not_demanded": "This application is no longer required to use a proof key in the browser, as it signs in on " +
			"devices too. Have its owner keep sending one.",
	}
}
