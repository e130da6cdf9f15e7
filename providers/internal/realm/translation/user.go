package translation

import "github.com/rehome-iam/rehome/engine/identity"

// translateUser makes nothing of a person yet and says what the person will feel.
func translateUser(item identity.Item) (identity.Translation, error) {
	var u identity.User
	if err := item.Decode(&u); err != nil {
		return identity.Translation{}, err
	}
	t := invisible("people are moved in a later step")
	if u.Status == identity.StatusActive {
		t.Findings = append(t.Findings, personFindings(u)...)
	}
	return t, nil
}

// personFindings say what an active person will feel of the move. A guest's password is checked elsewhere.
func personFindings(u identity.User) []identity.Finding {
	var findings []identity.Finding
	summary := ""
	switch {
	case u.Guest:
	case u.Credential == "local", u.Credential == "import":
		summary = "the password cannot be read from the source: a new one is set"
	case u.Credential == "":
		summary = "the source does not tell who checks the password: where it does so itself, a new one is set"
	}
	if summary != "" {
		f := identity.Finding{Type: identity.FindingLost, Field: "password", Summary: summary,
			Direction: identity.DirectionSame}
		findings = append(findings, felt(f, identity.AudienceEndUsers, identity.SeverityHigh, "password_reset"),
			felt(f, identity.AudienceHelpDesk, identity.SeverityMedium, "password_reset"))
	}
	if u.Email == "" {
		f := identity.Finding{Type: identity.FindingLost, Field: "email", Summary: "has no e-mail address",
			Direction: identity.DirectionSame}
		findings = append(findings, felt(f, identity.AudienceHelpDesk, identity.SeverityMedium, "no_email"))
	}
	return findings
}
