package translation

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// Formats of a NameID as Keycloak names them, by the last part of the source's name in small letters.
func nameIDFormat(format string) (short, urn string, known bool) {
	const prefix = "urn:oasis:names:tc:SAML:"
	switch strings.ToLower(format[strings.LastIndex(format, ":")+1:]) {
	case "emailaddress", "email":
		return "email", prefix + "1.1:nameid-format:emailAddress", true
	case "unspecified", "":
		return "username", prefix + "1.1:nameid-format:unspecified", true
	case "transient":
		return "transient", prefix + "2.0:nameid-format:transient", true
	case "persistent":
		return "persistent", prefix + "2.0:nameid-format:persistent", true
	}
	return "", "", false
}

// samlClient makes the attributes of a SAML client. The server finds a client by the issuer of its request, so that
// one is the client id; where it is another than the audience, a mapper adds the audience.
func samlClient(item identity.Item, app kinds.Application, now time.Time) (identity.Attributes, []fidelity.Finding) {
	audience, findings := sentAudience(app.EntityID)
	findings = append(findings, optionalAddresses(&app)...)
	if app.RequestIssuer != "" && app.RequestIssuer != app.EntityID {
		app.EntityID = app.RequestIssuer
		findings = append(findings, impact("request_issuer", "the assertion names two audiences, the issuer of the "+
			"application's requests and "+audience,
			fidelity.DirectionSame, fidelity.AudienceAppOwners, fidelity.SeverityMedium, "audience_added"))
	}
	findings = append(findings, checkClientID("entity_id", app.EntityID)...)
	acs := app.ACSURL
	if acs == "" && len(app.RedirectURIs) == 1 {
		acs = app.RedirectURIs[0]
	}
	if acs == "" {
		findings = append(findings, missing("acs_url", "the source does not tell where assertions go",
			"Take it from the application's metadata and state it in a map block."))
	}
	uris := []string{acs}
	for _, uri := range app.RedirectURIs {
		if uri != acs {
			uris = append(uris, uri)
		}
	}
	if acs != "" {
		findings = append(findings, checkRedirects("acs_url", uris)...)
	}
	findings = append(findings, realm.TooLong(realm.TypeClient, "redirect_uris", "acs_url", acs)...)
	extra := map[string]any{
		"saml_assertion_consumer_url_post": acs, "saml.force.post.binding": "true", "saml_force_name_id_format": "true",
		"saml.server.signature":    strconv.FormatBool(app.SignResponse),
		"saml.assertion.signature": strconv.FormatBool(app.SignAssertion),
		"saml.client.signature":    "false",
	}
	findings = append(findings, signed(item, app, extra)...)
	a := identity.Attributes{
		"client_id": app.EntityID, "protocol": gating.ProtocolSAML, "public": false, "secret": noSecret,
		"standard_flow":        true,
		"implicit_flow":        false,
		"direct_access_grants": false, "service_accounts": false, "consent_required": false,
		"front_channel_logout": app.LogoutURL != "",
		"redirect_uris":        object.Sorted(uris), "attributes": extra,
	}
	findings = append(findings, homePage(app, a)...)
	mappers, nameFindings := nameID(item, app, extra)
	if audience != app.EntityID {
		mappers = append(mappers, mapper("audience", "saml-audience-mapper",
			map[string]any{"included.custom.audience": audience}))
	}
	statements, statementFindings := statementMappers(app.AttributeStatements)
	a["protocol_mappers"] = append(mappers, statements...)
	findings = append(append(findings, nameFindings...), statementFindings...)
	findings = append(findings, samlKeys(app, extra, now)...)
	findings = append(findings, impact("idp_metadata", "entity ID, sign-in address and signing certificate of the "+
		"identity provider are new ones that the owner must enter",
		fidelity.DirectionSame, fidelity.AudienceAppOwners, fidelity.SeverityHigh, "saml_metadata_changes"))
	return a, append(findings, samlExtras(app, acs, extra)...)
}

func samlKeys(app kinds.Application, extra map[string]any, now time.Time) []fidelity.Finding {
	var findings []fidelity.Finding
	if app.RequestSigned {
		good, problems := checkCertificates("signing_certificate", nonEmpty(app.SigningCertificate), now)
		findings = append(findings, problems...)
		if len(good) == 0 && len(problems) == 0 {
			findings = append(findings, missing("signing_certificate", withoutKey("the application signs its requests", app,
				kinds.CredentialRequest),
				"Ask the application's owner for the certificate that it signs with now, and state it in a map block."))
		}
		if len(good) > 0 {
			extra["saml.client.signature"], extra["saml.signing.certificate"] = "true", good[0]
		}
	}
	if app.EncryptAssertion {
		good, problems := checkCertificates("encryption_certificate", nonEmpty(app.EncryptionCertificate), now)
		findings = append(findings, problems...)
		if len(good) == 0 && len(problems) == 0 {
			findings = append(findings, missing("encryption_certificate", withoutKey("assertions are encrypted", app,
				kinds.CredentialEncryption),
				"Ask the application's owner for the certificate to encrypt to, and state it in a map block."))
		}
		if len(good) > 0 {
			extra["saml.encrypt"], extra["saml.encryption.certificate"] = "true", good[0]
			findings = append(findings, encryption(app, extra)...)
		}
	}
	switch app.SignatureAlgorithm {
	case "", "RSA_SHA256":
	case "RSA_SHA1", "RSA_SHA512":
		extra["saml.signature.algorithm"] = app.SignatureAlgorithm
	default:
		findings = append(findings, lost("signature_algorithm", "RSA_SHA256 is used instead of "+app.SignatureAlgorithm))
	}
	if app.DigestAlgorithm != "" && app.SignatureAlgorithm != "" && !strings.HasSuffix(app.SignatureAlgorithm,
		app.DigestAlgorithm) {
		findings = append(findings, lost("digest_algorithm", "the digest follows the signature algorithm"))
	}
	return findings
}

// withoutKey says why there is none for what the application does.
func withoutKey(does string, app kinds.Application, use string) string {
	var reasons []string
	for _, c := range app.Credentials {
		if c.Use == use && !c.Carried {
			reasons = append(reasons, credentialWords(c))
		}
	}
	if len(reasons) == 0 {
		return does + " and no certificate for it is known"
	}
	return does + " and no certificate for it is valid: " + strings.Join(reasons, ", ")
}

func samlExtras(app kinds.Application, acs string, extra map[string]any) []fidelity.Finding {
	var findings []fidelity.Finding
	if (app.Recipient != "" && app.Recipient != acs) || (app.Destination != "" && app.Destination != acs) {
		findings = append(findings, impact("recipient", "recipient and destination are always the assertion consumer URL",
			fidelity.DirectionSame, fidelity.AudienceAppOwners, fidelity.SeverityMedium, "recipient_changes"))
	}
	if app.LogoutURL != "" {
		extra["saml_single_logout_service_url_post"] = app.LogoutURL
	}
	// People start applications from the incumbent's start page, with or without a relay state.
	extra["saml_idp_initiated_sso_url_name"] = gating.GateKey(app.EntityID)
	if app.RelayState != "" {
		extra["saml_idp_initiated_sso_relay_state"] = app.RelayState
	}
	findings = append(findings, samlWindow(app, extra)...)
	if len(app.RedirectURIs) > 1 {
		findings = append(findings, impact("redirect_uris", "a request that names its assertion consumer URL by index is "+
			"answered at "+acs+", whatever the index", fidelity.DirectionSame, fidelity.AudienceAppOwners,
			fidelity.SeverityLow, "acs_index_ignored"))
	}
	if app.AuthnContext != "" && !strings.HasSuffix(app.AuthnContext, ":unspecified") {
		findings = append(findings, impact("authn_context", "the assertion says unspecified for how people signed in",
			fidelity.DirectionSame, fidelity.AudienceAppOwners, fidelity.SeverityLow, "authn_context_changes"))
	}
	if !app.HonorForceAuthn {
		findings = append(findings, fidelity.Finding{Type: fidelity.Approximation, Field: "honor_force_authn",
			Summary: "ForceAuthn of a request is always honoured", Direction: fidelity.DirectionTighter})
	}
	return findings
}

// signed says what is signed. What the source does not tell is signed, and the owner is asked; nothing goes out
// without any signature.
func signed(item identity.Item, app kinds.Application, extra map[string]any) []fidelity.Finding {
	asked := false
	for field, attribute := range map[string]string{"sign_response": "saml.server.signature",
		"sign_assertion": "saml.assertion.signature"} {
		if slices.Contains(item.Gaps, field) && extra[attribute] == "false" {
			extra[attribute], asked = "true", true
		}
	}
	switch {
	case asked:
		return []fidelity.Finding{impact("sign_assertion", "the source does not tell what is signed: response and "+
			"assertion are; "+
			"ask the owner what the application expects", fidelity.DirectionTighter, fidelity.AudienceAppOwners,
			fidelity.SeverityLow, "signing_unknown")}
	case !app.SignResponse && !app.SignAssertion:
		extra["saml.assertion.signature"] = "true"
		return []fidelity.Finding{{Type: fidelity.Approximation, Field: "sign_assertion",
			Summary: "the assertion is signed, which the source does not do", Direction: fidelity.DirectionTighter}}
	}
	return nil
}

var personField = regexp.MustCompile(`^\$?\{?(?:user|source|idpuser)\.([A-Za-z0-9_]+)\}?$`)

// fieldOfPerson is the field that an expression names and that people of the realm have. appuser is what the source
// keeps for one application, and id is its own number of a person: nobody in the realm has either.
func fieldOfPerson(expression string) (string, bool) {
	match := personField.FindStringSubmatch(expression)
	if match == nil || strings.EqualFold(match[1], "id") {
		return "", false
	}
	return match[1], true
}

// nameID makes the part of the assertion that names the person.
func nameID(item identity.Item, app kinds.Application, extra map[string]any) ([]any, []fidelity.Finding) {
	if app.NameIDFormat == "" && slices.Contains(item.Gaps, "name_id_format") {
		return []any{}, []fidelity.Finding{missing("name_id_format",
			"the source does not tell in which form it names a person",
			"Ask the application's owner, or look at an assertion, and state name_id_format in a map block.")}
	}
	if app.NameIDSource == "" && slices.Contains(item.Gaps, "name_id_source") {
		return []any{}, []fidelity.Finding{missing("name_id_source", "the source does not tell by what it names a person",
			"Ask the application's owner, or look at an assertion, and state name_id_source in a map block, such as "+
				"${user.login}.")}
	}
	short, urn, known := nameIDFormat(app.NameIDFormat)
	if !known {
		return []any{}, []fidelity.Finding{rebuild("name_id_format", "a NameID format without a counterpart",
			"Ask the application's owner for another format, and state name_id_format in a map block.")}
	}
	extra["saml_name_id_format"] = short
	switch short {
	case "transient":
		return []any{}, nil
	case "persistent":
		return []any{}, []fidelity.Finding{missing("name_id_format",
			"the old persistent names of people are not known, and new ones would cost them their accounts",
			"Get the pairs of person and name from the application's owner, or agree on another format and state "+
				"name_id_format in a map block.")}
	}
	if f, differ := otherNames(app); differ {
		return []any{}, []fidelity.Finding{f}
	}
	field := ""
	if app.NameIDSource != "" {
		named, ok := fieldOfPerson(app.NameIDSource)
		if !ok {
			return []any{}, []fidelity.Finding{rebuild("name_id_source", "the name of a person is "+clip(app.NameIDSource)+
				", and a realm sends attributes of people as they are",
				"Freeze the values in an attribute of the people, such as wikiName, and state name_id_source = "+
					"\"${user.wikiName}\" in a map block.")}
		}
		field = named
	}
	lower := fidelity.Finding{Type: fidelity.Approximation, Field: "name_id_source",
		Summary:  "the name comes in small letters",
		Audience: fidelity.AudienceAppOwners, Severity: fidelity.SeverityLow, ImpactCode: "name_in_small_letters"}
	switch {
	case field == "" || (field == "email" && short == "email") || (isLogin(field) && short == "username"):
		return []any{}, []fidelity.Finding{lower}
	}
	config := map[string]any{"mapper.nameid.format": urn, "user.attribute": personAttribute(field)}
	findings := []fidelity.Finding{lower}
	if !isLogin(field) && field != "email" {
		findings = append(findings, impact("name_id_source", "a person without the attribute "+field+" cannot sign in",
			fidelity.DirectionTighter, fidelity.AudienceEndUsers, fidelity.SeverityMedium, "name_id_attribute_needed"))
	}
	return []any{mapper("name id", "saml-user-attribute-nameid-mapper", config)}, findings
}

// otherNames stops an application in which people have names that no rule makes: the target would send another name, and
// they would come in as somebody else, or as nobody.
func otherNames(app kinds.Application) (fidelity.Finding, bool) {
	switch {
	case app.NamesByPerson > 0:
		return rebuild("names_by_person", fmt.Sprintf("%d of its people have a name of their own in it, which %s does not "+
			"make", app.NamesByPerson, app.NameIDSource), "Keep the names in an attribute of the people, such as wikiName, and "+
			"state name_id_source = \"${user.wikiName}\" in a map block."), true
	case app.NamesByPerson < 0:
		return missing("names_by_person", "whether its people have names of their own in it could not be compared, as the "+
			"people could not be read", "Grant the permission that reads people and collect again, or state name_id_source in a "+
			"map block."), true
	}
	return fidelity.Finding{}, false
}

func isLogin(field string) bool {
	switch strings.ToLower(field) {
	case "login", "username", "userprincipalname":
		return true
	}
	return false
}

// personAttribute is the name in Keycloak of a field of a person.
func personAttribute(field string) string {
	switch strings.ToLower(field) {
	case "login", "username", "userprincipalname":
		return "username"
	case "email", "mail":
		return "email"
	case "firstname", "givenname", "first_name":
		return "firstName"
	case "lastname", "surname", "last_name":
		return "lastName"
	}
	return field
}

func statementMappers(statements []kinds.AttributeStatement) ([]any, []fidelity.Finding) {
	mappers := []any{}
	var findings []fidelity.Finding
	seen := map[string]bool{}
	for i, s := range statements {
		field := fmt.Sprintf("attribute_statements.%s", s.Name)
		name := clip(s.Name)
		if seen[name] {
			name = fmt.Sprintf("%s %d", name, i+1)
		}
		seen[name] = true
		made, finding := statementMapper(name, field, s)
		if finding != nil {
			findings = append(findings, *finding)
		}
		if made != nil {
			mappers = append(mappers, made)
		}
	}
	return mappers, findings
}

func statementMapper(name, field string, s kinds.AttributeStatement) (map[string]any, *fidelity.Finding) {
	config := map[string]any{"attribute.name": s.Name, "attribute.nameformat": attributeFormat(s.NameFormat)}
	if s.Type == "GROUP" {
		if s.FilterType == "REGEX" && (s.FilterValue == ".*" || s.FilterValue == "^.*$") {
			config["single"], config["full.path"] = "true", "false"
			f := impact(field, "all groups of the person in the realm are sent, and no group that was not moved",
				fidelity.DirectionSame, fidelity.AudienceAppOwners, fidelity.SeverityLow, "group_list_changes")
			return mapper(name, "saml-group-membership-mapper", config), &f
		}
		f := rebuild(field, "the group mapper has no filter, and sending all groups would tell too much",
			"Give the wanted groups roles of the client with their names and a mapper of those by hand, and state "+
				"attribute_statements without it in a map block.")
		return nil, &f
	}
	if len(s.Values) != 1 {
		f := rebuild(field, "an attribute of several values",
			"Keep them in an attribute of several values of the people, and "+
				"state attribute_statements that read it in a map block.")
		return nil, &f
	}
	value := s.Values[0]
	if field, ok := fieldOfPerson(value); ok {
		attribute := personAttribute(field)
		config["user.attribute"] = attribute
		switch attribute {
		case "username", "email", "firstName", "lastName":
			return mapper(name, "saml-user-property-mapper", config), nil
		}
		return mapper(name, "saml-user-attribute-mapper", config), nil
	}
	if constant := strings.Trim(value, `"`); len(value) >= 2 && value[0] == '"' && value == `"`+constant+`"` &&
		!strings.Contains(constant, `"`) {
		config["attribute.value"] = constant
		return mapper(name, "saml-hardcode-attribute-mapper", config), nil
	}
	f := rebuild(field, "its value is "+clip(value)+", and a realm sends attributes of people as they are",
		"Freeze the values in an attribute of the people, and state attribute_statements that read it in a map block.")
	return nil, &f
}

func attributeFormat(format string) string {
	switch {
	case strings.HasSuffix(strings.ToLower(format), "basic"):
		return "Basic"
	case strings.Contains(strings.ToLower(format), "uri"):
		return "URI Reference"
	}
	return "Unspecified"
}

func nonEmpty(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}
