package okta

import (
	"github.com/rehome-iam/rehome/engine/identity"
)

// What an API token's administrator, or an OAuth service app, needs for each kind. A read-only administrator has all of
// them.
const (
	scopeApps     = "okta.apps.read (or the role Read-only Administrator)"
	scopeIDPs     = "okta.idps.read (or the role Read-only Administrator)"
	scopeMappings = "okta.profileMappings.read (or the role Read-only Administrator)"
	scopeSchemas  = "okta.schemas.read (or the role Read-only Administrator)"
	scopePolicies = "okta.policies.read (or the role Read-only Administrator)"
	scopeGroups   = "okta.groups.read (or the role Read-only Administrator)"
	scopeDomains  = "okta.domains.read (or the role Read-only Administrator)"
	scopeUsers    = "okta.users.read (or the role Read-only Administrator)"
)

// kindsRead lists what Collect hands out.
func kindsRead() []identity.Kind {
	return []identity.Kind{
		identity.KindDomain, identity.KindIdentityProvider, identity.KindRoutingRule, identity.KindGroup,
		identity.KindApplication,
		identity.KindAppAssignment, identity.KindAuthPolicy, identity.KindSessionPolicy, identity.KindUser,
		identity.KindMembership,
	}
}

// policyType is one type of policy that is asked for.
type policyType struct {
	name string
	kind identity.Kind // what its policies or rules become
}

func policyTypes() []policyType {
	return []policyType{
		{"IDP_DISCOVERY", identity.KindRoutingRule},
		{"OKTA_SIGN_ON", identity.KindSessionPolicy},
		{"ACCESS_POLICY", identity.KindAuthPolicy},
		{"PASSWORD", identity.KindAuthPolicy},
		{"MFA_ENROLL", identity.KindAuthPolicy},
		{"PROFILE_ENROLLMENT", identity.KindAuthPolicy},
	}
}

// unread lists what an org may have and Collect does not ask for.
func unread() []identity.Unread {
	return []identity.Unread{
		{Name: "administrator roles", Question: "Who administers the org, and who of them must administer the target? " +
			"Security, Administrators."},
		{Name: "custom authorization servers",
			Question: "Which applications take tokens of an authorization server of their own, with which scopes and " +
				"claims? Security, API."},
		{Name: "sign-on policies of a classic org", Question: "A classic org hides the sign-on policy of each application " +
			"from its API: which application asks for a second factor, for networks or for people? Its tab Sign On says so."},
		{Name: "trusted origins", Question: "Which origins may call the org from a browser or embed it, and must they " +
			"call the target? Security, API, Trusted Origins."},
		{Name: "provisioning connections", Question: "Into which applications does the org provision accounts, and from " +
			"where does it get its own? Both end. The application's tab Provisioning; Directory, Directory Integrations."},
		{Name: "authenticators and enrolled factors", Question: "Which authenticators are switched on, and which factors have " +
			"people enrolled? None of them moves: plan how they enrol again. Security, Authenticators; Reports, MFA Usage."},
		{Name: "user schema", Question: "Which attributes did somebody add to the profile of people, who may see or change " +
			"them, and which applications read them? Directory, Profile Editor."},
		{Name: "brands and texts", Question: "Which sign-in pages, themes, e-mail texts and error pages do people see, and who " +
			"rebuilds them? Customizations, Brands."},
		{Name: "API tokens and service applications' grants",
			Question: "Which scripts call the org's own API? They stop when it closes. Security, API, Tokens."},
		{Name: "hooks and workflows", Question: "Which event hooks, inline hooks and workflows run, and who rebuilds " +
			"what they do? Workflow."},
	}
}
