package layout

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/rehome-iam/rehome/engine/phrase"
)

// Heading is one column of a table. Numbers stand on the right.
type Heading struct {
	Title string
	Right bool
}

// Table writes rows under their titles, two spaces between columns and none behind the last. Cells are cleaned.
func Table(w io.Writer, columns []Heading, rows [][]string) error {
	widths := make([]int, len(columns))
	for i, column := range columns {
		widths[i] = utf8.RuneCountInString(column.Title)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = phrase.Clean(row[i])
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	titles := make([]string, len(columns))
	for i, column := range columns {
		titles[i] = column.Title
	}
	for _, row := range append([][]string{titles}, rows...) {
		var b strings.Builder
		for i, cell := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if columns[i].Right {
				b.WriteString(pad + cell)
			} else {
				b.WriteString(cell + pad)
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// Shortened keeps a line of a list readable; show has the whole text.
func Shortened(text string) string {
	const limit = 80
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
