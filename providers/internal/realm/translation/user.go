package translation

import (
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// translateUser makes nothing of a person yet and says what the person will feel.
func translateUser(item identity.Item) (contract.Translation, error) {
	var u kinds.User
	if err := item.Decode(&u); err != nil {
		return contract.Translation{}, err
	}
	t := invisible("people are moved in a later step")
	if u.Status == identity.StatusActive {
		t.Findings = append(t.Findings, personFindings(u)...)
	}
	return t, nil
}

// personFindings say what an active person will feel of the move. A guest's password is checked elsewhere.
func personFindings(u kinds.User) []fidelity.Finding {
	var findings []fidelity.Finding
	summary := ""
	switch {
	case u.Guest:
	case u.Credential == "local", u.Credential == "import":
		summary = "the password cannot be read from the source: a new one is set"
	case u.Credential == "":
		summary = "the source does not tell who checks the password: where it does so itself, a new one is set"
	}
	if summary != "" {
		f := fidelity.Finding{Type: fidelity.Lost, Field: "password", Summary: summary,
			Direction: fidelity.DirectionSame}
		findings = append(findings, withImpact(f, fidelity.AudienceEndUsers, fidelity.SeverityHigh, "password_reset"),
			withImpact(f, fidelity.AudienceHelpDesk, fidelity.SeverityMedium, "password_reset"))
	}
	if u.Email == "" {
		f := fidelity.Finding{Type: fidelity.Lost, Field: "email", Summary: "has no e-mail address",
			Direction: fidelity.DirectionSame}
		findings = append(findings, withImpact(f, fidelity.AudienceHelpDesk, fidelity.SeverityMedium, "no_email"))
	}
	return findings
}
