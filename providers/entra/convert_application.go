package entra

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// registration is an application with what belongs to it.
type registration struct {
	body      applicationBody
	from      original
	principal *principal // its instance in this tenant, nil when nobody signs in with it here
	// principalsUnknown says that service principals could not be read, so that a missing one proves nothing.
	principalsUnknown bool
	federated         []federatedCredential
	gaps              []string
	deleted           bool
	users, groups     int // assigned directly
}

// convertApplication joins a registration with its instance and decides how it signs in (mapping, sections 1 to 3).
func convertApplication(r registration, now time.Time) (identity.Item, error) {
	body := r.body
	out := kinds.Application{
		Name: body.DisplayName, Description: body.Description, Protocol: "oidc", ClientID: body.AppID, Catalog: body.ApplicationTemplateID,
		Status: identity.StatusInactive, AssignedUsers: r.users, AssignedGroups: r.groups,
		Audiences: sorted(body.IdentifierURIs), HomeURL: body.Web.HomePageURL,
		Audience: audienceOf(body.SignInAudience), DirectGraphUse: usesGraph(body.RequiredResourceAccess),
		LogoURI: body.Info.LogoURL, PolicyURI: body.Info.PrivacyURL, TermsURI: body.Info.TermsURL,
	}
	out.MultiTenant = out.Audience == kinds.AudienceTenants || out.Audience == kinds.AudienceTenantsAndPersonal
	j := joining{registration: r, out: &out, now: now}
	if body.SignInAudience != "" && out.Audience == "" {
		j.unknown("signInAudience")
		j.undecided("it is for an audience that is not known to rehome (" + body.SignInAudience + "); a map block must state audience and access")
	}
	j.allCredentials()
	j.principal()
	j.signIn()
	j.claims()
	if body.DisabledByMicrosoft != "" || (r.principal != nil && r.principal.body.DisabledByMicrosoft != "") {
		out.Status = identity.StatusInactive
		j.undecided("Microsoft has disabled the application; a map block must state status and why it may be used")
	}
	if err := j.leftUnread(); err != nil {
		return identity.Item{}, err
	}
	item, err := itemOf(identity.KindApplication, body.ID, body.DisplayName, out, r.from)
	if err != nil {
		return identity.Item{}, err
	}
	item.Gaps = append(append(item.Gaps, r.gaps...), j.gaps...)
	item.Deleted = r.deleted
	return item, nil
}

// joining fills one application.
type joining struct {
	registration
	out  *kinds.Application
	now  time.Time
	gaps []string
}

// undecided keeps the first reason: the others follow once that is answered.
func (j *joining) undecided(reason string) {
	if j.out.Undecided == "" {
		j.out.Undecided = reason
	}
}

func (j *joining) gap(name string) { j.gaps = append(j.gaps, name) }

func (j *joining) unknown(field string) { j.out.Unknown = append(j.out.Unknown, field) }

// principal takes over what only the instance in the tenant knows.
func (j *joining) principal() {
	if j.registration.principal == nil {
		if j.principalsUnknown {
			j.gap("service_principal")
			j.undecided("its service principal could not be read, so it is not known whether it signs in by SAML and who may use it; " +
				"grant " + servicePrincipalsResource().permission + ", or a map block must state protocol, status and access")
			return
		}
		j.out.Access = identity.AccessAssigned // nobody can be assigned, so nobody gets in
		return
	}
	instance := j.registration.principal.body
	j.out.Status = statusOf(instance.AccountEnabled)
	j.out.Mode = instance.Mode
	if j.out.HomeURL == "" {
		j.out.HomeURL = instance.Homepage
	}
	switch {
	case instance.AssignmentRequired == nil:
		j.gap("access")
	case *instance.AssignmentRequired:
		j.out.Access = identity.AccessAssigned
	default:
		j.out.Access = identity.AccessEveryone
	}
}

// modeNoInstance marks a registration without service principal: nobody of this tenant signs in with it.
const modeNoInstance = "no_service_principal"

// signIn tells SAML from OIDC.
func (j *joining) signIn() {
	j.out.ClaimsKnown = true
	if j.registration.principal == nil && !j.principalsUnknown {
		j.out.Protocol, j.out.Mode = "other", modeNoInstance
		return
	}
	var mode string
	if j.registration.principal != nil {
		mode = j.registration.principal.body.Mode
	}
	switch mode {
	case "saml":
		j.saml()
	case "", "oidc":
		if j.looksLikeSAML() {
			j.samlByEvidence()
			return
		}
		j.oidc()
	default: // password, linked, notSupported and what may come
		j.out.Protocol = "other"
	}
}

// looksLikeSAML decides a registration without a sign-on mode. A signing certificate is made for SAML only, and
// credentials, other platforms and the implicit flow are of use for OpenID Connect only: those are strong. The tag of
// the gallery and the address of a page to start at are hints that stand on applications of either kind, and count
// where nothing strong does.
func (j *joining) looksLikeSAML() bool {
	if j.registration.principal == nil || j.registration.principal.body.Mode != "" {
		return false
	}
	instance := j.registration.principal.body
	hinted := instance.LoginURL != "" || slices.ContainsFunc(instance.Tags, func(tag string) bool {
		return strings.HasSuffix(tag, "CustomSingleSignOnApplication")
	})
	switch certificate := instance.SigningKeyThumbprint != ""; {
	case certificate && j.speaksOIDC():
		j.undecided("it has a signing certificate of SAML, and credentials or flows of OpenID Connect, and no sign-on mode; " +
			"a map block must state protocol")
		return true
	case certificate:
		return true
	}
	return hinted && !j.speaksOIDC()
}

func (j *joining) speaksOIDC() bool {
	body := j.body
	return len(body.PasswordCredentials) > 0 || len(verifyKeys(body.KeyCredentials)) > 0 || len(j.federated) > 0 ||
		len(body.SPA.RedirectURIs)+len(body.PublicClient.RedirectURIs) > 0 || body.Web.Implicit.IDToken || body.Web.Implicit.AccessToken
}

func (j *joining) samlByEvidence() {
	j.saml()
	if j.out.EntityID == "" || j.out.ACSURL == "" {
		j.undecided("it has a signing certificate, a sign-on address or the tag of a SAML application, but no sign-on mode; " +
			"a map block must state protocol, and for saml entity_id and acs_url")
	}
}

// claims notes what tokens and other applications rely on and what the neutral model has no field for.
func (j *joining) claims() {
	body := j.body
	if o := body.OptionalClaims; o != nil && len(o.IDToken)+len(o.AccessToken)+len(o.SAML2Token) > 0 {
		j.unknown("optionalClaims")
	}
	if body.GroupMembershipClaims != "" && !strings.EqualFold(body.GroupMembershipClaims, "None") {
		j.unknown("groupMembershipClaims")
	}
	for _, role := range body.AppRoles {
		if role.Value != "" {
			j.unknown("appRoles")
			break
		}
	}
	if len(body.API.Scopes) > 0 && j.out.Protocol == "oidc" {
		j.unknown("api.oauth2PermissionScopes")
	}
	for _, access := range body.RequiredResourceAccess {
		if access.ResourceAppID != graphAppID && access.ResourceAppID != oldGraphAppID {
			j.unknown("requiredResourceAccess")
			break
		}
	}
	if j.out.Protocol == "oidc" && body.TokenEncryptionKeyID != "" {
		j.unknown("tokenEncryptionKeyId")
	}
}

const (
	graphAppID    = "00000003-0000-0000-c000-000000000000"
	oldGraphAppID = "00000002-0000-0000-c000-000000000000" // Azure AD Graph, retired
)

// signInScope tells whether a scope of Graph only serves to sign in: openid, profile, email, offline_access and
// User.Read, which the portal adds to every application.
func signInScope(id string) bool {
	switch strings.ToLower(id) {
	case "37f7f235-527c-4136-accd-4a02d197296e", "14dad69e-099b-42c9-810b-d002981feec1", "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
		"7427e0e9-2fba-42fe-b0c0-848c9e6a8182", "e1fe6dd8-ba31-4d61-89e7-88639da4683d":
		return true
	}
	return false
}

func usesGraph(required []resourceAccess) bool {
	for _, access := range required {
		if access.ResourceAppID == oldGraphAppID {
			return true
		}
		if access.ResourceAppID != graphAppID {
			continue
		}
		for _, one := range access.Access {
			if one.Type != "Scope" || !signInScope(one.ID) {
				return true
			}
		}
	}
	return false
}

// wildcardHost tells whether the host part of an address has a wildcard.
func wildcardHost(address string) bool {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		return false
	}
	host, _, _ := strings.Cut(rest, "/")
	if strings.Contains(host, "*") {
		return true
	}
	u, err := url.Parse(address)
	return err == nil && strings.Contains(u.Host, "*")
}

// audienceOf is whose people may sign in; empty for a word that is not known. A registration without the word is one of
// before there was a choice, for its own tenant.
func audienceOf(word string) string {
	switch word {
	case "", "AzureADMyOrg":
		return kinds.AudienceTenant
	case "AzureADMultipleOrgs":
		return kinds.AudienceTenants
	case "AzureADandPersonalMicrosoftAccount":
		return kinds.AudienceTenantsAndPersonal
	case "PersonalMicrosoftAccount":
		return kinds.AudiencePersonal
	}
	return ""
}
