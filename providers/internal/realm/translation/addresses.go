package translation

import (
	"net/url"
	"strings"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/args"
)

// checkRedirects looks for redirect URIs that Keycloak would take and that would then be open to others, or never
// match. An address without TLS is kept, as at the source: leaving it out would shut out who comes by it.
func checkRedirects(field string, uris []string) []fidelity.Finding {
	var findings []fidelity.Finding
	for _, uri := range uris {
		problem, wild := redirectProblem(uri)
		switch {
		case wild:
			findings = append(findings, rebuild(field, clip(uri)+" has a wildcard, which never matches at sign-in",
				"List the real addresses in a map block."))
		case problem != "":
			findings = append(findings, invalid(field, clip(uri)+" "+problem,
				"Correct the address at the source or in a map block."))
		default:
			findings = append(findings, withoutTLS(field, uri)...)
		}
	}
	return findings
}

// redirectProblem says what is wrong with an address, as the rest of a sentence that begins with it.
func redirectProblem(uri string) (problem string, wildcard bool) {
	if strings.HasSuffix(uri, "*") {
		return "ends with *, which Keycloak would take as a wildcard", false
	}
	if strings.ContainsAny(uri, " \t\r\n") {
		return "holds a blank", false
	}
	if strings.Contains(uri, "*") {
		return "", true
	}
	parsed, err := url.Parse(uri)
	if err != nil {
		return "cannot be read as an address", false
	}
	if strings.Contains(uri, "#") {
		return "has a fragment", false
	}
	switch parsed.Scheme {
	case "":
		return "has no scheme", false
	case "javascript", "data", "vbscript", "file", "about", "blob":
		return "has a scheme that runs or reads in the browser", false
	case "https", "http":
		if parsed.Host == "" {
			return "has no host", false
		}
	}
	return "", false
}

// withoutBrokers leaves out the addresses at which only the vendor's own code or page takes an answer: a broker of its
// mobile apps and of its office, and the page for programs that watch a browser. Nobody else could use them.
func withoutBrokers(uris []string) (kept []string, findings []fidelity.Finding) {
	var left []string
	for _, uri := range uris {
		lower := strings.ToLower(uri)
		if strings.HasPrefix(lower, "brk-") || strings.HasPrefix(lower, "ms-appx-web://") ||
			strings.HasPrefix(lower, "https://login.microsoftonline.com/") || strings.HasPrefix(lower, "https://login.live.com/") {
			left = append(left, clip(uri))
			continue
		}
		kept = append(kept, uri)
	}
	if len(left) == 0 {
		return uris, nil
	}
	return kept, []fidelity.Finding{impact("redirect_uris", "left out, as only the vendor's own code answers there: "+
		strings.Join(left, ", "), fidelity.DirectionTighter, fidelity.AudienceAppOwners, fidelity.SeverityMedium,
		"broker_sign_on_ends")}
}

// withoutTLS notes an address at which whoever is on the way reads along. The server takes it, as the source did.
func withoutTLS(field, address string) []fidelity.Finding {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "http" || args.Loopback(parsed.Hostname()) {
		return nil
	}
	return []fidelity.Finding{impact(field, "kept without TLS, as at the source: what is sent to "+clip(address)+
		" can be read and changed on the way", fidelity.DirectionSame, fidelity.AudienceSecurity, fidelity.SeverityLow,
		"address_without_tls")}
}

// optionalAddresses takes out the addresses of an application that no server could use, with a note for each: an
// application works without them, so that none of them stops it.
func optionalAddresses(app *kinds.Application) []fidelity.Finding {
	var findings []fidelity.Finding
	for _, optional := range []struct {
		field    string
		address  *string
		reported bool // something is sent there
	}{
		{"frontchannel_logout_url", &app.FrontchannelLogoutURL, true},
		{"backchannel_logout_url", &app.BackchannelLogoutURL, true}, {"logout_url", &app.LogoutURL, true},
		{"home_url", &app.HomeURL, false}, {"logo_uri", &app.LogoURI, false},
		{"policy_uri", &app.PolicyURI, false}, {"terms_uri", &app.TermsURI, false},
	} {
		switch address := *optional.address; {
		case address == "":
		case addressProblem(address) != "":
			findings = append(findings, lost(optional.field, "left out: "+clip(address)+" "+addressProblem(address)))
			*optional.address = ""
		case optional.reported:
			findings = append(findings, withoutTLS(optional.field, address)...)
		}
	}
	return findings
}

// addressProblem says what is wrong with an address of a server, as the rest of a sentence that begins with it.
func addressProblem(address string) string {
	parsed, err := url.Parse(address)
	switch {
	case err != nil, strings.ContainsAny(address, " *"):
		return "cannot be read as an address"
	case parsed.Scheme != "https" && parsed.Scheme != "http", parsed.Host == "":
		return "is no address of a server"
	case parsed.Fragment != "":
		return "has a fragment"
	case parsed.User != nil:
		return "holds a name or password"
	}
	return ""
}

// checkURL wants an address of an upstream, or of keys: https, or on the own machine. A realm refuses any other, as
// what is read there decides who comes in.
func checkURL(field, address string) []fidelity.Finding {
	if address == "" {
		return nil
	}
	problem := addressProblem(address)
	if problem == "" && len(withoutTLS(field, address)) > 0 {
		problem = "is without TLS, where whoever is on the way decides who comes in"
	}
	if problem == "" {
		return nil
	}
	return []fidelity.Finding{invalid(field, clip(address)+" "+problem, "Correct it at the source or in a map block.")}
}

// optionalUpstream takes out an address of an upstream that sign-in does without.
func optionalUpstream(field string, address *string) []fidelity.Finding {
	problems := checkURL(field, *address)
	if len(problems) == 0 {
		return nil
	}
	*address = ""
	return []fidelity.Finding{lost(field, "left out: "+problems[0].Summary)}
}
