package translation

import (
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func translateApplication(item identity.Item, now time.Time) (contract.Translation, error) {
	var app kinds.Application
	if err := item.Decode(&app); err != nil {
		return contract.Translation{}, err
	}
	if app.Vendor {
		return invisible("an application of the incumbent itself stays there"), nil
	}
	var t contract.Translation
	var client identity.Attributes
	switch {
	case app.Undecided != "":
		t = only("", rebuild("protocol", "it cannot be decided how the application signs in", toDo(app.Undecided)))
	case app.Protocol == "oidc":
		t.Contract = "OIDC client"
		client, t.Findings = oidcClient(item, app)
	case app.Protocol == "saml":
		t.Contract = "SAML client"
		client, t.Findings = samlClient(item, app, now)
	default:
		t = otherMode(app)
	}
	if isInvisible(t.Findings) {
		return t, nil
	}
	if !stops(t.Findings) {
		t.Findings = append(t.Findings, newAddresses(app)...)
	}
	// Every finding is said, whatever becomes of the item: the next reason would come up only when the first is mended.
	t.Findings = append(t.Findings, commonFindings(app)...)
	if stops(t.Findings) {
		return t, nil
	}
	client["name"] = app.Name
	if app.Description != "" {
		client["description"] = app.Description
	}
	forItself(client)
	resources, findings := guard(item, app, client)
	t.Resources, t.Findings = resources, append(t.Findings, findings...)
	return t, nil
}

// forItself makes tokens and assertions good for this client alone, and closes what hands them out without a flow.
func forItself(client identity.Attributes) {
	protocol := str(client, "protocol")
	client["full_scope_allowed"], client["authorization_services"] = false, false
	client["default_client_scopes"] = object.Sorted(realm.OwnScopes(protocol, client["service_accounts"] == true))
	if protocol == gating.ProtocolOIDC {
		client["own_audience"] = true
	}
}

// guard puts the gate around a client and says whether it may be opened.
func guard(item identity.Item, app kinds.Application, client identity.Attributes) ([]identity.Resource,
	[]fidelity.Finding) {
	id := str(client, "client_id")
	refer := identity.Refer(identity.KindApplication, item.ID, realm.TypeClient)
	resources := []identity.Resource{
		{Type: realm.TypeClient, Key: id, Attributes: client},
		{Type: realm.TypeClientRole, Key: id + "/" + gating.AccessRole, Attributes: identity.Attributes{
			"client": refer, "role": gating.AccessRole, "description": "May use the application."}},
	}
	everyone := app.Access == identity.AccessEveryone
	gated := !everyone || hasPeople(client)
	waits := []identity.Dependency{identity.OnItem(identity.KindApplication, item.ID, realm.TypeClientRole)}
	var findings []fidelity.Finding
	if everyone && gated {
		resources = append(resources, everyoneGroup(item.Source), everyoneGrant(item))
		waits = append(waits, identity.OnItem(identity.KindApplication, item.ID, realm.TypeRoleAssignment))
		findings = append(findings, everyoneFinding("access", item.Source))
	}
	if gated {
		resources = append(resources, realm.GateFlows(), identity.Resource{Type: realm.TypeGate, Key: id,
			Attributes: identity.Attributes{
				"client": refer, "protocol": client["protocol"], "intact": true,
			}, DependsOn: []identity.Dependency{identity.OnResource(realm.TypeGateFlows, realm.GateFlowsKey),
				identity.OnItem(identity.KindApplication, item.ID, realm.TypeClientRole)}})
		waits = append(waits, identity.OnItem(identity.KindApplication, item.ID, realm.TypeGate))
	}
	if gated && hasPeople(client) {
		findings = append(findings, fidelity.Finding{Type: fidelity.Approximation, Field: "access",
			Summary: "who is assigned is asked at every sign-in; a token given out before an assignment ends can be " +
				"refreshed until its session ends",
			Direction: fidelity.DirectionLooser, Compensated: "the gate in the browser, direct grant and post-broker flows"})
		if hasPeople(client) {
			findings = append(findings, ownNames(client)...)
		}
	}
	switch {
	case app.Status != identity.StatusActive:
		findings = append(findings, fidelity.Finding{Type: fidelity.Approximation, Field: "status",
			Summary: "inactive at the source: stays disabled", Direction: fidelity.DirectionTighter})
		return resources, findings
	case hasPeople(client) && gated && app.AssignedUsers > 0:
		findings = append(findings, impact("assigned_users", "stays disabled until its people are moved",
			fidelity.DirectionTighter, fidelity.AudienceEndUsers, fidelity.SeverityMedium, "disabled_until_people_move"))
		return resources, findings
	}
	opening := identity.Attributes{"client": refer, "enabled": true}
	if gated {
		opening["gated"] = true
	}
	return append(resources, identity.Resource{Type: realm.TypeEnablement, Key: id, Attributes: opening,
		DependsOn: waits}), findings
}

func clip(text string) string {
	runes := []rune(text)
	if len(runes) > 200 {
		return string(runes[:200])
	}
	return text
}

// newAddresses are felt by everybody whose sign-in moves.
func newAddresses(app kinds.Application) []fidelity.Finding {
	findings := []fidelity.Finding{impact("issuer", "issuer, signing key and endpoints are those of the realm",
		fidelity.DirectionSame, fidelity.AudienceAppOwners, fidelity.SeverityMedium, "issuer_changes")}
	if app.Status == identity.StatusActive && (app.Protocol == "saml" || len(app.RedirectURIs) > 0) {
		findings = append(findings, impact("sign_in_page", "people sign in at a new address and on a new page",
			fidelity.DirectionSame, fidelity.AudienceEndUsers, fidelity.SeverityMedium, "sign_in_address_changes"))
	}
	return findings
}

// commonFindings are those of every application that may move.
func commonFindings(app kinds.Application) []fidelity.Finding {
	findings := realm.TooLong(realm.TypeClient, "name", "name", app.Name)
	if len(app.Hooks) > 0 {
		findings = append(findings, rebuild("hooks", "outside code changes its tokens or assertions",
			"Find out what it adds and rebuild that with mappers, then state hooks = [] in a map block."))
	}
	if app.NetworkLimit {
		f := rebuild("network_limit", "the source limits the client to networks, a realm cannot",
			"Limit it in front of the server, then state network_limit = false in a map block.")
		f.Direction = fidelity.DirectionLooser
		findings = append(findings, f)
	}
	if app.DirectGraphUse {
		findings = append(findings, rebuild("directory_api_use", "it calls the incumbent's own API, where a token of the "+
			"realm is worth nothing",
			"Keep a registration at the incumbent for that part, or change the application; then state "+
				"directory_api_use = false in a map block: sign-in moves."))
	}
	findings = append(findings, audienceFindings(app)...)
	if len(app.Provisioning) > 0 {
		findings = append(findings, fidelity.Finding{Type: fidelity.Lost, Field: "provisioning",
			Severity: fidelity.SeverityHigh,
			Summary:  "Keycloak does not provision into it: leavers stay active there", Audience: fidelity.AudienceSecurity,
			ImpactCode: "provisioning_ends",
			Action:     "Set up provisioning from another place before cut-over."})
	}
	if app.PolicyID != "" {
		f := impact("policy_id", "its sign-on policy does not move with it", fidelity.DirectionLooser,
			fidelity.AudienceSecurity, fidelity.SeverityMedium, "policy_not_carried")
		f.Compensated = "staying closed where that asks for more, until it is built again and the target reads it back"
		findings = append(findings, f)
	}
	if !app.ClaimsKnown && (app.Protocol == "saml" || app.Protocol == "oidc") {
		findings = append(findings, impact("claims_known", "the source does not tell which claims or attributes the "+
			"application gets", fidelity.DirectionSame, fidelity.AudienceAppOwners, fidelity.SeverityMedium, "claims_unknown"))
	}
	if len(app.TokenClaims) > 0 && (app.Protocol == "saml" || app.Protocol == "oidc") {
		findings = append(findings, fidelity.Finding{Type: fidelity.Lost, Field: "token_claims",
			Direction: fidelity.DirectionSame,
			Summary:   "tokens no longer hold: " + strings.Join(app.TokenClaims, "; "),
			Audience:  fidelity.AudienceAppOwners, Severity: fidelity.SeverityMedium, ImpactCode: "claims_lost"})
	}
	return append(findings, credentialsLeft(app)...)
}

// otherMode is for applications that neither speak OIDC nor SAML 2.0.
func otherMode(app kinds.Application) contract.Translation {
	switch strings.ToUpper(app.Mode) {
	case "BOOKMARK", "LINKED", "NOTSUPPORTED":
		t := invisible("a link on the incumbent's dashboard, no sign-in")
		if app.Status == identity.StatusActive {
			t.Findings[0] = withImpact(t.Findings[0], fidelity.AudienceEndUsers, fidelity.SeverityMedium, "link_lost")
		}
		return t
	case "SECURE_PASSWORD_STORE", "AUTO_LOGIN", "BROWSER_PLUGIN", "BASIC_AUTH", "PASSWORD":
		f := rebuild("mode", "Keycloak keeps no passwords of applications and fills no forms",
			"Give people their passwords of the application before cut-over, or move the application to SAML 2.0 or OIDC.")
		return only("", withImpact(f, fidelity.AudienceEndUsers, fidelity.SeverityHigh, "vault_lost"))
	case "WS_FEDERATION", "SAML_1_1":
		f := rebuild("mode", "Keycloak does not speak this protocol", "Move the application to SAML 2.0 or OIDC.")
		return only("", withImpact(f, fidelity.AudienceAppOwners, fidelity.SeverityHigh, "mode_lost"))
	case "":
		if isDirectory(app.Catalog) {
			return only("", rebuild("mode", "it is a directory that feeds people in, and nobody signs in to it",
				"Connect the directory to the realm as a user federation, or feed people from another place, before cut-over; "+
					"or say with a skip block that it is not needed."))
		}
		if app.Status != identity.StatusActive {
			return invisible("inactive at the source, without a way to sign in")
		}
		return only("", rebuild("mode", "the source states no way to sign in",
			"State protocol, and what it needs, in a map block, or leave it out with a skip block."))
	}
	f := rebuild("mode", "this way to sign in has no counterpart: "+app.Mode, "Move the application to SAML 2.0 or OIDC.")
	if app.Mode == "no_service_principal" { // a registration that nobody of the tenant signs in to
		return only("", f)
	}
	return only("", withImpact(f, fidelity.AudienceAppOwners, fidelity.SeverityHigh, "mode_lost"))
}

// isDirectory knows what a catalogue calls a directory.
func isDirectory(catalog string) bool {
	return catalog == "active_directory" || catalog == "custom_identity_source" || strings.HasPrefix(catalog, "ldap") ||
		strings.HasPrefix(catalog, "csv_directory")
}

// audienceFindings say who can no longer sign in. Personal accounts are nobody's in a realm: an application for those
// only has no people here, and opening it to those of the realm would let in others.
func audienceFindings(app kinds.Application) []fidelity.Finding {
	lose := func(whose string) fidelity.Finding {
		return impact("multi_tenant", whose+" can no longer sign in", fidelity.DirectionTighter, fidelity.AudienceAppOwners,
			fidelity.SeverityMedium, "other_tenants_lost")
	}
	switch {
	case app.Audience == kinds.AudiencePersonal:
		return []fidelity.Finding{rebuild("audience", "only people with a personal account of the vendor sign in to it, "+
			"and nobody of the tenant",
			"Connect the vendor as an identity provider for it and state audience = \"tenant\" and access in a map block, or "+
				"leave it where it is with a skip block.")}
	case app.Audience == kinds.AudienceTenantsAndPersonal:
		return []fidelity.Finding{lose("people of other tenants, and those with a personal account of the vendor,")}
	case app.MultiTenant:
		return []fidelity.Finding{lose("people of other tenants")}
	}
	return nil
}
