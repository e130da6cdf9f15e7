package translation

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// credentialsLeft names each credential that does not move. A secret is told elsewhere, as it never stands in an item.
func credentialsLeft(app kinds.Application) []fidelity.Finding {
	findings := otherSecrets(app)
	for _, c := range app.Credentials {
		switch {
		case c.Carried || c.Kind == "secret":
		case c.Kind == "federated":
			f := impact("credentials", "tokens of another issuer no longer sign it in: "+credentialWords(c),
				fidelity.DirectionTighter, fidelity.AudienceAppOwners, fidelity.SeverityHigh, "federated_credential_lost")
			findings = append(findings, f)
		default:
			findings = append(findings, lost("credentials", "left behind: "+credentialWords(c)))
		}
	}
	return findings
}

// otherSecrets says which of several secrets moves: a client of a realm has one, and who uses another stops with it.
func otherSecrets(app kinds.Application) []fidelity.Finding {
	var carried kinds.Credential
	var left []string
	for _, c := range app.Credentials {
		switch {
		case c.Kind != "secret" || c.Status != kinds.CredentialValid:
		case c.Carried:
			carried = c
		default:
			left = append(left, credentialWords(c))
		}
	}
	if len(left) == 0 || carried.ID == "" || app.Secret != secretCarried {
		return nil
	}
	return []fidelity.Finding{impact("client_secret", fmt.Sprintf("of several active secrets one moves, %s; no longer "+
		"taken: %s", credentialWords(carried), strings.Join(left, ", ")), fidelity.DirectionTighter,
		fidelity.AudienceAppOwners, fidelity.SeverityMedium, "one_secret_moves")}
}

// credentialWords names a credential so that its owner knows which one it is, with why it does not count.
func credentialWords(c kinds.Credential) string {
	name := c.Name
	if name == "" {
		name = c.ID
	}
	text := c.Kind
	if name != "" {
		text += " " + name
	}
	if c.Issuer != "" {
		text += fmt.Sprintf(" (issuer %s, subject %s)", c.Issuer, c.Subject)
	}
	switch c.Status {
	case kinds.CredentialExpired:
		return text + ", expired on " + day(c.Until)
	case kinds.CredentialNotYet:
		return text + ", valid from " + day(c.From)
	case kinds.CredentialInactive:
		return text + ", switched off at the source"
	case kinds.CredentialUnreadable:
		return text + ", which cannot be read"
	}
	if c.Until != "" {
		return text + ", valid until " + day(c.Until)
	}
	if c.Kind == "secret" && c.From != "" {
		return text + ", made on " + day(c.From)
	}
	return text
}

// day is the date of a time in RFC 3339.
func day(text string) string {
	if len(text) < len("2006-01-02") {
		return text
	}
	return text[:len("2006-01-02")]
}
