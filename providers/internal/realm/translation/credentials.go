package translation

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// credentialsLeft names each credential that does not move. A secret is told elsewhere, as it never stands in an item.
func credentialsLeft(app kinds.Application) []fidelity.Finding {
	var findings []fidelity.Finding
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
	return text
}

// day is the date of a time in RFC 3339.
func day(text string) string {
	if len(text) < len("2006-01-02") {
		return text
	}
	return text[:len("2006-01-02")]
}
