package entra

import "time"

// The structs below hold what rehome reads of Graph v1.0 bodies. Pointers tell null or missing from false.

type applicationBody struct {
	ID                           string   `json:"id"`
	AppID                        string   `json:"appId"`
	DisplayName                  string   `json:"displayName"`
	Description                  string   `json:"description"`
	DisabledByMicrosoft          string   `json:"disabledByMicrosoftStatus"`
	SignInAudience               string   `json:"signInAudience"`
	IdentifierURIs               []string `json:"identifierUris"`
	IsFallbackPublicClient       *bool    `json:"isFallbackPublicClient"`
	DefaultRedirectURI           string   `json:"defaultRedirectUri"`
	ApplicationTemplateID        string   `json:"applicationTemplateId"`
	TokenEncryptionKeyID         string   `json:"tokenEncryptionKeyId"`
	GroupMembershipClaims        string   `json:"groupMembershipClaims"`
	Tags                         []string `json:"tags"`
	RequestSignatureVerification *struct {
		Required bool `json:"isSignedRequestRequired"`
	} `json:"requestSignatureVerification"`
	OptionalClaims *struct {
		IDToken     []any `json:"idToken"`
		AccessToken []any `json:"accessToken"`
		SAML2Token  []any `json:"saml2Token"`
	} `json:"optionalClaims"`
	Web struct {
		RedirectURIs []string `json:"redirectUris"`
		HomePageURL  string   `json:"homePageUrl"`
		LogoutURL    string   `json:"logoutUrl"`
		Implicit     struct {
			AccessToken bool `json:"enableAccessTokenIssuance"`
			IDToken     bool `json:"enableIdTokenIssuance"`
		} `json:"implicitGrantSettings"`
	} `json:"web"`
	SPA          redirects `json:"spa"`
	PublicClient redirects `json:"publicClient"`
	API          struct {
		Scopes []struct {
			Value string `json:"value"`
		} `json:"oauth2PermissionScopes"`
	} `json:"api"`
	Info struct {
		LogoURL    string `json:"logoUrl"`
		PrivacyURL string `json:"privacyStatementUrl"`
		TermsURL   string `json:"termsOfServiceUrl"`
	} `json:"info"`
	AppRoles               []appRole            `json:"appRoles"`
	RequiredResourceAccess []resourceAccess     `json:"requiredResourceAccess"`
	KeyCredentials         []keyCredential      `json:"keyCredentials"`
	PasswordCredentials    []passwordCredential `json:"passwordCredentials"`
}

type redirects struct {
	RedirectURIs []string `json:"redirectUris"`
}

type appRole struct {
	ID      string `json:"id"`
	Value   string `json:"value"`
	Enabled *bool  `json:"isEnabled"`
}

type resourceAccess struct {
	ResourceAppID string `json:"resourceAppId"`
	Access        []struct {
		ID   string `json:"id"`
		Type string `json:"type"` // Scope or Role
	} `json:"resourceAccess"`
}

type keyCredential struct {
	KeyID    string     `json:"keyId"`
	Name     string     `json:"displayName"`
	Start    *time.Time `json:"startDateTime"`
	Identity string     `json:"customKeyIdentifier"`
	Usage    string     `json:"usage"`
	Type     string     `json:"type"`
	Key      string     `json:"key"` // base64 DER, empty when it was not told
	End      *time.Time `json:"endDateTime"`
}

type passwordCredential struct {
	KeyID string     `json:"keyId"`
	Name  string     `json:"displayName"`
	Start *time.Time `json:"startDateTime"`
	End   *time.Time `json:"endDateTime"`
}

type servicePrincipalBody struct {
	ID                     string   `json:"id"`
	AppID                  string   `json:"appId"`
	DisplayName            string   `json:"displayName"`
	AccountEnabled         *bool    `json:"accountEnabled"`
	OwnerTenant            string   `json:"appOwnerOrganizationId"`
	AssignmentRequired     *bool    `json:"appRoleAssignmentRequired"`
	DisabledByMicrosoft    string   `json:"disabledByMicrosoftStatus"`
	Type                   string   `json:"servicePrincipalType"`
	Mode                   string   `json:"preferredSingleSignOnMode"`
	SigningKeyThumbprint   string   `json:"preferredTokenSigningKeyThumbprint"`
	ReplyURLs              []string `json:"replyUrls"`
	Names                  []string `json:"servicePrincipalNames"`
	LoginURL               string   `json:"loginUrl"`
	LogoutURL              string   `json:"logoutUrl"`
	Homepage               string   `json:"homepage"`
	Tags                   []string `json:"tags"`
	ApplicationTemplateID  string   `json:"applicationTemplateId"`
	TokenEncryptionKeyID   string   `json:"tokenEncryptionKeyId"`
	SAMLSingleSignOnConfig *struct {
		RelayState string `json:"relayState"`
	} `json:"samlSingleSignOnSettings"`
}

type assignmentBody struct {
	ID            string `json:"id"`
	AppRoleID     string `json:"appRoleId"`
	PrincipalID   string `json:"principalId"`
	PrincipalType string `json:"principalType"`
	PrincipalName string `json:"principalDisplayName"`
}

type domainBody struct {
	ID                 string `json:"id"`
	AuthenticationType string `json:"authenticationType"`
	IsDefault          bool   `json:"isDefault"`
	IsInitial          bool   `json:"isInitial"`
	IsVerified         bool   `json:"isVerified"`
}

type federationBody struct {
	ID                     string `json:"id"`
	DisplayName            string `json:"displayName"`
	IssuerURI              string `json:"issuerUri"`
	PassiveSignInURI       string `json:"passiveSignInUri"`
	SignOutURI             string `json:"signOutUri"`
	SigningCertificate     string `json:"signingCertificate"`
	NextSigningCertificate string `json:"nextSigningCertificate"`
	Protocol               string `json:"preferredAuthenticationProtocol"`
	SignedRequests         bool   `json:"isSignedAuthenticationRequestRequired"`
	MFABehavior            string `json:"federatedIdpMfaBehavior"`
}

type groupBody struct {
	ID              string   `json:"id"`
	DisplayName     string   `json:"displayName"`
	Description     string   `json:"description"`
	GroupTypes      []string `json:"groupTypes"`
	SecurityEnabled bool     `json:"securityEnabled"`
	MailEnabled     bool     `json:"mailEnabled"`
	Mail            string   `json:"mail"`
	MembershipRule  string   `json:"membershipRule"`
	Assignable      bool     `json:"isAssignableToRole"`
	Visibility      string   `json:"visibility"`
	SyncEnabled     bool     `json:"onPremisesSyncEnabled"`
	SamAccountName  string   `json:"onPremisesSamAccountName"`
	NetBiosName     string   `json:"onPremisesNetBiosName"`
	DomainName      string   `json:"onPremisesDomainName"`
}

type memberBody struct {
	ID   string `json:"id"`
	Type string `json:"@odata.type"`
}

type userBody struct {
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
	Mail              string `json:"mail"`
	GivenName         string `json:"givenName"`
	Surname           string `json:"surname"`
	DisplayName       string `json:"displayName"`
	AccountEnabled    *bool  `json:"accountEnabled"`
	UserType          string `json:"userType"`
	CreationType      string `json:"creationType"`
	ExternalUserState string `json:"externalUserState"`
	SyncEnabled       bool   `json:"onPremisesSyncEnabled"`
	Identities        []struct {
		SignInType string `json:"signInType"`
		Issuer     string `json:"issuer"`
	} `json:"identities"`
}
