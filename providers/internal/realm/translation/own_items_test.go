package translation

import (
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// Two self-signed certificates of a key that nobody has: one is valid until 2126, the other expired in 2001.
const (
	testCertificate = "MIIBHDCBw6ADAgECAgEBMAoGCCqGSM49BAMCMBcxFTATBgNVBAMTDHRlc3QuZXhhbXBsZTAgFw0wMDAxMDEwMDAwMDBaGA8yMTI2" +
		"MDEwMTAwMDAwMFowFzEVMBMGA1UEAxMMdGVzdC5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqXCiEb+NiI3+kFpu" +
		"7VofyhGAivzU1M0fQtSEWQCYNNaMn1n/DZ2F17SS6mLAcvtnDpLd5L8CBRtlP5tEpoEQajAKBggqhkjOPQQDAgNIADBFAiA/xe8h" +
		"6scrGH7V/BLvS92S5I5wpkDFh/o3o0g1NAypsgIhAMnAY6/u2fCcWRH7k5tnPJVv9p/MInznJKvzkzZQvWXE"
	testExpired = "MIIBGTCBwaADAgECAgEBMAoGCCqGSM49BAMCMBcxFTATBgNVBAMTDHRlc3QuZXhhbXBsZTAeFw0wMDAxMDEwMDAwMDBaFw0wMTAx" +
		"MDEwMDAwMDBaMBcxFTATBgNVBAMTDHRlc3QuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGGABv0IYSRx5OBd03I0" +
		"3FNB/8mIs3lBk3QlCBJ3ZJ1+Sc8MOwucSCRgE1KXk+JQALaD90f9b1iSu1Lq4g5qGDQwCgYIKoZIzj0EAwIDRwAwRAIgRqK5M2kN" +
		"mXnenv/eVeecMGfuYWgEbJoC8NMGTkL4RdwCIBrPJkwlq7KHAW4Fh2kLqOdzuKXCi3JR2u1HqhQfiCGX"
)

// ownItems are what no practice tenant has: each is a variant of its own kind, and what becomes of it stands in the
// goldens.
func ownItems(t *testing.T) []identity.Item {
	t.Helper()
	items := ownApplications(t)
	items = append(items, ownProviders(t)...)
	items = append(items, ownPolicies(t)...)
	return append(items, ownPeople(t)...)
}

func own(t *testing.T, kind identity.Kind, id string, attributes any, references ...identity.Reference) identity.Item {
	t.Helper()
	item, err := identity.NewItem(kind, id, id, attributes)
	if err != nil {
		t.Fatal(err)
	}
	item.Source, item.References = "own.variants", references
	return item
}

func ownApplications(t *testing.T) []identity.Item {
	t.Helper()
	app := func(id string, change func(*kinds.Application)) identity.Item {
		return own(t, identity.KindApplication, id, oidc(func(a *kinds.Application) {
			a.Name = id
			change(a)
		}))
	}
	saml := func(id string, change func(*kinds.Application)) identity.Item {
		return app(id, func(a *kinds.Application) {
			a.Protocol, a.EntityID, a.ACSURL, a.RedirectURIs, a.SignAssertion, a.HonorForceAuthn = "saml", "urn:"+id,
				"https://"+id+".example/acs", nil, true, true
			change(a)
		})
	}
	mode := func(id, status, mode string) identity.Item {
		return app(id, func(a *kinds.Application) { a.Protocol, a.Mode, a.Status = "other", mode, status })
	}
	items := []identity.Item{
		app("a-public-client", func(a *kinds.Application) { a.ClientAuthentication, a.ClientType = "", "public" }),
		app("a-confidential-client", func(a *kinds.Application) {
			a.ClientAuthentication, a.ClientType = "",
				"confidential"
		}),
		app("signed-with-a-secret", func(a *kinds.Application) { a.ClientAuthentication = "client_secret_jwt" }),
		app("keys-at-an-address", func(a *kinds.Application) {
			a.ClientAuthentication, a.JWKSURI = "private_key_jwt", "https://keys.example/jwks"
		}),
		app("keys-inline", func(a *kinds.Application) {
			a.ClientAuthentication = "private_key_jwt"
			a.JWKS = `{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB","id":"k1","status":"ACTIVE","d":"secret"},{"kty":"RSA","status":"INACTIVE"},{"kty":"RSA","use":"enc"}]}`
		}),
		app("keys-of-no-use", func(a *kinds.Application) {
			a.ClientAuthentication, a.JWKS = "private_key_jwt",
				`{"keys":[]}`
		}),
		app("keys-that-are-none", func(a *kinds.Application) {
			a.ClientAuthentication, a.JWKS = "private_key_jwt",
				"nonsense"
		}),
		app("every-grant", func(a *kinds.Application) {
			a.GrantTypes = []string{"authorization_code", "implicit", "client_credentials", "password", "device_code",
				"saml2-bearer"}
		}),
		app("no-grants-stated", func(a *kinds.Application) { a.GrantTypes = nil }),
		app("public-and-a-machine", func(a *kinds.Application) {
			a.ClientAuthentication, a.GrantTypes = "none", []string{"client_credentials"}
		}),
		app("a-machine", func(a *kinds.Application) {
			a.GrantTypes, a.RedirectURIs = []string{"client_credentials"},
				nil
		}),
		app("behind-a-broker", func(a *kinds.Application) {
			a.RedirectURIs = []string{"brk-multihub://x.example", "https://login.microsoftonline.com/common/oauth2/nativeclient",
				"https://x.example/cb"}
		}),
		app("tokens-of-another-issuer", func(a *kinds.Application) {
			a.ClientAuthentication, a.Credentials = "private_key_jwt", []kinds.Credential{{Kind: "federated",
				Issuer: "https://tokens.example", Subject: "repo", Status: kinds.CredentialValid}}
		}),
		app("two-secrets", func(a *kinds.Application) {
			a.Credentials = []kinds.Credential{
				{Kind: "secret", ID: "old", From: "2025-01-02T00:00:00Z", Status: kinds.CredentialValid},
				{Kind: "secret", ID: "new", From: "2026-01-02T00:00:00Z", Status: kinds.CredentialValid, Carried: true}}
		}),
		app("nowhere-to-go", func(a *kinds.Application) { a.RedirectURIs = nil }),
		app("a-wildcard", func(a *kinds.Application) { a.WildcardRedirect = true }),
		app("on-the-own-machine", func(a *kinds.Application) {
			a.RedirectURIs = []string{"http://localhost:8080/cb", "http://127.0.0.1/cb", "com.example.app:/cb",
				"urn:ietf:wg:oauth:2.0:oob"}
		}),
		app("bad-addresses", func(a *kinds.Application) {
			a.RedirectURIs = []string{"/cb", "https:///cb", "https://x.example/a b", "ht!tp://x", "ht!tp://*",
				"javascript:alert(1)"}
			a.FrontchannelLogoutURL = "nowhere"
		}),
		app("many-settings", func(a *kinds.Application) {
			a.DPoP, a.ConsentRequired, a.RefreshRotation, a.FrontchannelLogoutURL = true, true, "rotate", "https://x.example/out"
			a.Audiences, a.HomeURL, a.Description = []string{"api://one", a.ClientID, ""}, "https://x.example/", "A text"
			a.PostLogoutRedirectURIs = []string{"https://x.example/b", "https://x.example/a"}
		}),
		app("nowhere-after-sign-out", func(a *kinds.Application) {
			a.PostLogoutRedirectURIs, a.HomeURL = []string{},
				"http://x.example/"
		}),
		app("bound-to-networks", func(a *kinds.Application) { a.NetworkLimit = true }),
		app("with-outside-code", func(a *kinds.Application) { a.Hooks = []string{"hook"} }),
		app("calls-the-directory", func(a *kinds.Application) { a.DirectGraphUse = true }),
		app("much-to-tell", func(a *kinds.Application) {
			a.MultiTenant, a.Provisioning, a.PolicyID, a.ClaimsKnown, a.Unknown = true, []string{"PUSH"}, "p1", false,
				[]string{"x", "y"}
		}),
		app("<b>\"&$\n", func(a *kinds.Application) {}),
		app("undecided", func(a *kinds.Application) { a.Ask("State protocol in a map block.", "protocol") }),
		app("the-vendors-own", func(a *kinds.Application) { a.Vendor = true }),
		mode("a-form", "active", "AUTO_LOGIN"), mode("an-old-protocol", "active", "WS_FEDERATION"),
		mode("a-link", "active", "BOOKMARK"),
		mode("an-inactive-link", "inactive", "BOOKMARK"), mode("nothing-stated", "active", ""),
		mode("nothing-and-inactive", "inactive", ""),
		mode("something-else", "active", "TELEPATHY"), mode("nobody-signs-in", "active", "no_service_principal"),
	}
	items = append(items, ownSAML(saml)...)
	gone := app("gone-while-it-was-read", func(*kinds.Application) {})
	gone.Deleted = true
	broken := app("of-another-version", func(*kinds.Application) {})
	broken.Attributes = []byte(`{"name":7}`)
	return append(items, gone, broken)
}

func ownSAML(saml func(string, func(*kinds.Application)) identity.Item) []identity.Item {
	format := func(id, format, source string) identity.Item {
		return saml(id, func(a *kinds.Application) { a.NameIDFormat, a.NameIDSource = format, source })
	}
	const prefix = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
	statement := func(name, kind string, values ...string) kinds.AttributeStatement {
		return kinds.AttributeStatement{Name: name, Type: kind, Values: values,
			NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}
	}
	group := func(kind, value string) kinds.AttributeStatement {
		return kinds.AttributeStatement{Name: "groups", Type: "GROUP", FilterType: kind, FilterValue: value,
			NameFormat: "uri"}
	}
	return []identity.Item{
		format("named-by-mail", prefix+"emailAddress", "${user.email}"), format("named-by-login", prefix+"unspecified",
			"user.login"),
		format("named-by-login-as-mail", prefix+"emailAddress", "user.login"), format("named-by-a-field",
			prefix+"unspecified", "user.employeeNumber"),
		format("named-for-once", "transient", ""), format("named-for-ever", "persistent", ""),
		format("named-by-certificate", "X509SubjectName", ""),
		format("named-by-code", "", "String.toUpperCase(user.login)"),
		saml("with-names-of-their-own", func(a *kinds.Application) { a.NameIDSource, a.NamesByPerson = "${source.login}", 2 }),
		saml("with-names-unread", func(a *kinds.Application) { a.NameIDSource, a.NamesByPerson = "${source.login}", -1 }),
		saml("signs-its-requests", func(a *kinds.Application) {
			a.RequestSigned, a.SigningCertificate = true,
				testCertificate
		}),
		saml("signed-with-an-old-key", func(a *kinds.Application) {
			a.RequestSigned, a.SigningCertificate = true,
				testExpired
		}),
		saml("signed-with-an-unknown-key", func(a *kinds.Application) { a.RequestSigned = true }),
		saml("encrypted", func(a *kinds.Application) {
			a.EncryptAssertion, a.EncryptionCertificate = true,
				"-----BEGIN CERTIFICATE-----\n"+testCertificate+"\n-----END CERTIFICATE-----"
		}),
		saml("encrypted-for-an-unknown-key", func(a *kinds.Application) { a.EncryptAssertion = true }),
		saml("encrypted-for-rubbish", func(a *kinds.Application) {
			a.EncryptAssertion, a.EncryptionCertificate = true,
				"???"
		}),
		saml("an-old-algorithm", func(a *kinds.Application) {
			a.SignatureAlgorithm, a.DigestAlgorithm = "RSA_SHA1",
				"SHA1"
		}),
		saml("an-odd-algorithm", func(a *kinds.Application) {
			a.SignatureAlgorithm, a.DigestAlgorithm = "ECDSA",
				"SHA256"
		}),
		saml("signs-nothing", func(a *kinds.Application) { a.SignAssertion, a.HonorForceAuthn = false, false }),
		saml("another-recipient", func(a *kinds.Application) {
			a.Recipient, a.AuthnContext = "https://other.example/", "urn:x:PasswordProtectedTransport"
		}),
		saml("starts-at-the-provider", func(a *kinds.Application) {
			a.RelayState, a.LogoutURL, a.HomeURL = "deep/link", "https://x.example/out", "https://x.example/"
		}),
		saml("one-address-of-two", func(a *kinds.Application) {
			a.ACSURL, a.RedirectURIs = "",
				[]string{"https://x.example/acs"}
		}),
		saml("several-addresses", func(a *kinds.Application) {
			a.RedirectURIs = []string{a.ACSURL,
				"https://x.example/other"}
		}),
		saml("statements", func(a *kinds.Application) {
			a.AttributeStatements = []kinds.AttributeStatement{statement("mail", "EXPRESSION", "user.email"),
				statement("mail", "EXPRESSION", "user.costCenter"),
				statement("constant", "EXPRESSION", `"blue"`), group("REGEX", ".*")}
		}),
		saml("some-groups-only", func(a *kinds.Application) {
			a.AttributeStatements = []kinds.AttributeStatement{group("STARTS_WITH", "app-")}
		}),
		saml("two-values", func(a *kinds.Application) {
			a.AttributeStatements = []kinds.AttributeStatement{statement("x", "EXPRESSION", "a", "b")}
		}),
		saml("a-computed-value", func(a *kinds.Application) {
			a.AttributeStatements = []kinds.AttributeStatement{statement("x", "EXPRESSION", "a + b")}
		}),
	}
}

func ownProviders(t *testing.T) []identity.Item {
	t.Helper()
	provider := func(id string, change func(*kinds.IdentityProvider), secrets ...string) identity.Item {
		p := kinds.IdentityProvider{Name: id, Status: "active", Protocol: "oidc", Type: "OIDC",
			Issuer: "https://up.example", JWKSURL: "https://up.example/keys",
			AuthorizationURL: "https://up.example/auth", TokenURL: "https://up.example/token", ClientID: "rehome",
			MappingsKnown: true, Provisioning: "auto"}
		change(&p)
		item := own(t, identity.KindIdentityProvider, id, p)
		for _, field := range secrets {
			item.Secrets = append(item.Secrets, identity.SecretField{Field: field})
		}
		return item
	}
	saml := func(p *kinds.IdentityProvider) {
		*p = kinds.IdentityProvider{Name: p.Name, Status: "active", Protocol: "saml", Type: "SAML2", EntityID: "urn:up",
			SSOURL:              "https://up.example/sso",
			SigningCertificates: []string{testCertificate, testExpired}, MappingsKnown: true, Provisioning: "auto",
			SignatureScope: "response"}
	}
	return []identity.Item{
		provider("with-its-secret", func(p *kinds.IdentityProvider) {
			p.Scopes, p.PKCERequired, p.ClockSkewSeconds, p.ProfileMaster, p.UserInfoURL = []string{"openid", "email"}, true,
				120, true, "https://up.example/me"
		}, "client_secret"),
		provider("without-its-secret", func(*kinds.IdentityProvider) {}),
		provider("with-keys-of-ours", func(p *kinds.IdentityProvider) { p.ClientAuthentication = "private_key_jwt" }),
		provider("without-a-client-id", func(p *kinds.IdentityProvider) { p.ClientID = "" }),
		provider("without-addresses", func(p *kinds.IdentityProvider) {
			p.Issuer, p.JWKSURL, p.TokenURL = "", "",
				"http://up.example"
		}),
		provider("links-by-mail", func(p *kinds.IdentityProvider) { p.AccountLink, p.MatchType = "auto", "EMAIL" },
			"client_secret"),
		provider("known-people-only", func(p *kinds.IdentityProvider) {
			p.Provisioning, p.AccountLink = "disabled",
				"auto"
		}, "client_secret"),
		provider("linked-people-only", func(p *kinds.IdentityProvider) { p.Provisioning = "disabled" }, "client_secret"),
		provider("matches-a-field", func(p *kinds.IdentityProvider) { p.MatchType = "CUSTOM_ATTRIBUTE" }, "client_secret"),
		provider("filters-subjects", func(p *kinds.IdentityProvider) { p.SubjectFilter = ".*@up.example" },
			"client_secret"),
		provider("gives-groups", func(p *kinds.IdentityProvider) { p.GroupAction, p.Unknown = "assign", []string{"x"} },
			"client_secret"),
		provider("asks-for-revocation", func(p *kinds.IdentityProvider) { p.Revocation = "CRL" }, "client_secret"),
		provider("of-old-algorithms", func(p *kinds.IdentityProvider) {
			saml(p)
			p.RequestAlgorithm, p.ResponseAlgorithm, p.TrustClaims, p.LinkFiltered = "SHA-1", "SHA-1", true, true
		}),
		provider("signs-requests", func(p *kinds.IdentityProvider) { p.RequestAlgorithm = "RS256" }, "client_secret"),
		provider("under-an-alias", func(p *kinds.IdentityProvider) { p.Alias = "Corp Sign-in" }, "client_secret"),
		provider("asks-twice", func(p *kinds.IdentityProvider) { p.FederatedMFA = "enforce" }, "client_secret"),
		provider("believes-the-upstream", func(p *kinds.IdentityProvider) { p.FederatedMFA = "accept" }, "client_secret"),
		provider("mappings-unread", func(p *kinds.IdentityProvider) { p.MappingsKnown = false }, "client_secret"),
		provider("mappings", func(p *kinds.IdentityProvider) {
			p.UsernameTemplate = "${idpuser.email}"
			p.Mappings = []kinds.AttributeMapping{{From: "appuser.email", To: "email"}, {From: "appuser.login",
				To: "username"}, {From: "appuser.given", To: "firstName"}}
		}, "client_secret"),
		provider("computed-mappings", func(p *kinds.IdentityProvider) {
			p.UsernameTemplate = "idpuser.a + idpuser.b"
			p.Mappings = []kinds.AttributeMapping{{From: "appuser.a + appuser.b", To: "email"}}
		}, "client_secret"),
		provider("with-domains", func(p *kinds.IdentityProvider) { p.Domains = []string{"B.example", "*.a.example"} },
			"client_secret"),
		provider("with-a-domain-that-is-none", func(p *kinds.IdentityProvider) { p.Domains = []string{"not a domain"} },
			"client_secret"),
		provider("asleep", func(p *kinds.IdentityProvider) { p.Status = "inactive" }),
		provider("another-protocol", func(p *kinds.IdentityProvider) { p.Protocol, p.Type = "other", "X509" }),
		provider("ws-federation", func(p *kinds.IdentityProvider) { p.Protocol = "wsfed" }),
		provider("saml-of-a-partner", func(p *kinds.IdentityProvider) {
			saml(p)
			p.SSOBinding, p.SLOURL, p.Audience, p.UsernameTemplate = "redirect", "https://up.example/out", "urn:us",
				"idpuser.subjectNameId"
		}),
		provider("saml-by-attribute", func(p *kinds.IdentityProvider) {
			saml(p)
			p.UsernameTemplate, p.SignatureScope = "${idpuser.mail}", "assertion"
		}),
		provider("saml-expired", func(p *kinds.IdentityProvider) {
			saml(p)
			p.SigningCertificates = []string{testExpired}
		}),
		provider("google", func(p *kinds.IdentityProvider) { p.Protocol, p.Type = "social", "GOOGLE" }, "client_secret"),
		provider("a-social-network-of-tomorrow", func(p *kinds.IdentityProvider) {
			p.Protocol, p.Type = "social",
				"TOMORROW"
		}),
		provider("日本語", func(p *kinds.IdentityProvider) {}, "client_secret"),
	}
}

func ownPolicies(t *testing.T) []identity.Item {
	t.Helper()
	to := identity.Reference{Role: "provider", Kind: identity.KindIdentityProvider,
		ID: "a-provider-with-a-long-identifier"}
	rule := func(id string, change func(*kinds.RoutingRule), references ...identity.Reference) identity.Item {
		r := kinds.RoutingRule{Status: "active", Simple: true, Providers: 1, Domains: []string{"@A.example",
			"*.b.example"}}
		change(&r)
		return own(t, identity.KindRoutingRule, id, r, references...)
	}
	policy := func(id string, p kinds.AuthPolicy) identity.Item { return own(t, identity.KindAuthPolicy, id, p) }
	domain := func(id string, d kinds.Domain) identity.Item { return own(t, identity.KindDomain, id, d) }
	return []identity.Item{
		rule("by-domain", func(*kinds.RoutingRule) {}, to),
		rule("by-network", func(r *kinds.RoutingRule) { r.Conditions = []string{"network zone office"} }, to),
		rule("to-the-password-page", func(r *kinds.RoutingRule) { r.ProviderType = "local" }),
		rule("some-to-the-password-page", func(r *kinds.RoutingRule) {
			r.ProviderType, r.Conditions = "local",
				[]string{"network"}
		}),
		rule("the-last-one", func(r *kinds.RoutingRule) { r.System = true }),
		rule("asleep", func(r *kinds.RoutingRule) { r.Status = "inactive" }, to),
		rule("to-nobody", func(*kinds.RoutingRule) {}),
		rule("without-a-domain", func(r *kinds.RoutingRule) { r.Domains = nil }, to),
		rule("with-a-bad-domain", func(r *kinds.RoutingRule) { r.Domains = []string{"a..b"} }, to),
		rule("behind-another", func(r *kinds.RoutingRule) { r.Earlier = []string{"by-domain"} }, to),
		policy("asks-for-two-factors", kinds.AuthPolicy{Type: "conditional_access", Status: "active", Known: true,
			Restricts: true, Summary: []string{"if always then mfa"}}),
		policy("enrols", kinds.AuthPolicy{Type: "MFA_ENROLL", Status: "active", Known: true}),
		policy("relaxes", kinds.AuthPolicy{Type: "ACCESS_POLICY", Status: "active", Known: true,
			Summary: []string{"in the office: one factor"}}),
		policy("fills-groups", kinds.AuthPolicy{Type: "group_rule", Status: "active", Known: true,
			Summary: []string{"department is sales"}}),
		policy("report-only", kinds.AuthPolicy{Type: "conditional_access", Status: "report_only"}),
		own(t, identity.KindSessionPolicy, "short", kinds.SessionPolicy{Status: "active", IdleMinutes: 15,
			LifetimeMinutes: 480, Summary: []string{"15 minutes"}}),
		own(t, identity.KindSessionPolicy, "endless", kinds.SessionPolicy{Status: "active"}),
		own(t, identity.KindSessionPolicy, "asleep", kinds.SessionPolicy{Status: "inactive"}),
		own(t, identity.KindRole, "helper", kinds.Role{Name: "Help desk"}),
		own(t, identity.KindRoleAssignment, "holds-it", kinds.RoleAssignment{}),
		domain("login.example", kinds.Domain{Verified: true, Purpose: "login"}), domain("initial.example",
			kinds.Domain{Initial: true}),
		domain("unproved.example", kinds.Domain{}), domain("federated.example", kinds.Domain{Verified: true,
			Federation: "federated"}),
		domain("own.example", kinds.Domain{Verified: true}),
		own(t, identity.KindAccessKey, "a-key", kinds.AccessKey{}), own(t, identity.KindSCIMConnection, "a-feed",
			kinds.SCIMConnection{}),
		own(t, identity.KindSCIMToken, "a-token", kinds.SCIMToken{}),
	}
}

func ownPeople(t *testing.T) []identity.Item {
	t.Helper()
	group := func(id string, g kinds.Group) identity.Item { return own(t, identity.KindGroup, id, g) }
	assignment := func(id string, a kinds.AppAssignment) identity.Item {
		return own(t, identity.KindAppAssignment, id, a)
	}
	principal := func(id string, p kinds.ServicePrincipal) identity.Item {
		return own(t, identity.KindServicePrincipal, id, p)
	}
	return []identity.Item{
		group("with-all", kinds.Group{Name: "Sales", Description: "Sells.",
			Attributes: map[string][]string{"cost_center": {"7", "8"}}, Dynamic: true,
			Origin: "imported", ParentGroups: []string{"g"}, Type: "microsoft365"}),
		group("hidden", kinds.Group{Name: "Board", HiddenMembers: true}), group("with-a-slash",
			kinds.Group{Name: "a/b"}), group("nameless", kinds.Group{}),
		group("everyone", kinds.Group{Name: "Everyone", Everyone: true}), group("built-in",
			kinds.Group{Name: "Administrators", Origin: "builtin"}),
		group("a-mail-list", kinds.Group{Name: "all", Type: "distribution"}),
		assignment("of-a-group", kinds.AppAssignment{Direct: true, PrincipalKind: "group", Principal: "g",
			Application: "a", Status: "active", Role: "admin"}),
		assignment("of-a-person", kinds.AppAssignment{Direct: true, PrincipalKind: "user", Principal: "u",
			Application: "a", Status: "active"}),
		assignment("of-a-machine", kinds.AppAssignment{Direct: true, PrincipalKind: "service_principal", Principal: "s",
			Application: "a", Status: "active"}),
		assignment("that-follows", kinds.AppAssignment{PrincipalKind: "user", Principal: "u", Application: "a",
			Status: "active"}),
		assignment("that-sleeps", kinds.AppAssignment{Direct: true, PrincipalKind: "group", Principal: "g",
			Application: "a", Status: "inactive"}),
		principal("joined", kinds.ServicePrincipal{OwnTenant: true, JoinedApplication: "a"}),
		principal("of-the-vendor", kinds.ServicePrincipal{Vendor: true}),
		principal("managed", kinds.ServicePrincipal{Type: "ManagedIdentity"}), principal("asleep",
			kinds.ServicePrincipal{Status: "inactive"}),
		principal("of-another-tenant", kinds.ServicePrincipal{Status: "active"}),
		own(t, identity.KindUser, "with-a-password", kinds.User{Status: "active", Email: "a@x.example",
			Credential: "local"}),
		own(t, identity.KindUser, "unknown-password", kinds.User{Status: "active"}),
		own(t, identity.KindUser, "a-guest", kinds.User{Status: "active", Guest: true, Email: "g@y.example"}),
		own(t, identity.KindUser, "who-left", kinds.User{Status: "inactive"}),
		own(t, identity.KindMembership, "m", kinds.Membership{}), own(t, identity.Kind("tomorrow"), "a-kind-of-tomorrow",
			map[string]any{}),
	}
}
