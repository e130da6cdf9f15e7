package entra

import (
	"github.com/rehome-iam/rehome/engine/identity"
)

// readKinds lists what the source reads.
func readKinds() []identity.Kind {
	return []identity.Kind{
		identity.KindDomain, identity.KindIdentityProvider, identity.KindRoutingRule, identity.KindGroup,
		identity.KindApplication,
		identity.KindServicePrincipal, identity.KindAppAssignment, identity.KindAuthPolicy, identity.KindUser,
		identity.KindMembership,
	}
}

// resource is one thing that Graph lists: what it is called in messages, which kind is lost without it, and the
// application permission to grant (vendor's permission table, August 2026).
type resource struct {
	name       string
	kind       identity.Kind
	permission string
	top        int32 // page size; 0 leaves it to the server
	fields     []string
}

func organizationResource() resource {
	return resource{name: "the organization", kind: identity.KindServicePrincipal, permission: "Organization.Read.All",
		fields: []string{"id", "displayName", "verifiedDomains"}}
}

func domainsResource() resource {
	return resource{name: "domains", kind: identity.KindDomain, permission: "Domain.Read.All"}
}

func federationResource() resource {
	return resource{name: "the federation of a domain", kind: identity.KindIdentityProvider,
		permission: "Domain-InternalFederation.Read.All"}
}

// applicationsResource names keyCredentials, without which public keys come back as null. Such requests are limited to
// 150 a minute for a tenant, so pages are as large as allowed.
func applicationsResource() resource {
	return resource{name: "applications", kind: identity.KindApplication, permission: "Application.Read.All",
		top: largestPage,
		fields: []string{"id", "appId", "displayName", "description", "notes", "serviceManagementReference",
			"disabledByMicrosoftStatus", "signInAudience", "identifierUris",
			"web", "spa", "publicClient", "isFallbackPublicClient", "defaultRedirectUri", "api", "appRoles",
			"requiredResourceAccess",
			"optionalClaims", "groupMembershipClaims", "keyCredentials", "passwordCredentials", "tokenEncryptionKeyId",
			"requestSignatureVerification", "applicationTemplateId", "info", "tags"}}
}

func federatedCredentialsResource() resource {
	return resource{name: "the federated credentials of an application", kind: identity.KindApplication,
		permission: "Application.Read.All"}
}

func servicePrincipalsResource() resource {
	return resource{name: "service principals", kind: identity.KindServicePrincipal, permission: "Application.Read.All",
		top: largestPage,
		fields: []string{"id", "appId", "displayName", "accountEnabled", "appOwnerOrganizationId",
			"appRoleAssignmentRequired",
			"disabledByMicrosoftStatus", "servicePrincipalType", "preferredSingleSignOnMode",
			"preferredTokenSigningKeyThumbprint",
			"replyUrls", "servicePrincipalNames", "loginUrl", "logoutUrl", "homepage", "samlSingleSignOnSettings", "tags",
			"applicationTemplateId", "tokenEncryptionKeyId", "notes", "notificationEmailAddresses"}}
}

func assignmentsResource() resource {
	return resource{name: "the assignments of an application", kind: identity.KindAppAssignment,
		permission: "Application.Read.All",
		top:        largestPage}
}

func groupsResource() resource {
	return resource{name: "groups", kind: identity.KindGroup, permission: "Group.Read.All", top: largestPage,
		fields: []string{"id", "displayName", "description", "groupTypes", "securityEnabled", "mailEnabled", "mail",
			"membershipRule",
			"membershipRuleProcessingState", "isAssignableToRole", "visibility", "onPremisesSyncEnabled",
			"onPremisesSamAccountName",
			"onPremisesNetBiosName", "onPremisesDomainName"}}
}

func membersResource() resource {
	return resource{name: "the members of a group", kind: identity.KindMembership, permission: "GroupMember.Read.All",
		top:    largestPage,
		fields: []string{"id"}}
}

func policiesResource() resource {
	return resource{name: "conditional access policies", kind: identity.KindAuthPolicy, permission: "Policy.Read.All"}
}

// securityDefaultsResource is one object, and asks everybody for a second factor where it is on.
func securityDefaultsResource() resource {
	return resource{name: "the security defaults", kind: identity.KindAuthPolicy, permission: "Policy.Read.All"}
}

func usersResource() resource {
	return resource{name: "users", kind: identity.KindUser, permission: "User.Read.All", top: largestPage,
		fields: []string{"id", "userPrincipalName", "mail", "givenName", "surname", "displayName", "accountEnabled",
			"userType",
			"creationType", "externalUserState", "identities", "onPremisesSyncEnabled", "onPremisesImmutableId"}}
}

// largestPage is the largest $top that directory lists accept; 1000 is refused.
const largestPage = 999

// hiddenMembers is what must be granted to see the members of groups with hidden membership.
const hiddenMembers = "Member.Read.Hidden"

// unread lists what a tenant may have and Collect does not ask for.
func unread() []identity.Unread {
	return []identity.Unread{
		{Name: "claims mapping policies", Question: "Which applications get claims by a policy of their own? Compare a " +
			"token or assertion of each side before they switch. Graph: policies/claimsMappingPolicies."},
		{Name: "claims of federation services", Question: "Which claims does the federation service of each domain send, and " +
			"which of them must a person have in the target? Its own relying party trust says so."},
		{Name: "permission grants", Question: "What have administrators and people consented to, for which " +
			"applications? Consent does not move. Enterprise applications, Permissions."},
		{Name: "directory roles", Question: "Who administers the tenant, and who of them must administer the target? " +
			"Roles and administrators."},
		{Name: "authentication methods", Question: "Which methods may people use, and which have they registered? None of " +
			"them moves: plan how they register again. Authentication methods, Policies and User registration details."},
		{Name: "provisioning jobs", Question: "Into which applications does the tenant provision accounts, and from where " +
			"does it get its own? Both end. Enterprise applications, Provisioning; Cross-tenant synchronization."},
		{Name: "social and external-domain identity providers", Question: "Which guests come by a social account, a one-time " +
			"passcode or the identity provider of their own domain? External Identities, All identity providers."},
		{Name: "cross-tenant access settings", Question: "Which other tenants are trusted, and for what: sign-in, second " +
			"factors, devices? External Identities, Cross-tenant access settings."},
		{Name: "company branding", Question: "Which sign-in pages, texts and terms do people see, and who rebuilds them? " +
			"Company branding; Terms of use."},
		{Name: "directory extensions and custom security attributes", Question: "Which attributes of people and groups did " +
			"somebody add, and which applications read them? Custom security attributes; extension properties."},
		{Name: "token lifetime and home realm discovery policies",
			Question: "Which policies of this kind are assigned, and to what? Graph: policies/tokenLifetimePolicies, " +
				"policies/homeRealmDiscoveryPolicies."},
	}
}
