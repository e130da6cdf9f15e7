package entra

import (
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/kinds"
)

// saml fills what a SAML application needs. Names and values of NameID and signing are the vendor's defaults: what was
// changed in the portal is not in Graph, so ClaimsKnown is false and signing options are a gap.
func (j *joining) saml() {
	out, instance := j.out, j.registration.principal.body
	out.Protocol = "saml"
	out.ClaimsKnown = false
	out.NameIDFormat, out.NameIDSource = "emailAddress", "user.userprincipalname"
	out.SignAssertion, out.SignatureAlgorithm, out.DigestAlgorithm = true, "RSA_SHA256", "SHA256"
	j.gap("signing_options")
	j.gap("attribute_statements")
	out.LogoutURL = instance.LogoutURL
	if instance.SAMLSingleSignOnConfig != nil {
		out.RelayState = instance.SAMLSingleSignOnConfig.RelayState
	}
	if instance.LoginURL != "" {
		out.HomeURL = instance.LoginURL
	}
	j.entityID(instance)
	j.acs(instance)
	j.samlKeys(instance)
	if len(j.body.SPA.RedirectURIs)+len(j.body.PublicClient.RedirectURIs) > 0 {
		j.undecided("it is set to SAML and has redirect URIs for single-page or native clients too, which are two clients elsewhere; " +
			"a map block must state protocol")
	}
}

func (j *joining) entityID(instance servicePrincipalBody) {
	candidates := entityIDs(j.body.IdentifierURIs, j.body.AppID)
	if len(candidates) == 0 {
		candidates = entityIDs(instance.Names, j.body.AppID)
	}
	switch len(candidates) {
	case 0:
		j.gap("entity_id")
		j.undecided("it has no identifier; a map block must state entity_id")
	case 1:
		j.out.EntityID = candidates[0]
	default:
		j.out.EntityID = candidates[0]
		j.undecided("it has several identifiers (" + strings.Join(candidates, ", ") + ") and each is a client elsewhere; " +
			"a map block must state entity_id")
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

func (j *joining) acs(instance servicePrincipalBody) {
	out := j.out
	out.RedirectURIs = sorted(j.body.Web.RedirectURIs, instance.ReplyURLs)
	out.WildcardRedirect = slices.ContainsFunc(out.RedirectURIs, wildcardHost)
	switch {
	case j.body.DefaultRedirectURI != "":
		out.ACSURL = j.body.DefaultRedirectURI
	case len(out.RedirectURIs) == 0:
		j.gap("acs_url")
		j.undecided("it has no reply URL; a map block must state acs_url")
	default:
		out.ACSURL = out.RedirectURIs[0]
		if len(out.RedirectURIs) > 1 && instance.LoginURL == "" {
			j.undecided("it has several reply URLs, none is the default, and people may start at Entra; a map block must state acs_url")
		}
	}
}

func (j *joining) samlKeys(instance servicePrincipalBody) {
	if v := j.body.RequestSignatureVerification; v != nil && v.Required {
		j.out.RequestSigned = true
		for _, key := range j.validKeys() {
			if key.Key != "" && key.KeyID != j.body.TokenEncryptionKeyID && j.out.SigningCertificate == "" {
				j.out.SigningCertificate = key.Key
				j.carried(kinds.CredentialRequest, key.KeyID)
			}
		}
		if j.out.SigningCertificate == "" {
			j.gap("signing_certificate")
		}
	}
	id := j.body.TokenEncryptionKeyID
	if instance.TokenEncryptionKeyID != "" {
		id = instance.TokenEncryptionKeyID
	}
	if id == "" {
		return
	}
	j.out.EncryptAssertion = true
	for _, key := range j.validKeys() {
		if key.KeyID == id && key.Key != "" {
			j.out.EncryptionCertificate = key.Key
			j.carried(kinds.CredentialEncryption, key.KeyID)
		}
	}
	if j.out.EncryptionCertificate == "" {
		j.gap("encryption_certificate")
	}
}
