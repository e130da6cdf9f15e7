package declaration

import (
	"strconv"
	"strings"
)

// Rollback is what the rollback block says about going back.
type Rollback struct {
	Summary       string   `json:"summary"`
	Owner         string   `json:"owner"`
	Steps         []string `json:"steps"`
	Until         string   `json:"until,omitempty"` // a day or an RFC 3339 time
	DecisionOwner string   `json:"decision_owner,omitempty"`
	Contact       string   `json:"contact,omitempty"`
}

// Evidence is what the evidence block declares about the move.
type Evidence struct {
	CommunicationsComplete bool   `json:"communications_complete"`
	CommunicationsSummary  string `json:"communications_summary,omitempty"`
	Reference              string `json:"reference,omitempty"`
	ValidationSummary      string `json:"validation_summary,omitempty"`
	FollowUpReviewed       bool   `json:"follow_up_reviewed"`
	FollowUpSummary        string `json:"follow_up_summary,omitempty"`
	IncumbentLogsExported  bool   `json:"incumbent_logs_exported"`
	IncumbentLogsReference string `json:"incumbent_logs_reference,omitempty"`
}

// Declared is both blocks as they were recorded on an applied plan. A block that is not there is nil.
type Declared struct {
	RecordedAt string    `json:"recorded_at,omitempty"` // RFC 3339
	RecordedBy string    `json:"recorded_by,omitempty"`
	Rollback   *Rollback `json:"rollback"`
	Evidence   *Evidence `json:"evidence"`
}

// Change is one argument of a block that differs from what was recorded. An empty text means that it was not, or is no
// longer, there.
type Change struct {
	Field  string `json:"field"` // rollback.contact
	Before string `json:"before"`
	After  string `json:"after"`
}

// Changes lists what differs, in the order of the arguments. When and by whom it was recorded is not compared.
func Changes(before, after Declared) []Change {
	old, renewed := before.fields(), after.fields()
	changes := []Change{}
	for i, field := range old {
		if field.text != renewed[i].text {
			changes = append(changes, Change{Field: field.name, Before: field.text, After: renewed[i].text})
		}
	}
	return changes
}

type field struct{ name, text string }

func (d Declared) fields() []field {
	rollback, evidence := Rollback{}, Evidence{}
	if d.Rollback != nil {
		rollback = *d.Rollback
	}
	if d.Evidence != nil {
		evidence = *d.Evidence
	}
	flag := func(set bool) string {
		if d.Evidence == nil {
			return ""
		}
		return strconv.FormatBool(set)
	}
	return []field{
		{"rollback.summary", rollback.Summary}, {"rollback.owner", rollback.Owner},
		{"rollback.steps", strings.Join(rollback.Steps, "\n")},
		{"rollback.until", rollback.Until}, {"rollback.decision_owner", rollback.DecisionOwner},
		{"rollback.contact", rollback.Contact},
		{"evidence.communications_complete", flag(evidence.CommunicationsComplete)},
		{"evidence.communications_summary", evidence.CommunicationsSummary},
		{"evidence.reference", evidence.Reference}, {"evidence.validation_summary", evidence.ValidationSummary},
		{"evidence.follow_up_reviewed", flag(evidence.FollowUpReviewed)},
		{"evidence.follow_up_summary", evidence.FollowUpSummary},
		{"evidence.incumbent_logs_exported", flag(evidence.IncumbentLogsExported)},
		{"evidence.incumbent_logs_reference", evidence.IncumbentLogsReference},
	}
}
