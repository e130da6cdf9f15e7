package kinds

import "slices"

// Application is something people or machines sign in to (Okta: app; Entra: app registration joined with its own
// service principal).
type Application struct {
	Name           string `json:"name" doc:"Display name. Okta: label. Entra: displayName."`
	Description    string `json:"description" doc:"Text for administrators."`
	Status         string `json:"status" map:"status" doc:"active or inactive."`
	Protocol       string `json:"protocol" doc:"oidc, saml, or other (see mode)."`
	Mode           string `json:"mode" map:"no" doc:"The incumbent's own word. Okta: signOnMode. Entra: preferredSingleSignOnMode."`
	Catalog        string `json:"catalog" map:"no" doc:"Key in the vendor's catalogue. Okta: name."`
	Vendor         bool   `json:"vendor" map:"no" doc:"True for the incumbent's own applications."`
	Access         string `json:"access" map:"access" doc:"everyone or assigned."`
	AssignedUsers  int    `json:"assigned_users" map:"no" doc:"People assigned directly."`
	AssignedGroups int    `json:"assigned_groups" map:"no" doc:"Groups assigned."`

	ClientID               string   `json:"client_id" map:"identity" doc:"OIDC client id. Okta: client_id. Entra: appId."`
	SourceClientID         string   `json:"source_client_id,omitempty" map:"no" doc:"Client id at the source where a map block states another; empty where none does."`
	ClientType             string   `json:"client_type" map:"access" doc:"confidential or public, empty when it cannot be decided."`
	ClientAuthentication   string   `json:"client_authentication" map:"access" doc:"OIDC token endpoint authentication method: client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, none."`
	Secret                 string   `json:"secret,omitempty" doc:"For map blocks; no source sets it. new has the target make a client secret, which is given out once, in the place of the incumbent's. Empty carries the incumbent's where it may be read."`
	RedirectURIs           []string `json:"redirect_uris" map:"access" doc:"OIDC redirect URIs, or all assertion consumer URLs."`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris" doc:"Allowed targets after sign-out. Null means that the redirect URIs are allowed, empty that none is."`
	GrantTypes             []string `json:"grant_types" map:"access" doc:"OAuth grant types: authorization_code, implicit, refresh_token, client_credentials, password, device_code and others by their URN."`
	ImplicitTokens         []string `json:"implicit_tokens" map:"no" doc:"What the implicit grant hands out: id_token, token. Null when there is no such grant or the source does not part them."`
	PKCERequired           bool     `json:"pkce_required" map:"access" doc:"Proof key demanded."`
	ConsentRequired        bool     `json:"consent_required" doc:"People are asked for consent."`
	WildcardRedirect       bool     `json:"wildcard_redirect" map:"no" doc:"A host part of a redirect URI is a wildcard."`
	JWKS                   string   `json:"jwks" map:"access" doc:"Public keys of the client as a JSON Web Key Set text."`
	JWKSURI                string   `json:"jwks_uri" map:"access" doc:"Where the public keys of the client are."`
	HomeURL                string   `json:"home_url" doc:"Start page."`
	WebOrigins             []string `json:"web_origins" map:"access" doc:"Origins allowed to call the token endpoint from a browser. + means those of the redirect URIs."`
	DPoP                   bool     `json:"dpop" doc:"Access tokens bound to a key."`
	RefreshRotation        string   `json:"refresh_rotation" doc:"rotate or static, empty when not known."`
	FrontchannelLogoutURL  string   `json:"frontchannel_logout_url" doc:"Front-channel logout address."`
	FrontchannelSession    bool     `json:"frontchannel_logout_session" doc:"Front-channel logout names issuer and session."`
	BackchannelLogoutURL   string   `json:"backchannel_logout_url" doc:"Back-channel logout address."`
	LogoURI                string   `json:"logo_uri" doc:"Address of the logo."`
	PolicyURI              string   `json:"policy_uri" doc:"Address of the privacy policy."`
	TermsURI               string   `json:"terms_uri" doc:"Address of the terms of service."`
	Audiences              []string `json:"audiences" doc:"Audiences of access tokens. Entra: identifierUris."`
	TokenSeconds           int      `json:"token_seconds,omitempty" doc:"How long an access token is good for, in seconds; 0 means as long as the realm says."`
	Calls                  []string `json:"calls,omitempty" map:"no" doc:"What it may ask of the interfaces of others, in the source's words: roles and scopes. None of it is carried."`

	EntityID              string               `json:"entity_id" map:"identity" doc:"SAML entity id of the application. Okta: audience. Entra: identifier URI."`
	RequestIssuer         string               `json:"request_issuer" map:"identity" doc:"Issuer that the application puts into its SAML requests when it differs from entity_id. Okta: spIssuer."`
	ACSURL                string               `json:"acs_url" map:"access" doc:"Default assertion consumer URL."`
	Recipient             string               `json:"recipient" doc:"SAML recipient when it differs from acs_url."`
	Destination           string               `json:"destination" doc:"SAML destination when it differs from acs_url."`
	NameIDFormat          string               `json:"name_id_format" map:"identity" doc:"Short name: emailAddress, unspecified, persistent, transient, or the URN as the source has it."`
	NameIDSource          string               `json:"name_id_source" map:"identity" doc:"Template or attribute of the NameID, as the source has it, for example ${user.login}."`
	NamesByPerson         int                  `json:"names_by_person" map:"no" doc:"People who have another name in the application than name_id_source makes; -1 when that could not be compared."`
	SignResponse          bool                 `json:"sign_response" doc:"The SAML response is signed."`
	SignAssertion         bool                 `json:"sign_assertion" doc:"The SAML assertion is signed."`
	SignatureAlgorithm    string               `json:"signature_algorithm" doc:"RSA_SHA256, RSA_SHA1, RSA_SHA512."`
	DigestAlgorithm       string               `json:"digest_algorithm" doc:"SHA256, SHA1, SHA512."`
	RequestSigned         bool                 `json:"request_signed" doc:"The application signs its requests."`
	SigningCertificate    string               `json:"signing_certificate" map:"access" doc:"The application's certificate, base64 DER."`
	EncryptAssertion      bool                 `json:"encrypt_assertion" doc:"Assertions are encrypted."`
	EncryptionCertificate string               `json:"encryption_certificate" map:"access" doc:"Certificate to encrypt to, base64 DER."`
	EncryptionAlgorithm   string               `json:"encryption_algorithm,omitempty" doc:"How assertions are encrypted: AES128_CBC, AES256_CBC, AES128_GCM, AES256_GCM. Empty means AES256_CBC, which every library reads."`
	KeyTransport          string               `json:"key_transport,omitempty" doc:"How the key of an encrypted assertion is encrypted: RSA_OAEP or RSA_15. Empty means RSA_OAEP with SHA-1, which every library reads."`
	AssertionSeconds      int                  `json:"assertion_seconds,omitempty" doc:"How long an assertion may be used, in seconds; 0 means as long as the realm says."`
	LogoutURL             string               `json:"logout_url" doc:"SAML single logout address."`
	RelayState            string               `json:"relay_state" doc:"Default relay state."`
	AuthnContext          string               `json:"authn_context" doc:"Authentication context class the source sends."`
	HonorForceAuthn       bool                 `json:"honor_force_authn" doc:"ForceAuthn of a request is honoured."`
	AttributeStatements   []AttributeStatement `json:"attribute_statements" doc:"What the assertion says about the person."`
	IdPEntityID           string               `json:"idp_entity_id" map:"no" doc:"SAML name of the incumbent towards the application, which is the issuer of its assertions. Empty when it does not tell. Okta: metadata of the application."`
	IdPSignOnURL          string               `json:"idp_sso_url" map:"no" doc:"Where the application sends people to the incumbent. Empty when it does not tell. Okta: metadata of the application."`
	IdPCertificate        string               `json:"idp_certificate" map:"no" doc:"Certificate with which the incumbent signs assertions for the application, base64 DER. Okta: metadata of the application."`
	TokenClaims           []string             `json:"token_claims" map:"no" doc:"What tokens or assertions are set up to hold beside what every application gets, in the source's words: roles, groups and claims. None of it is carried."`
	ClaimsKnown           bool                 `json:"claims_known" map:"no" doc:"False when the incumbent does not tell which claims or attributes it sends."`

	Provisioning   []string     `json:"provisioning" map:"no" doc:"Provisioning features in use."`
	Hooks          []string     `json:"hooks" doc:"Outside code that changes tokens or assertions."`
	PolicyID       string       `json:"policy_id" map:"no" doc:"Sign-on policy that protects the application."`
	NetworkLimit   bool         `json:"network_limit" map:"access" doc:"The incumbent limits the client to networks."`
	DirectGraphUse bool         `json:"directory_api_use" doc:"The application calls the incumbent's own API."`
	MultiTenant    bool         `json:"multi_tenant" map:"no" doc:"People of other tenants may sign in."`
	Audience       string       `json:"audience" map:"access" doc:"Whose people may sign in: tenant (this one), tenants (any), tenants_and_personal (any, and personal accounts of the vendor), personal (those only). Empty when the source has no such choice or does not tell."`
	Undecided      string       `json:"undecided" map:"no" doc:"Why it cannot be decided how the application signs in, with what a map block must state. Empty when decided."`
	Questions      []Question   `json:"questions" map:"no" doc:"What is undecided, with the fields of a map block that answer each."`
	Credentials    []Credential `json:"credentials" map:"no" doc:"Every key, certificate and secret of the application that the source tells of, with its dates. Only what is valid when it is read, and carried, stands in jwks, signing_certificate or encryption_certificate too."`
	Unknown        []string     `json:"unknown" map:"no" doc:"Paths of settings that are set at the source and that no other field carries."`
}

// Whose people may sign in to an application.
const (
	AudienceTenant             = "tenant"
	AudienceTenants            = "tenants"
	AudienceTenantsAndPersonal = "tenants_and_personal"
	AudiencePersonal           = "personal"
)

// What a credential is for.
const (
	CredentialClient     = "client_authentication"
	CredentialRequest    = "request_signing"
	CredentialEncryption = "assertion_encryption"
)

// Whether a credential can be used on the day on which it was read.
const (
	CredentialValid      = "valid"
	CredentialExpired    = "expired"
	CredentialNotYet     = "not_yet_valid"
	CredentialInactive   = "inactive"   // switched off at the source
	CredentialUnreadable = "unreadable" // no certificate, or of a kind that is not known
)

// Credential is one key, certificate or secret. It holds no secret.
type Credential struct {
	Use     string `json:"use"`  // client_authentication, request_signing, assertion_encryption
	Kind    string `json:"kind"` // certificate, key, secret, federated
	ID      string `json:"id"`   // as the source names it, or the SHA-256 of the certificate in hex
	Name    string `json:"name"`
	From    string `json:"from"`    // RFC 3339, empty when the source does not say
	Until   string `json:"until"`   // RFC 3339, empty when it never ends or the source does not say
	Status  string `json:"status"`  // valid, expired, not_yet_valid, inactive, unreadable
	Carried bool   `json:"carried"` // it stands in another field of the item, or its value moves
	Issuer  string `json:"issuer"`  // of a federated credential
	Subject string `json:"subject"` // of a federated credential
}

// AttributeStatement is one SAML attribute.
type AttributeStatement struct {
	Name        string   `json:"name"`
	NameFormat  string   `json:"name_format"`  // Basic, URI Reference, Unspecified
	Type        string   `json:"type"`         // EXPRESSION or GROUP
	Values      []string `json:"values"`       // expressions, as the source has them
	FilterType  string   `json:"filter_type"`  // of GROUP: REGEX, EQUALS, STARTS_WITH, CONTAINS
	FilterValue string   `json:"filter_value"` // of GROUP
}

// ServicePrincipal is an instance of an application in this tenant that is not joined with an own registration (Entra).
type ServicePrincipal struct {
	Name               string   `json:"name" doc:"Display name."`
	AppID              string   `json:"app_id" map:"no" doc:"Application id it is an instance of."`
	Status             string   `json:"status" map:"status" doc:"active or inactive."`
	Type               string   `json:"type" map:"no" doc:"Application, ManagedIdentity, Legacy, SocialIdp."`
	Mode               string   `json:"mode" map:"no" doc:"preferredSingleSignOnMode."`
	OwnerTenant        string   `json:"owner_tenant" map:"no" doc:"Tenant that owns the registration."`
	OwnTenant          bool     `json:"own_tenant" map:"no" doc:"The registration belongs to this tenant."`
	Vendor             bool     `json:"vendor" map:"no" doc:"Owned by the incumbent's vendor."`
	JoinedApplication  string   `json:"joined_application" map:"no" doc:"Object id of the application item that carries it, when own_tenant."`
	AssignmentRequired bool     `json:"assignment_required" map:"access" doc:"Only assigned people may use it."`
	Undecided          string   `json:"undecided" map:"no" doc:"Why it cannot be decided, with what a map block must state."`
	Unknown            []string `json:"unknown" map:"no" doc:"Paths of settings that are set at the source and that no other field carries."`
}

// IdentityProvider is an upstream that people sign in with.
type IdentityProvider struct {
	Name                 string             `json:"name" doc:"Display name."`
	Status               string             `json:"status" map:"status" doc:"active or inactive."`
	Protocol             string             `json:"protocol" doc:"saml, oidc, social, wsfed, or other."`
	Type                 string             `json:"type" doc:"The incumbent's own word, such as SAML2, OIDC, GOOGLE."`
	Alias                string             `json:"alias" doc:"Short name of it at the target, part of the address that the other side registers. Empty: made of the name. Entra: made of the issuer, as several may have one name."`
	EntityID             string             `json:"entity_id" map:"identity" doc:"SAML entity id (issuer) of the upstream."`
	SSOURL               string             `json:"sso_url" map:"access" doc:"Where sign-in requests go."`
	SSOBinding           string             `json:"sso_binding" doc:"post or redirect."`
	SLOURL               string             `json:"slo_url" doc:"Single logout address."`
	Audience             string             `json:"audience" doc:"Our entity id as the upstream knows it."`
	SigningCertificates  []string           `json:"signing_certificates" map:"access" doc:"Certificates of the upstream, base64 DER."`
	SignatureScope       string             `json:"signature_scope" map:"access" doc:"any, assertion or response: what must be signed."`
	SignRequests         bool               `json:"sign_requests" doc:"Our requests are signed."`
	NameIDFormat         string             `json:"name_id_format" doc:"NameID format asked for, as URN."`
	Issuer               string             `json:"issuer" map:"identity" doc:"OIDC issuer."`
	AuthorizationURL     string             `json:"authorization_url" map:"access" doc:"OIDC authorization endpoint."`
	TokenURL             string             `json:"token_url" map:"access" doc:"OIDC token endpoint."`
	UserInfoURL          string             `json:"userinfo_url" map:"access" doc:"OIDC userinfo endpoint."`
	JWKSURL              string             `json:"jwks_url" map:"access" doc:"OIDC key set address."`
	Scopes               []string           `json:"scopes" doc:"Scopes asked for."`
	ClientID             string             `json:"client_id" map:"identity" doc:"Our client id at the upstream."`
	ClientAuthentication string             `json:"client_authentication" doc:"client_secret_basic, client_secret_post or private_key_jwt."`
	PKCERequired         bool               `json:"pkce_required" doc:"Proof key used."`
	Provisioning         string             `json:"provisioning" map:"access" doc:"auto: unknown people get an account; disabled: they do not."`
	AccountLink          string             `json:"account_link" map:"access" doc:"auto, disabled, or filtered."`
	MatchType            string             `json:"match_type" map:"identity" doc:"Which field finds the account: USERNAME, EMAIL, USERNAME_OR_EMAIL, CUSTOM_ATTRIBUTE."`
	UsernameTemplate     string             `json:"username_template" map:"identity" doc:"Template of the user name, as the source has it."`
	SubjectFilter        string             `json:"subject_filter" map:"access" doc:"Pattern that subjects must fit."`
	ProfileMaster        bool               `json:"profile_master" map:"identity" doc:"The upstream overwrites the profile at each sign-in."`
	GroupAction          string             `json:"group_action" doc:"none, assign, append or sync."`
	Revocation           string             `json:"revocation" map:"access" doc:"How the source asks whether the upstream's certificate was revoked, such as CRL. Empty: not at all."`
	RequestAlgorithm     string             `json:"request_algorithm" doc:"Digest of the signature of our requests, such as SHA-256. Empty when it is not told."`
	ResponseAlgorithm    string             `json:"response_algorithm" doc:"Weakest digest of a signature of the upstream that the source takes, such as SHA-256. Empty when it is not told."`
	TrustClaims          bool               `json:"trust_claims" map:"no" doc:"The source believes what the upstream says of how people signed in."`
	LinkFiltered         bool               `json:"link_filtered" map:"no" doc:"The source links accounts of some people only."`
	ClockSkewSeconds     int                `json:"clock_skew_seconds" doc:"Tolerated clock difference in seconds."`
	MappingsKnown        bool               `json:"mappings_known" map:"no" doc:"The profile mappings were read."`
	Mappings             []AttributeMapping `json:"mappings" map:"identity" doc:"Which upstream attribute fills which field."`
	Domains              []string           `json:"domains" map:"access" doc:"Domains federated to it, when the source ties them to the provider."`
	FederatedMFA         string             `json:"federated_mfa" map:"access" doc:"What the incumbent expects of the upstream's second factor."`
	Unknown              []string           `json:"unknown" map:"no" doc:"Paths of settings that are set at the source and that no other field carries."`
}

// AttributeMapping fills one field of a person from an upstream attribute.
type AttributeMapping struct {
	From string `json:"from"`
	To   string `json:"to"` // username, email, first_name, last_name or an attribute
}

// RoutingRule sends people to an upstream.
type RoutingRule struct {
	Name         string   `json:"name" doc:"Name of the rule."`
	Status       string   `json:"status" map:"status" doc:"active or inactive."`
	Priority     int      `json:"priority" doc:"Lower comes first."`
	System       bool     `json:"system" map:"no" doc:"The incumbent's own fall-through rule."`
	Domains      []string `json:"domains" map:"access" doc:"E-mail domains, when the rule looks at domains only. *.example.com includes sub-domains."`
	Simple       bool     `json:"simple" map:"no" doc:"Domain suffixes only, any network, any platform, no application, one provider."`
	Conditions   []string `json:"conditions" map:"no" doc:"Every condition beyond the domain, in words."`
	ProviderType string   `json:"provider_type" map:"no" doc:"local when people sign in with a password here."`
	Providers    int      `json:"providers" map:"no" doc:"How many providers the rule names."`
	Earlier      []string `json:"earlier" map:"no" doc:"Names of rules before it that touch one of its domains."`
	Unknown      []string `json:"unknown" map:"no" doc:"Paths of settings that are set at the source and that no other field carries."`
}

// Domain is a DNS domain that the tenant holds.
type Domain struct {
	Name       string   `json:"name" doc:"The domain."`
	Verified   bool     `json:"verified" map:"no" doc:"Ownership proved."`
	Initial    bool     `json:"initial" map:"no" doc:"The vendor's own first domain."`
	Default    bool     `json:"default" doc:"New people get it."`
	Purpose    string   `json:"purpose" doc:"login (custom sign-in host name) or email."`
	Federation string   `json:"federation" doc:"managed, federated, or empty."`
	Unknown    []string `json:"unknown" map:"no" doc:"Paths of settings that are set at the source and that no other field carries."`
}

// Group holds people.
type Group struct {
	Name           string              `json:"name" doc:"Display name."`
	Description    string              `json:"description" doc:"Text."`
	Type           string              `json:"type" map:"no" doc:"The incumbent's own word: OKTA_GROUP, APP_GROUP, BUILT_IN; security, microsoft365, distribution."`
	Origin         string              `json:"origin" map:"no" doc:"local, imported, builtin, mail."`
	Everyone       bool                `json:"everyone" map:"no" doc:"Holds everybody."`
	Dynamic        bool                `json:"dynamic" map:"no" doc:"Members follow a rule."`
	MembershipRule string              `json:"membership_rule" doc:"The rule, in the source's language."`
	HiddenMembers  bool                `json:"hidden_members" map:"no" doc:"Members may not be read."`
	Attributes     map[string][]string `json:"attributes" doc:"Custom attributes as text."`
	ParentGroups   []string            `json:"parent_groups" map:"no" doc:"Ids of all groups that contain it, directly or not."`
	Unknown        []string            `json:"unknown" map:"no" doc:"Paths of settings that are set at the source and that no other field carries."`
}

// User is a person.
type User struct {
	Username   string `json:"username" map:"identity" doc:"Sign-in name with its original case."`
	Email      string `json:"email" map:"identity" doc:"Mail address."`
	FirstName  string `json:"first_name" doc:"First name."`
	LastName   string `json:"last_name" doc:"Last name."`
	Status     string `json:"status" map:"status" doc:"active or inactive."`
	State      string `json:"state" map:"no" doc:"The incumbent's own word, such as PROVISIONED."`
	Guest      bool   `json:"guest" map:"no" doc:"Comes from another organisation."`
	Credential string `json:"credential" map:"no" doc:"Who checks the password: local, directory, federated, social, import, or empty."`
}

// Membership puts a user, or a group, into a group.
type Membership struct {
	Group      string `json:"group" map:"access" doc:"Id of the group."`
	Member     string `json:"member" map:"access" doc:"Id of the member."`
	MemberKind string `json:"member_kind" map:"access" doc:"user, group, service_principal, device, contact."`
}

// AppAssignment lets a person or group use an application.
type AppAssignment struct {
	Application   string `json:"application" map:"access" doc:"Id of the application."`
	Principal     string `json:"principal" map:"access" doc:"Id of who is assigned."`
	PrincipalKind string `json:"principal_kind" map:"access" doc:"user, group or service_principal."`
	PrincipalName string `json:"principal_name" map:"no" doc:"Name as the source shows it."`
	Direct        bool   `json:"direct" map:"access" doc:"False when it only follows from a group."`
	Role          string `json:"role" map:"access" doc:"Application role, empty for plain use."`
	Status        string `json:"status" map:"status" doc:"active or inactive."`
	Username      string `json:"username" map:"identity" doc:"Name of the person in the application when the source states one."`
}

// AuthPolicy decides how people must sign in. It moves whole or not at all.
type AuthPolicy struct {
	Name      string   `json:"name" doc:"Name."`
	Type      string   `json:"type" map:"no" doc:"The incumbent's own word: ACCESS_POLICY, PASSWORD, MFA_ENROLL, conditional_access, group_rule."`
	Status    string   `json:"status" map:"no" doc:"active, inactive, or report_only."`
	System    bool     `json:"system" map:"no" doc:"The incumbent's default policy."`
	Priority  int      `json:"priority" doc:"Lower comes first."`
	Rules     int      `json:"rules" map:"no" doc:"Number of its rules."`
	Summary   []string `json:"summary" map:"no" doc:"Each rule in one line."`
	Restricts bool     `json:"restricts" map:"no" doc:"Leaving it out lets more people in, or with weaker proof."`
	OwnOnly   bool     `json:"own_only" map:"no" doc:"It protects nothing but the incumbent's own products, or nobody."`
	Known     bool     `json:"known" map:"no" doc:"False when its type is not known to rehome."`
	Unknown   []string `json:"unknown" map:"no" doc:"Paths of settings that are set at the source and that no other field carries."`

	PasswordSuffices bool     `json:"password_suffices" map:"no" doc:"It is known to ask nobody for more than a password."`
	Only             []string `json:"only,omitempty" map:"no" doc:"Client ids of the applications that a conditional_access policy is for; empty for all."`
	Spares           []string `json:"spares,omitempty" map:"no" doc:"Client ids of the applications that a conditional_access policy leaves out."`
}

// The types of policies that are for all applications, or for those that they name. Of the other types it is the
// application that names its policy.
const (
	ConditionalAccess = "conditional_access"
	SecurityDefaults  = "security_defaults"
)

// Reaches tells whether a policy names an application, by its client id, or is for all. What it does not say it does
// not leave out.
func (p AuthPolicy) Reaches(clientID string) bool {
	return (p.Type == ConditionalAccess || p.Type == SecurityDefaults) && !slices.Contains(p.Spares, clientID) &&
		(len(p.Only) == 0 || slices.Contains(p.Only, clientID))
}

// SessionPolicy limits how long a sign-in lasts.
type SessionPolicy struct {
	Name            string   `json:"name" doc:"Name."`
	Status          string   `json:"status" map:"status" doc:"active or inactive."`
	System          bool     `json:"system" map:"no" doc:"The incumbent's default policy."`
	Priority        int      `json:"priority" doc:"Lower comes first."`
	IdleMinutes     int      `json:"idle_minutes" doc:"Longest idle time; 0 means not stated."`
	LifetimeMinutes int      `json:"lifetime_minutes" doc:"Longest life; 0 means no limit."`
	Summary         []string `json:"summary" doc:"Each rule in one line."`
	Unknown         []string `json:"unknown" map:"no" doc:"Paths of settings that are set at the source and that no other field carries."`
}

// Role is an administrative role.
type Role struct {
	Name string `json:"name" doc:"Name."`
	Type string `json:"type" doc:"The incumbent's own word."`
}

// RoleAssignment gives a role to a principal.
type RoleAssignment struct {
	Role          string `json:"role" map:"access" doc:"Role."`
	Principal     string `json:"principal" map:"access" doc:"Id of who holds it."`
	PrincipalKind string `json:"principal_kind" map:"access" doc:"user, group or service_principal."`
}

// AccessKey is a credential of automation: an API token or a service client's secret. Its value is never read.
type AccessKey struct {
	Name      string `json:"name" doc:"Name."`
	Owner     string `json:"owner" doc:"Id of who it acts for."`
	Status    string `json:"status" doc:"active or inactive."`
	ExpiresAt string `json:"expires_at" doc:"RFC 3339, empty when it never ends or the source does not say."`
}

// SCIMConnection feeds people from or to another system.
type SCIMConnection struct {
	Name      string   `json:"name" doc:"Name."`
	Status    string   `json:"status" doc:"active or inactive."`
	BaseURL   string   `json:"base_url" doc:"Address of the other side."`
	Direction string   `json:"direction" doc:"inbound or outbound."`
	Features  []string `json:"features" doc:"What it does."`
}

// SCIMToken authorises a SCIM connection. Its value is never read.
type SCIMToken struct {
	Name      string `json:"name" doc:"Name."`
	Owner     string `json:"owner" doc:"Id of the person it is bound to."`
	ExpiresAt string `json:"expires_at" doc:"RFC 3339, empty when the source does not say."`
}
