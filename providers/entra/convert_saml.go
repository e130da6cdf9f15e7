package entra

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// saml fills what a SAML application needs. Names and values of NameID and signing are the vendor's defaults: what was
// changed in the portal is not in Graph, so ClaimsKnown is false and signing options are a gap.
func (j *joining) saml() {
	out := j.out
	out.Protocol = "saml"
	out.ClaimsKnown, out.AssertionSeconds = false, vendorSeconds
	out.NameIDFormat, out.NameIDSource = "emailAddress", "user.userprincipalname"
	out.SignAssertion, out.SignatureAlgorithm, out.DigestAlgorithm = true, "RSA_SHA256", "SHA256"
	j.gap("signing_options")
	j.gap("attribute_statements")
	out.LogoutURL = j.sp.At("logoutUrl").Text()
	j.At("web", "logoutUrl").SettledAs(j.sp.At("logoutUrl"))
	out.RelayState = j.sp.At("samlSingleSignOnSettings", "relayState").Text()
	j.startAt(j.sp.At("loginUrl"), j.At("web", "homePageUrl"), j.sp.At("homepage"))
	j.entityID()
	j.acs()
	j.samlKeys()
	if hasRedirects(j.Node, "spa", "publicClient") {
		j.undecided("it is set to SAML and has redirect URIs for single-page or native clients too, which are two "+
			"clients elsewhere; "+
			"a map block must state protocol",
			"protocol")
	}
}

func (j *joining) entityID() {
	candidates := entityIDs(j.out.Audiences, j.out.ClientID)
	if len(candidates) == 0 {
		candidates = entityIDs(j.sp.At("servicePrincipalNames").Texts(), j.out.ClientID)
	}
	switch len(candidates) {
	case 0:
		j.gap("entity_id")
		j.undecided("it has no identifier; a map block must state entity_id",
			"entity_id")
	case 1:
		j.out.EntityID = candidates[0]
	default:
		j.out.EntityID = candidates[0]
		j.undecided("it has several identifiers ("+strings.Join(candidates, ", ")+") and each is a client elsewhere; "+
			"a map block must state entity_id",
			"entity_id")
	}
}

// entityIDs leaves out what Entra adds for OAuth: the application id and addresses made of it.
func entityIDs(names []string, appID string) []string {
	var out []string
	for _, name := range sorted(names) {
		lower := strings.ToLower(name)
		if lower == strings.ToLower(appID) || strings.HasPrefix(lower, "api://") || strings.HasPrefix(lower, "spn:") {
			continue
		}
		out = append(out, name)
	}
	return out
}

func (j *joining) acs() {
	out := j.out
	out.RedirectURIs = sorted(j.At("web", "redirectUris").Texts(), j.sp.At("replyUrls").Texts())
	out.WildcardRedirect = slices.ContainsFunc(out.RedirectURIs, reading.WildcardHost)
	out.ACSURL = j.At("defaultRedirectUri").Text()
	switch {
	case out.ACSURL != "":
	case len(out.RedirectURIs) == 0:
		j.gap("acs_url")
		j.undecided("it has no reply URL; a map block must state acs_url",
			"acs_url")
	default:
		out.ACSURL = out.RedirectURIs[0]
		if len(out.RedirectURIs) > 1 && !j.sp.At("loginUrl").IsSet() {
			j.undecided("it has several reply URLs, none is the default, and people may start at Entra; a map block must "+
				"state acs_url",
				"acs_url")
		}
	}
}

func (j *joining) samlKeys() {
	encryption := j.sp.At("tokenEncryptionKeyId").Text()
	if encryption == "" {
		encryption = j.At("tokenEncryptionKeyId").Text()
	}
	j.At("tokenEncryptionKeyId").SettledIf(encryption)
	if j.out.RequestSigned = j.At("requestSignatureVerification", "isSignedRequestRequired").Flag(); j.out.RequestSigned {
		j.out.SigningCertificate = j.certificate(kinds.CredentialRequest, func(id string) bool {
			return !j.At("tokenEncryptionKeyId").Is(id)
		})
		if j.out.SigningCertificate == "" {
			j.gap("signing_certificate")
		}
	}
	if encryption == "" {
		return
	}
	j.out.EncryptAssertion = true
	j.out.EncryptionCertificate = j.certificate(kinds.CredentialEncryption,
		func(id string) bool { return id == encryption })
	if j.out.EncryptionCertificate == "" {
		j.gap("encryption_certificate")
	}
}

// certificate carries the first valid key that fits.
func (j *joining) certificate(use string, fits func(id string) bool) string {
	for _, key := range j.validKeys() {
		if text := key.At("key").Text(); text != "" && fits(keyID(key)) {
			j.carried(use, keyID(key))
			return text
		}
	}
	return ""
}
