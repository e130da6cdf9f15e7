package view

import (
	"io"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// Plans lists plans in a table: what of them may still be applied is seen by status and end.
func Plans(w io.Writer, plans []history.PlanRecord, now time.Time) error {
	rows := make([][]string, 0, len(plans))
	for _, p := range plans {
		hash, ends := "-", "-" // a draft has no hash, and nothing of it can be applied
		if p.Hash != "" {
			hash = phrase.ShortHash(p.Hash)
			if ends = phrase.Moment(p.ExpiresAt); now.After(p.ExpiresAt) {
				ends = "expired"
			}
		}
		rows = append(rows, []string{hash, string(p.Status), phrase.Moment(p.CreatedAt), ends, dash(p.Wave), dash(p.Run),
			dash(strings.Join(p.Blockers, ", "))})
	}
	return layout.Table(w, []layout.Heading{{Title: "HASH"}, {Title: "STATUS"}, {Title: "MADE"}, {Title: "GOOD UNTIL"},
		{Title: "WAVE"}, {Title: "RUN"}, {Title: "BLOCKERS"}}, rows)
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
