package view

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/cutover"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/switchover"
)

// SheetMarkdown writes the page for one application's owner.
func SheetMarkdown(w io.Writer, s switchover.Sheet, now time.Time) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: new sign-in\n\n", escape(s.Name))
	for _, line := range sheetHead(s) {
		fmt.Fprintf(&b, "- %s: %s\n", line[0], escape(line[1]))
	}
	for _, warning := range s.Warnings(now) {
		fmt.Fprintf(&b, "\n**Mind:** %s\n", warning)
	}
	fmt.Fprintf(&b, "\n## What changes on your side\n\n| | Now | New |\n| --- | --- | --- |\n")
	for _, line := range s.Lines {
		if long(line) {
			continue
		}
		label := escape(line.Label)
		if line.Changed {
			label = "**" + label + "**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", label, markdownSide(line.Old), markdownSide(line.New))
	}
	fmt.Fprintf(&b, "\nLines in bold change. %s\n", sheetOrder)
	for _, line := range s.Lines {
		if long(line) {
			fmt.Fprintf(&b, "\n### %s\n", escape(line.Label))
			markdownBlock(&b, "New", line.New)
			markdownBlock(&b, "Now", line.Old)
		}
	}
	if len(s.Tell) > 0 {
		fmt.Fprintf(&b, "\n## What to mind\n\n")
	}
	for _, text := range s.Tell {
		fmt.Fprintf(&b, "- %s\n", escape(text))
	}
	fmt.Fprintf(&b, "\n## Please confirm\n\n")
	for _, text := range s.Confirm {
		fmt.Fprintf(&b, "- [ ] %s\n", escape(text))
	}
	fmt.Fprintf(&b, "\n## Going back\n\n%s\n", escape(goingBack(s)))
	if s.Problem != "" {
		fmt.Fprintf(&b, "\nThe present values could not be told: %s\n", escape(s.Problem))
	}
	fmt.Fprintf(&b, "\n---\nWritten %s. Sheet %s\n", phrase.MomentOf(s.WrittenAt), phrase.ShortHash(s.Digest))
	_, err := io.WriteString(w, b.String())
	return err
}

const sheetOrder = "Enter the new values together, on the agreed day; until then the present ones work."

// sheetHead is who, where and when.
func sheetHead(s switchover.Sheet) [][2]string {
	head := [][2]string{{"New sign-in", s.Target}, {"Present sign-in", s.Incumbent}}
	for _, line := range [][3]string{{"Owner", s.Owner, "not named"}, {"Contact", s.Contact, "not named"},
		{"Day of the switch", s.SwitchOn, "not agreed yet"}, {"Opened", openSince(s), "not yet"}} {
		if line[1] == "" {
			line[1] = line[2]
		}
		head = append(head, [2]string{line[0], line[1]})
	}
	return head
}

// openSince is when a run opened the application, empty when none did.
func openSince(s switchover.Sheet) string {
	if s.OpenSince == "" {
		return ""
	}
	return phrase.MomentOf(s.OpenSince)
}

func goingBack(s switchover.Sheet) string {
	text := "Enter the values of the column Now again. The present sign-in is not touched by the move, so they go on " +
		"working until it is closed."
	if s.Back != "" {
		text += " Call " + s.Back + " when you do."
	}
	return text
}

// long tells whether a line needs a block of its own.
func long(line switchover.SheetLine) bool {
	return line.Name == observation.ConnectionCertificate || line.Name == observation.ConnectionClaims
}

func markdownBlock(b *strings.Builder, title string, side switchover.Side) {
	fmt.Fprintf(b, "\n%s", title)
	if side.Expires != "" {
		fmt.Fprintf(b, ", ends %s", phrase.MomentOf(side.Expires))
	}
	if side.Note != "" {
		fmt.Fprintf(b, " (%s)", escape(side.Note))
	}
	if side.Text == "" {
		if side.Note == "" {
			fmt.Fprint(b, ": not known")
		}
		fmt.Fprintln(b)
		return
	}
	fence := "```"
	for strings.Contains(side.Text, fence) {
		fence += "`"
	}
	fmt.Fprintf(b, ":\n\n%s\n", fence)
	for _, line := range strings.Split(side.Text, "\n") {
		fmt.Fprintln(b, phrase.Clean(line))
	}
	fmt.Fprintln(b, fence)
}

// markdownSide is a value in a cell of a table: each line of it in a code span.
func markdownSide(side switchover.Side) string {
	var parts []string
	for _, line := range strings.Split(side.Text, "\n") {
		if line != "" {
			parts = append(parts, codeSpan(phrase.Clean(line)))
		}
	}
	if side.Note != "" {
		parts = append(parts, escape(side.Note))
	}
	if len(parts) == 0 {
		return "not known"
	}
	return strings.Join(parts, "<br>")
}

// codeSpan writes text that a table cell shows as it stands, for pasting.
func codeSpan(text string) string {
	if strings.ContainsAny(text, "`|\\") || strings.TrimSpace(text) != text {
		return "<code>" + escape(text) + "</code>"
	}
	return "`" + text + "`"
}

// CutoverRecorded answers a change of what is recorded of an application. Text says what was changed.
func CutoverRecorded(w io.Writer, r *cutover.Recorded, text string, readers Readers) {
	fmt.Fprintf(w, "%s; it is %s\n", text, stageWords(r.Cutover.Stage))
	if r.Cutover.Next != "" && !readers.Automation {
		fmt.Fprintf(w, "Next: %s\n", r.Cutover.Next)
	}
}

// SheetFiles lists the files that sheets were written into: names are those in the folder, without an ending.
func SheetFiles(w io.Writer, r *cutover.SheetsReport, folder string, names []string, readers Readers) {
	for i, sheet := range r.Sheets {
		fmt.Fprintf(w, "%-30s %s\n", phrase.Clean(sheet.Name), filepath.Join(folder, names[i]+".*"))
	}
	fmt.Fprintf(w, "\n%s in %s\n", phrase.Plural(len(r.Sheets), "sheet", "sheets"), folder)
	for _, name := range r.Missing {
		fmt.Fprintf(w, "! %s has none: the target does not have it yet\n", phrase.Clean(name))
	}
	if !readers.Automation {
		fmt.Fprintln(w, "Next: give each to its owner, then rehome sheet record APPLICATION -delivered-to=OWNER")
	}
}
