package entra

import (
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/entra/internal/leftover"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// registration is an application with what belongs to it.
type registration struct {
	element
	instance *element // its service principal in this tenant, nil when nobody signs in with it here
	// instancesUnknown says that service principals could not be read, so that a missing one proves nothing.
	instancesUnknown bool
	federated        []element // its federated credentials
	gaps             []string
	deleted          bool
	users, groups    int // assigned directly
}

// convertApplication joins a registration with its instance and decides how it signs in (mapping, sections 1 to 3).
func convertApplication(r registration, now time.Time) (identity.Item, error) {
	j := joining{registration: r, out: &kinds.Application{Status: identity.StatusInactive, Protocol: "oidc",
		AssignedUsers: r.users, AssignedGroups: r.groups}, now: now}
	if r.instance != nil {
		j.sp = r.instance.Node
	}
	j.describe()
	j.allCredentials()
	j.access()
	j.signIn()
	j.claims()
	j.unread()
	for _, part := range append(r.federated, element{Node: j.sp, path: r.path}) {
		if err := part.understood(); err != nil {
			return identity.Item{}, err
		}
	}
	item, err := r.item(identity.KindApplication, j.out.Name, j.out)
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
	sp   reading.Node // the instance; of nothing where there is none
	out  *kinds.Application
	now  time.Time
	gaps []string
}

// undecided asks for fields of a map block. The first reason is shown; the others follow once that is answered.
func (j *joining) undecided(reason string, fields ...string) { j.out.Ask(reason, fields...) }

func (j *joining) gap(name string) { j.gaps = append(j.gaps, name) }

func (j *joining) unknown(field string) { j.out.Unknown = append(j.out.Unknown, field) }

// describe takes over what an application says of itself, whatever it signs in with.
func (j *joining) describe() {
	out := j.out
	out.Name, out.ClientID, out.Catalog = j.At("displayName").Text(), j.At("appId").Text(),
		j.At("applicationTemplateId").Text()
	j.sp.At("applicationTemplateId").SettledAs(j.At("applicationTemplateId"))
	if out.Description = j.At("description").Text(); out.Description == "" {
		out.Description = j.At("notes").Text()
	}
	out.LogoURI, out.PolicyURI = j.At("info", "logoUrl").Text(), j.At("info", "privacyStatementUrl").Text()
	out.TermsURI = j.At("info", "termsOfServiceUrl").Text()
	out.Audiences = sorted(j.At("identifierUris").Texts())
	word := j.At("signInAudience").Text()
	out.Audience = audienceOf(word)
	out.MultiTenant = out.Audience == kinds.AudienceTenants || out.Audience == kinds.AudienceTenantsAndPersonal
	if word != "" && out.Audience == "" {
		j.unknown("signInAudience")
		j.undecided("it is for an audience that is not known to rehome ("+word+"); a map block must state audience and "+
			"access",
			"audience", "access")
	}
}

// access takes over what only the instance in the tenant knows.
func (j *joining) access() {
	if j.instance == nil {
		if j.instancesUnknown {
			j.gap("service_principal")
			j.undecided("its service principal could not be read, so it is not known whether it signs in by SAML and who "+
				"may use it; "+
				"grant "+servicePrincipalsResource().permission+", or a map block must state protocol, status and access",
				"protocol", "status", "access")
			return
		}
		j.out.Access = identity.AccessAssigned // nobody can be assigned, so nobody gets in
		return
	}
	j.out.Status = statusOf(j.sp.At("accountEnabled"))
	j.out.Mode = j.sp.At("preferredSingleSignOnMode").Text()
	switch required := j.sp.At("appRoleAssignmentRequired"); {
	case required.IsNull():
		j.gap("access")
	case required.Flag():
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
	switch mode := j.out.Mode; {
	case j.instance == nil && !j.instancesUnknown:
		j.other(modeNoInstance)
	case mode == "saml":
		j.saml()
	case mode != "" && mode != "oidc": // password, linked, notSupported and what may come
		j.other(mode)
	case j.looksLikeSAML():
		j.samlByEvidence()
	default:
		j.oidc()
	}
	if j.isDisabled(j.Node) || j.isDisabled(j.sp) {
		j.out.Status = identity.StatusInactive
		j.undecided("Microsoft has disabled the application; a map block must state status",
			"status")
	}
}

func (j *joining) isDisabled(node reading.Node) bool {
	word := node.At("disabledByMicrosoftStatus").Text()
	return word != "" && word != "NotDisabled"
}

// other is an application that signs nobody on, or in a way that has no counterpart: what it leads to is kept.
func (j *joining) other(mode string) {
	j.out.Protocol, j.out.Mode = "other", mode
	j.takeRedirects()
	j.startAt(j.sp.At("loginUrl"), j.At("web", "homePageUrl"), j.sp.At("homepage"))
}

// startAt takes the first address that is set as the one that people start at. The same one elsewhere says nothing
// more.
func (j *joining) startAt(addresses ...reading.Node) {
	for _, address := range addresses {
		if j.out.HomeURL == "" {
			j.out.HomeURL = address.Text()
		} else {
			address.SettledIf(j.out.HomeURL)
		}
	}
}

// looksLikeSAML decides a registration without a sign-on mode. A signing certificate is made for SAML only, and
// credentials, other platforms and the implicit flow are of use for OpenID Connect only: those are strong. The tag of
// the gallery and the address of a page to start at are hints that stand on applications of either kind, and count
// where nothing strong does.
func (j *joining) looksLikeSAML() bool {
	if j.instance == nil || j.out.Mode != "" {
		return false
	}
	hinted := j.sp.At("loginUrl").IsSet() || slices.ContainsFunc(j.sp.At("tags").List(), func(tag reading.Node) bool {
		return tag.Is(tagCustomSAML)
	})
	switch certificate := j.sp.At("preferredTokenSigningKeyThumbprint").IsSet(); {
	case certificate && j.speaksOIDC():
		j.undecided("it has a signing certificate of SAML, and credentials or flows of OpenID Connect, and no sign-on mode; "+
			"a map block must state protocol",
			"protocol")
		return true
	case certificate:
		return true
	}
	return hinted && !j.speaksOIDC()
}

func (j *joining) speaksOIDC() bool {
	return j.hasCredentials() || hasRedirects(j.Node, "spa", "publicClient") ||
		j.At("web", "implicitGrantSettings", "enableIdTokenIssuance").IsSet() ||
		j.At("web", "implicitGrantSettings", "enableAccessTokenIssuance").IsSet()
}

func (j *joining) samlByEvidence() {
	j.saml()
	if j.out.EntityID == "" || j.out.ACSURL == "" {
		j.undecided("it has a signing certificate, a sign-on address or the tag of a SAML application, but no sign-on mode; "+
			"a map block must state protocol, and for saml entity_id and acs_url",
			"protocol")
	}
}

// claims notes what tokens hold and other applications rely on.
func (j *joining) claims() {
	if groups := j.At("groupMembershipClaims").Text(); groups != "" && !strings.EqualFold(groups, "None") {
		j.claim("groups (" + groups + ")")
	}
	for _, role := range j.At("appRoles").List() {
		switch enabled, name := role.At("isEnabled"), role.At("value").Text(); {
		case name == "": // for an assignment without a role
		case !enabled.IsNull() && !enabled.Flag():
			j.claim("role " + name + " (disabled)")
		default:
			j.claim("role " + name)
		}
	}
	for _, kind := range []struct{ member, token string }{{"idToken", "ID token"}, {"accessToken", "access token"},
		{"saml2Token", "assertion"}} {
		for _, claim := range j.At("optionalClaims", kind.member).List() {
			text := "claim " + claim.At("name").Text() + " in the " + kind.token
			if properties := claim.At("additionalProperties").Texts(); len(properties) > 0 {
				text += ", " + strings.Join(properties, ", ")
			}
			j.claim(text)
		}
	}
	j.out.TokenClaims = sorted(j.out.TokenClaims)
	required := j.At("requiredResourceAccess").List()
	j.out.DirectGraphUse = usesGraph(required)
	for _, access := range required {
		if id := access.At("resourceAppId").Text(); id != graphAppID && id != oldGraphAppID {
			for _, one := range access.At("resourceAccess").List() {
				j.out.Calls = append(j.out.Calls, one.At("type").Text()+" "+one.At("id").Text()+" of application "+id)
			}
		}
	}
	leftover.Settle(j.Node, "optionalClaims", "appRoles", "requiredResourceAccess")
}

func (j *joining) claim(text string) { j.out.TokenClaims = append(j.out.TokenClaims, text) }

// unread lists what registration and instance set and nothing carries.
func (j *joining) unread() {
	leftover.Settle(j.Node, "id", "createdDateTime", "deletedDateTime", "passwordCredentials",
		"keyCredentials") // credentials are listed
	settleTags(j.Node)
	settleInstance(j.sp)
	j.sp.At("homepage").SettledAs(j.At("web", "homePageUrl"))
	j.sp.At("logoutUrl").SettledAs(j.At("web", "logoutUrl"))
	leftover.SettleAmong(j.sp.At("servicePrincipalNames"), append(j.out.Audiences, j.out.ClientID)...)
	leftover.SettleAmong(j.sp.At("replyUrls"), j.out.RedirectURIs...)
	j.out.Unknown = append(j.out.Unknown, leftover.Paths(j.Node, "")...)
	j.out.Unknown = append(j.out.Unknown, leftover.Paths(j.sp, "servicePrincipal")...)
	for _, credential := range j.federated {
		leftover.Settle(credential.Node, "id", "name", "issuer", "subject", "claimsMatchingExpression") // listed
		leftover.SettleAmong(credential.At("audiences"), "api://AzureADTokenExchange")                  // the default
		j.out.Unknown = append(j.out.Unknown, leftover.Paths(credential.Node, "federatedIdentityCredentials[]")...)
	}
	j.out.Unknown = sorted(j.out.Unknown)
}

const (
	vendorSeconds = 60 * 60 // an hour is the least that tokens and assertions live unless a policy says otherwise
	graphAppID    = "00000003-0000-0000-c000-000000000000"
	oldGraphAppID = "00000002-0000-0000-c000-000000000000" // Azure AD Graph, retired
)

// signInScope tells whether a scope of Graph only serves to sign in: openid, profile, email, offline_access and
// User.Read, which the portal adds to every application.
func signInScope(id string) bool {
	switch strings.ToLower(id) {
	case "37f7f235-527c-4136-accd-4a02d197296e", "14dad69e-099b-42c9-810b-d002981feec1",
		"64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
		"7427e0e9-2fba-42fe-b0c0-848c9e6a8182", "e1fe6dd8-ba31-4d61-89e7-88639da4683d":
		return true
	}
	return false
}

func usesGraph(required []reading.Node) bool {
	for _, access := range required {
		switch access.At("resourceAppId").Text() {
		case oldGraphAppID:
			return true
		case graphAppID:
			for _, one := range access.At("resourceAccess").List() {
				if kind, id := one.At("type").Text(), one.At("id").Text(); kind != "Scope" || !signInScope(id) {
					return true
				}
			}
		}
	}
	return false
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
