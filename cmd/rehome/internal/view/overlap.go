package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// Overlap writes one item that meets something: what it could be, best first and numbered, and what may be or was
// decided.
func Overlap(w io.Writer, o merge.Overlap, style Style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s of %s (%s)\n", style.symbol(overlapSign(o.Status)),
		strings.ReplaceAll(string(o.Item.Kind), "_", " "),
		style.bold(fmt.Sprintf("%q", phrase.Clean(o.Item.Name))), phrase.Clean(o.Item.Source), phrase.Clean(o.Item.ID))
	width := 0
	for _, m := range o.Matches {
		width = max(width, min(48, len(phrase.Clean(m.Resource.String()))))
	}
	for i, m := range o.Matches {
		fmt.Fprintf(&b, "    %d  %-*s  score %3d  %s\n", i+1, width, phrase.Clean(m.Resource.String()), m.Score,
			phrase.Clean(strings.Join(m.Reasons, ", ")))
	}
	switch {
	case o.Status == merge.OverlapPending:
		differences(&b, o.Sides)
		fmt.Fprintf(&b, "    may be  %s\n", options(o))
	case o.Decision != "":
		fmt.Fprintf(&b, "    %s  %s\n", o.Status, decidedText(o))
		if o.Status == merge.OverlapInvalid || o.Status == merge.OverlapFollowUp {
			fmt.Fprintf(&b, "    %s\n", phrase.Clean(o.Reason))
		}
	default:
		fmt.Fprintf(&b, "    %s  %s\n", o.Status, phrase.Clean(o.Reason))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func overlapSign(status merge.OverlapStatus) string {
	switch status {
	case merge.OverlapPending, merge.OverlapInvalid, merge.OverlapBlocked:
		return "!"
	case merge.OverlapFollowUp:
		return "?"
	}
	return "="
}

// differences names what the item and the resource of the same key disagree about.
func differences(b *strings.Builder, sides []merge.Side) {
	var names []string
	for _, side := range sides {
		if side.Fate != merge.FateEqual && !side.Sensitive {
			names = append(names, phrase.Clean(side.Name))
		}
	}
	if len(names) > 0 {
		fmt.Fprintf(b, "    differs in  %s\n", strings.Join(names, ", "))
	}
}

func options(o merge.Overlap) string {
	texts := make([]string, 0, len(o.Decisions))
	for _, d := range o.Decisions {
		if d == string(merge.DecisionCreate) && o.NeedsRename {
			d += " (with a rename)"
		}
		texts = append(texts, d)
	}
	return strings.Join(texts, ", ")
}

func decidedText(o merge.Overlap) string {
	text := o.Decision
	if o.Resource != nil {
		text += " -> " + phrase.Clean(o.Resource.String())
	}
	if o.DecidedBy != nil {
		text += fmt.Sprintf("  %s:%d", phrase.Clean(o.DecidedBy.File), o.DecidedBy.Line)
	} else {
		text += "  by an earlier run"
	}
	return text
}
