package config

import (
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/rehome-iam/rehome/engine/declaration"
)

func (l *loader) rollback(block *hcl.Block) *declaration.Rollback {
	f := l.content(block.Body, []string{"summary", "owner", "steps"}, []string{"until", "decision_owner", "contact"})
	for _, name := range []string{"summary", "owner", "until", "decision_owner", "contact"} {
		f.notEmpty(name)
	}
	return &declaration.Rollback{Summary: f.text("summary"), Owner: f.text("owner"), Steps: f.list("steps"),
		Until:         f.day("until"),
		DecisionOwner: f.text("decision_owner"), Contact: f.text("contact")}
}

func (l *loader) evidence(block *hcl.Block) *declaration.Evidence {
	f := l.content(block.Body, nil, []string{"communications_complete", "communications_summary", "reference",
		"validation_summary",
		"follow_up_reviewed", "follow_up_summary", "incumbent_logs_exported", "incumbent_logs_reference"})
	return &declaration.Evidence{CommunicationsComplete: f.flag("communications_complete"),
		CommunicationsSummary: f.text("communications_summary"),
		Reference:             f.text("reference"), ValidationSummary: f.text("validation_summary"),
		FollowUpReviewed: f.flag("follow_up_reviewed"),
		FollowUpSummary:  f.text("follow_up_summary"), IncumbentLogsExported: f.flag("incumbent_logs_exported"),
		IncumbentLogsReference: f.text("incumbent_logs_reference")}
}

// day is a calendar day or a time of RFC 3339.
func (f fields) day(name string) string {
	text := f.text(name)
	if text == "" {
		return ""
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if _, err := time.Parse(layout, text); err == nil {
			return text
		}
	}
	f.l.report(codeArgumentInvalid, "Invalid date", f.attributes[name].Expr.Range(),
		"%s is a day such as \"2026-12-31\", or a time such as \"2026-12-31T18:00:00Z\".", name)
	return ""
}
