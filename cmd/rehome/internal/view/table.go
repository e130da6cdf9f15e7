package view

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/rehome-iam/rehome/engine/phrase"
)

// heading is one column of a table. Numbers stand on the right.
type heading struct {
	Title string
	Right bool
}

// writeTable writes rows under their titles, two spaces between columns and none behind the last. Cells are cleaned.
func writeTable(w io.Writer, columns []heading, rows [][]string) error {
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
