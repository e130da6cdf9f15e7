package switchover

import "github.com/rehome-iam/rehome/engine/identity"

// Overview is where every application stands, with what the logs of sign-ins say. People are named in the terminal
// only: elsewhere the caller puts pseudonyms in their place.
type Overview struct {
	FormatVersion string   `json:"format_version"`
	At            string   `json:"at"`
	Since         string   `json:"since"`
	Sides         []Log    `json:"logs"`
	Applications  []Status `json:"applications"`
	NotMoved      int      `json:"not_moved"` // applications of the incumbents that no plan gives a place
	Questions     []string `json:"questions,omitempty"`
}

// Masker puts pseudonyms in the place of people.
type Masker interface {
	Text(text string) string            // without the mail addresses in it
	Pseudonym(source, id string) string // of a person of a source
}

// HideUsers puts pseudonyms in the place of login names. Owners stay: the configuration names them.
func (o *Overview) HideUsers(m Masker) {
	for _, a := range o.Applications {
		for _, use := range []*Use{a.Incumbent, a.Target} {
			if use == nil {
				continue
			}
			masked := make([]string, len(use.Names))
			for i, name := range use.Names {
				if masked[i] = m.Text(name); masked[i] == name { // no mail address
					masked[i] = m.Pseudonym(a.Source, name)
				}
			}
			use.Names = masked
		}
	}
}

// Log is a log of sign-ins that was asked.
type Log struct {
	Side     string `json:"side"` // target or incumbent
	Name     string `json:"name"` // target, or the source
	Readable bool   `json:"readable"`
	Reason   string `json:"reason,omitempty"` // why it is not
	Covers   string `json:"covers,omitempty"`
	Requests int    `json:"requests"`
}

// Status is one application. Use is nil where the log of a side could not be read: that is a question, not zero.
type Status struct {
	Address   string              `json:"address"`
	Name      string              `json:"name"`
	Source    string              `json:"source"`
	Resource  identity.ResourceID `json:"resource"`
	Owner     string              `json:"owner,omitempty"`
	Contact   string              `json:"contact,omitempty"`
	Date      string              `json:"date,omitempty"`
	Incumbent *Use                `json:"incumbent"`
	Target    *Use                `json:"target"`
	Cutover
}

// Use is how much one application was used on one side since the time that was asked for.
type Use struct {
	Last     string   `json:"last,omitempty"`
	SignIns  int      `json:"sign_ins"`
	Failures int      `json:"failures"`
	People   int      `json:"people"`
	Names    []string `json:"names,omitempty"` // at most a hundred: login names in the terminal, pseudonyms elsewhere
}

// StillOnOld counts the applications that somebody used at the incumbent since then, and whether any log of an
// incumbent is missing.
func (o Overview) StillOnOld() (applications int, unsure bool) {
	for _, a := range o.Applications {
		if a.Incumbent == nil {
			unsure = true
		} else if a.Incumbent.SignIns > 0 {
			applications++
		}
	}
	return applications, unsure
}
