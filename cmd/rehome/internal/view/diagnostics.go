package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// Diagnostics writes all problems, errors first in the order they came.
func Diagnostics(w io.Writer, list diag.List, style Style) {
	for _, d := range list {
		diagnostic(w, d, style)
	}
}

// diagnostic writes one problem: title with code, place with snippet, detail.
func diagnostic(w io.Writer, d diag.Diagnostic, style Style) {
	label, paint := "Error", style.red
	if d.Severity == diag.Warning {
		label, paint = "Warning", style.yellow
	}
	title := label + ": " + phrase.Clean(d.Summary)
	code := "[" + d.Code + "]"
	gap := max(2, 78-len(title)-len(code))
	fmt.Fprintf(w, "%s%s%s\n", paint(title), strings.Repeat(" ", gap), style.dim(code))
	if d.Subject != nil && d.Subject.File != "" {
		place := fmt.Sprintf("  on %s line %d", phrase.Clean(d.Subject.File), d.Subject.Start.Line)
		if d.Snippet != nil && d.Snippet.Context != "" {
			place += ", in " + phrase.Clean(d.Snippet.Context)
		}
		fmt.Fprintf(w, "%s:\n", place)
		snippet(w, d.Snippet, style)
	} else if d.Address != "" {
		fmt.Fprintf(w, "  at %s\n", phrase.Clean(d.Address))
	}
	for _, line := range strings.Split(d.Detail, "\n") {
		if line != "" {
			fmt.Fprintf(w, "%s\n", phrase.Clean(line))
		}
	}
	fmt.Fprintln(w)
}

func snippet(w io.Writer, s *diag.Snippet, style Style) {
	if s == nil || s.Code == "" {
		return
	}
	offset := 0
	for i, line := range strings.Split(s.Code, "\n") {
		number := fmt.Sprintf("  %3d: ", s.Line+i)
		fmt.Fprintf(w, "%s%s\n", style.dim(number), strings.ReplaceAll(phrase.Clean(strings.ReplaceAll(line, "\t", "\x00")),
			"\x00", " "))
		from, to := s.From-offset, min(s.To-offset, len(line))
		if from >= 0 && from <= len(line) && to > from {
			fmt.Fprintf(w, "%s%s\n", strings.Repeat(" ", len(number)+len([]rune(line[:from]))),
				style.red(strings.Repeat("^", len([]rune(line[from:to])))))
		}
		offset += len(line) + 1
	}
}
