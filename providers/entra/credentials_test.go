package entra

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/kinds"
)

// day is the one on which application() judges credentials.
func day() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// listedKey is a certificate as a registration lists it, valid between these hours from the day on.
func listedKey(t *testing.T, id string, from, until int) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	start, end := day().Add(time.Duration(from)*time.Hour), day().Add(time.Duration(until)*time.Hour)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: start, NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"keyId":%q,"displayName":"CN=%s","usage":"Verify","type":"AsymmetricX509Cert","key":%q,"startDateTime":%q,"endDateTime":%q}`,
		id, id, base64.StdEncoding.EncodeToString(der), start.Format(time.RFC3339), end.Format(time.RFC3339))
}

func statuses(credentials []kinds.Credential) []string {
	var out []string
	for _, c := range credentials {
		out = append(out, fmt.Sprintf("%s %s %s %t", c.Kind, c.ID, c.Status, c.Carried))
	}
	return out
}

func TestConvertApplication_OnlyKeysThatAreValidTodayAreCarried(t *testing.T) {
	keys := strings.Join([]string{listedKey(t, "old", -48, -24), listedKey(t, "now", -24, 24),
		listedKey(t, "soon", 24, 48)}, ",")
	out, _ := application(t, `{"id":"a","appId":"c","keyCredentials":[`+keys+`]}`, plainInstance)
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal([]byte(out.JWKS), &set); err != nil || len(set.Keys) != 2 {
		t.Errorf("%d keys for one certificate with two names: %v", len(set.Keys), err)
	}
	want := []string{"certificate now valid true", "certificate old expired false", "certificate soon not_yet_valid false"}
	if got := statuses(out.Credentials); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if c := out.Credentials[1]; c.Until != "2025-12-31T00:00:00Z" || c.Name != "CN=old" {
		t.Errorf("dates or name are lost: %+v", c)
	}
}

func TestConvertApplication_AnExpiredSecretBesideAValidCertificateIsNotInUse(t *testing.T) {
	out, _ := application(t, `{"id":"a","appId":"c","keyCredentials":[`+listedKey(t, "now", -24, 24)+`],
		"passwordCredentials":[{"keyId":"p","endDateTime":"2025-01-31T00:00:00Z"}]}`, plainInstance)
	if out.ClientAuthentication != "private_key_jwt" || out.Undecided != "" {
		t.Errorf("got %s, undecided %q", out.ClientAuthentication, out.Undecided)
	}
	if want := []string{"secret p expired false",
		"certificate now valid true"}; !slices.Equal(statuses(out.Credentials), want) {
		t.Errorf("got %q", statuses(out.Credentials))
	}
}

func TestConvertApplication_FederatedCredentialsAreNamedAndCount(t *testing.T) {
	federated := []element{parsed(t, `{"id":"f1","name":"main","issuer":"https://tokens.example","subject":"repo:x"}`),
		parsed(t, `{"id":"f2","name":"flex","issuer":"https://tokens.example","subject":null,
		"claimsMatchingExpression":{"value":"claims['sub'] matches 'repo:*'","languageVersion":1}}`)}
	cases := []struct{ name, secrets, authenticates, undecided string }{
		{"alone", ``, "private_key_jwt", ""},
		{"beside an expired secret", `,"passwordCredentials":[{"keyId":"p","endDateTime":"2025-01-31T00:00:00Z"}]`,
			"private_key_jwt", ""},
		{"beside a secret", `,` + validPassword, "client_secret_post", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			instance := parsed(t, plainInstance)
			item, err := convertApplication(registration{element: parsed(t, `{"id":"a","appId":"c"`+c.secrets+`}`),
				instance: &instance, federated: federated}, day())
			if err != nil {
				t.Fatal(err)
			}
			var out kinds.Application
			if err := item.Decode(&out); err != nil {
				t.Fatal(err)
			}
			if out.ClientAuthentication != c.authenticates || (c.undecided == "") != (out.Undecided == "") ||
				!strings.Contains(out.Undecided, c.undecided) {
				t.Errorf("got %s, undecided %q", out.ClientAuthentication, out.Undecided)
			}
			subjects := ""
			for _, credential := range out.Credentials {
				if credential.Kind == "federated" {
					subjects += credential.Issuer + " " + credential.Subject + ";"
				}
			}
			if subjects != "https://tokens.example repo:x;https://tokens.example claims['sub'] matches 'repo:*';" {
				t.Errorf("federated credentials are %q", subjects)
			}
		})
	}
}

func TestNeedsFederatedCredentials_LeavesOutWhatCannotHaveThem(t *testing.T) {
	for fields, want := range map[string]bool{
		`{}`: true, `{` + webRedirect + `,` + validPassword + `}`: true, `{` + webRedirect + `}`: true,
		`{` + spaRedirect + `}`: false, `{` + nativeRedirect + `}`: false,
		`{` + spaRedirect + `,` + validPassword + `}`: true,
	} {
		if got := needsFederatedCredentials(parsed(t, fields).Node); got != want {
			t.Errorf("%s: %t", fields, got)
		}
	}
}

func TestConvertApplication_FourAudiencesAreFourThings(t *testing.T) {
	for word, want := range map[string]struct {
		audience string
		multi    bool
	}{
		"AzureADMyOrg": {"tenant", false}, "AzureADMultipleOrgs": {"tenants", true},
		"AzureADandPersonalMicrosoftAccount": {"tenants_and_personal", true}, "PersonalMicrosoftAccount": {"personal", false},
	} {
		out, _ := application(t, `{"id":"a","appId":"c","signInAudience":"`+word+`",`+webRedirect+`,`+validPassword+`}`,
			plainInstance)
		if out.Audience != want.audience || out.MultiTenant != want.multi || out.Undecided != "" {
			t.Errorf("%s is %q, multi-tenant %t, undecided %q", word, out.Audience, out.MultiTenant, out.Undecided)
		}
	}
	future, _ := application(t, `{"id":"a","appId":"c","signInAudience":"Everybody",`+webRedirect+`,`+validPassword+`}`,
		plainInstance)
	if future.Audience != "" || !strings.Contains(future.Undecided, "Everybody") {
		t.Errorf("an audience of tomorrow is %q, undecided %q", future.Audience, future.Undecided)
	}
}

func TestConvertApplication_StrongEvidenceOfAProtocolBeatsAHint(t *testing.T) {
	const tag = `{"id":"sp","accountEnabled":true,"appRoleAssignmentRequired":false,"tags":["WindowsAzureActiveDirectoryCustomSingleSignOnApplication"]`
	cases := []struct{ name, registration, instance, protocol, undecided string }{
		{"a secret beats the tag of the gallery", webRedirect + `,` + validPassword, tag + `}`, "oidc", ""},
		{"a secret beats a page to start at", webRedirect + `,` + validPassword, tag + `,"loginUrl":"https://x.example/"}`,
			"oidc", ""},
		{"a hint counts where nothing strong does", `"identifierUris":["urn:x"],` + webRedirect, tag + `}`, "saml", ""},
		{"a signing certificate is strong", `"identifierUris":["urn:x"],` + webRedirect,
			tag + `,"preferredTokenSigningKeyThumbprint":"AB"}`, "saml", ""},
		{"two strong ones are a question", `"identifierUris":["urn:x"],` + webRedirect + `,` + validPassword,
			tag + `,"preferredTokenSigningKeyThumbprint":"AB"}`, "saml", "must state protocol"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, _ := application(t, `{"id":"a","appId":"c",`+c.registration+`}`, c.instance)
			if out.Protocol != c.protocol || (c.undecided == "") != (out.Undecided == "") ||
				!strings.Contains(out.Undecided, c.undecided) {
				t.Errorf("got %s, undecided %q", out.Protocol, out.Undecided)
			}
		})
	}
}

func TestConvertApplication_TellsWhatNothingCarries(t *testing.T) {
	out, _ := application(t, `{"id":"a","appId":"c","@odata.type":"#x","createdDateTime":"2025-01-01T00:00:00Z",`+webRedirect+`,`+validPassword+`,
		"info":{"logoUrl":"https://l","privacyStatementUrl":"https://p","termsOfServiceUrl":"https://t","supportUrl":"https://s","marketingUrl":null},
		"api":{"requestedAccessTokenVersion":2,"knownClientApplications":["k"]},"notes":""}`, plainInstance)
	if out.LogoURI != "https://l" || out.PolicyURI != "https://p" || out.TermsURI != "https://t" {
		t.Errorf("pages are lost: %+v", out)
	}
	if want := []string{"api.knownClientApplications", "api.requestedAccessTokenVersion",
		"info.supportUrl"}; !slices.Equal(out.Unknown, want) {
		t.Errorf("unknown is %q, want %q", out.Unknown, want)
	}
}

func TestConvertApplication_WhatASignInDoesNotUseIsUnknown(t *testing.T) {
	const mode = `{"id":"sp","accountEnabled":true,"appRoleAssignmentRequired":false,"preferredSingleSignOnMode":`
	cases := []struct {
		name, registration, instance string
		want                         []string
	}{
		{"the implicit flow of a native application", nativeRedirect +
			`,"web":{"implicitGrantSettings":{"enableIdTokenIssuance":true}}`,
			plainInstance, []string{"web.implicitGrantSettings.enableIdTokenIssuance"}},
		{"what SAML has a use for, at OpenID Connect", webRedirect + `,` + validPassword + `,"defaultRedirectUri":"https://x.example/cb",
			"requestSignatureVerification":{"isSignedRequestRequired":true},"tokenEncryptionKeyId":"k"`,
			mode + `"oidc","samlSingleSignOnSettings":{"relayState":"r"},"tokenEncryptionKeyId":"k","loginUrl":"https://x.example/"}`,
			[]string{"defaultRedirectUri", "requestSignatureVerification.isSignedRequestRequired",
				"servicePrincipal.samlSingleSignOnSettings.relayState", "servicePrincipal.tokenEncryptionKeyId",
				"tokenEncryptionKeyId"}},
		{"what OpenID Connect has a use for, at SAML", `"identifierUris":["urn:x"],` + webRedirect + `,"isFallbackPublicClient":true,
			"api":{"oauth2PermissionScopes":[{"value":"Read"}]}`, mode + `"saml"}`,
			[]string{"api.oauth2PermissionScopes", "isFallbackPublicClient"}},
		{"copies say nothing more", `"web":{"redirectUris":["https://x.example/cb"],"homePageUrl":"https://h","logoutUrl":"https://l"},
			"identifierUris":["api://c"],` + validPassword, mode + `"oidc","replyUrls":["https://x.example/cb"],"homepage":"https://h",
			"logoutUrl":"https://l","servicePrincipalNames":["c","api://c"],"tags":["WindowsAzureActiveDirectoryIntegratedApp"]}`, nil},
		{"copies that differ do", `"web":{"redirectUris":["https://x.example/cb"],"homePageUrl":"https://h","logoutUrl":"https://l"},
			"identifierUris":["api://c"],` + validPassword, mode + `"oidc","replyUrls":["https://x.example/cb","https://old"],"homepage":"https://i",
			"logoutUrl":"https://m","servicePrincipalNames":["c","api://d"],"tags":["HideApp"]}`,
			[]string{"servicePrincipal.homepage", "servicePrincipal.logoutUrl", "servicePrincipal.replyUrls[]",
				"servicePrincipal.servicePrincipalNames[]", "servicePrincipal.tags[]"}},
		{"the pages of one that signs nobody on", `"web":{"redirectUris":["https://x.example/cb"],"logoutUrl":"https://l"}`,
			mode + `"linked","loginUrl":"https://tile"}`, []string{"web.logoutUrl"}},
		{"notes beside a description", webRedirect + `,` + validPassword + `,"description":"d","notes":"n"`, plainInstance,
			[]string{"notes"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, _ := application(t, `{"id":"a","appId":"c",`+c.registration+`}`, c.instance)
			if !slices.Equal(out.Unknown, c.want) {
				t.Errorf("unknown is %q, want %q", out.Unknown, c.want)
			}
		})
	}
	linked, _ := application(t, `{"id":"a","appId":"c","notes":"n"}`, mode+`"linked","loginUrl":"https://tile"}`)
	if linked.HomeURL != "https://tile" || linked.Description != "n" {
		t.Errorf("where a tile leads is %q, notes are %q", linked.HomeURL, linked.Description)
	}
}

func TestConvertApplication_GrantsThatARegistrationAllowsBesideItsPlatform(t *testing.T) {
	const both = `"web":{"implicitGrantSettings":{"enableIdTokenIssuance":true,"enableAccessTokenIssuance":true}}`
	cases := []struct{ name, registration, grants, implicit string }{
		{"requests without redirect", nativeRedirect + `,"isFallbackPublicClient":true`,
			"authorization_code refresh_token device_code password", ""},
		{"the implicit flow of a single page", spaRedirect + `,` + both, "authorization_code refresh_token implicit",
			"id_token token"},
		{"ID tokens only", `"web":{"redirectUris":["https://x.example/cb"],"implicitGrantSettings":{"enableIdTokenIssuance":true}},` + validPassword,
			"authorization_code refresh_token implicit", "id_token"},
		{"none", webRedirect + `,` + validPassword, "authorization_code refresh_token", ""},
	}
	for _, c := range cases {
		out, _ := application(t, `{"id":"a","appId":"c",`+c.registration+`}`, plainInstance)
		if strings.Join(out.GrantTypes, " ") != c.grants || strings.Join(out.ImplicitTokens, " ") != c.implicit ||
			len(out.Unknown) > 0 {
			t.Errorf("%s: grants %q, implicit %q, unknown %q", c.name, out.GrantTypes, out.ImplicitTokens, out.Unknown)
		}
	}
}

func TestConvertApplication_WhatTokensHoldIsNamed(t *testing.T) {
	out, _ := application(t, `{"id":"a","appId":"c",`+webRedirect+`,`+validPassword+`,"groupMembershipClaims":"ApplicationGroup",
		"optionalClaims":{"idToken":[{"name":"email","essential":true},{"name":"groups","additionalProperties":["sam_account_name","emit_as_roles"]}],
			"saml2Token":[{"name":"upn"}]},
		"appRoles":[{"id":"1","value":"Edit","isEnabled":true},{"id":"2","value":"Old","isEnabled":false},{"id":"3","value":null}]}`, plainInstance)
	want := []string{"claim email in the ID token", "claim groups in the ID token, sam_account_name, emit_as_roles",
		"claim upn in the assertion", "groups (ApplicationGroup)", "role Edit", "role Old (disabled)"}
	if !slices.Equal(out.TokenClaims, want) {
		t.Errorf("got %q, want %q", out.TokenClaims, want)
	}
	none, _ := application(t, `{"id":"a","appId":"c",`+webRedirect+`,`+validPassword+`,"groupMembershipClaims":"None"}`,
		plainInstance)
	if none.TokenClaims != nil || none.Unknown != nil {
		t.Errorf("no group claims are %q, unknown %q", none.TokenClaims, none.Unknown)
	}
}

func TestConvert_AMemberOfAnotherTypeIsRefused(t *testing.T) {
	for name, try := range map[string]func(e element) error{
		`{"id":"a","displayName":4}`: func(e element) error { _, err := convertUser(e, nil); return err },
		`{"id":"a","accountEnabled":"true"}`: func(e element) error {
			_,
				err := convertPrincipal(e, testTenant, "")
			return err
		},
		`{"id":"a","web":{"redirectUris":"https"}}`: func(e element) error {
			_,
				err := convertApplication(registration{element: e}, day())
			return err
		},
		`{"id":"a","passwordCredentials":[{"endDateTime":"soon"}]}`: func(e element) error {
			_, err := convertApplication(registration{element: e}, day())
			return err
		},
		`{"id":"a","appRoleAssignmentRequired":"no"}`: func(e element) error {
			_, err := convertApplication(registration{element: parsed(t, `{"id":"b"}`), instance: &e}, day())
			return err
		},
		`{"id":"a","isVerified":1}`:     func(e element) error { _, err := convertDomain(e); return err },
		`{"id":"a","@odata.type":true}`: func(e element) error { _, err := convertMembership("g", e); return err },
	} {
		if err := try(parsed(t, name)); err == nil || !strings.Contains(err.Error(), "is not of the type that it should be") {
			t.Errorf("%s gave %v", name, err)
		}
	}
}
