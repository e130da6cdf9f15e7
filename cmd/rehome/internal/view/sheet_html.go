package view

import (
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/switchover"
)

// sheetPage asks nothing of any other server and prints on one or two pages.
const sheetPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Sheet.Name}}: new sign-in</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #ccc; padding: .4rem .6rem; text-align: left; vertical-align: top }
code, pre { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap }
pre { border: 1px solid #ccc; padding: .6rem }
.changed th { background: #fff3cd }
.note, footer { color: #555; font-size: 13px }
.mind { border-left: 4px solid #b00; padding-left: .6rem }
</style>
<h1>{{.Sheet.Name}}: new sign-in</h1>
<table>{{range .Head}}<tr><th>{{index . 0}}</th><td>{{index . 1}}</td></tr>{{end}}</table>
{{range .Warnings}}<p class="mind">{{.}}</p>{{end}}
<h2>What changes on your side</h2>
<table>
<tr><th></th><th>Now</th><th>New</th></tr>
{{range .Lines}}<tr{{if .Changed}} class="changed"{{end}}><th>{{.Label}}</th><td>{{template "side" .Old}}</td><td>{{template "side" .New}}</td></tr>
{{end}}</table>
<p>Marked lines change. {{.Order}}</p>
{{if .Sheet.Tell}}<h2>What to mind</h2>
<ul>{{range .Sheet.Tell}}<li>{{.}}</li>{{end}}</ul>{{end}}
<h2>Please confirm</h2>
<ul>{{range .Sheet.Confirm}}<li><label><input type="checkbox"> {{.}}</label></li>{{end}}</ul>
<h2>Going back</h2>
<p>{{.Back}}</p>
{{if .Sheet.Problem}}<p class="mind">The present values could not be told: {{.Sheet.Problem}}</p>{{end}}
<footer>Written {{.Written}}. Sheet {{.Sheet.Digest}}</footer>
</html>
{{define "side"}}{{if .Text}}<pre>{{.Text}}</pre>{{end}}{{if .Expires}}<div>ends {{.Expires}}</div>{{end}}{{if .Note}}<div class="note">{{.Note}}</div>{{end}}{{if not .Text}}{{if not .Note}}<span class="note">not known</span>{{end}}{{end}}{{end}}
`

// SheetHTML writes the page for one application's owner as one HTML file.
func SheetHTML(w io.Writer, s switchover.Sheet, now time.Time) error {
	page, err := template.New("sheet").Parse(sheetPage)
	if err != nil {
		return err
	}
	warnings := s.Warnings(now)
	s = cleanSheet(s)
	return page.Execute(w, map[string]any{
		"Sheet": s, "Head": sheetHead(s), "Lines": s.Lines, "Warnings": warnings, "Order": sheetOrder, "Back": goingBack(s),
		"Written": phrase.MomentOf(s.WrittenAt),
	})
}

// cleanSheet strips control characters; the template escapes the rest.
func cleanSheet(s switchover.Sheet) switchover.Sheet {
	s.Name, s.Problem = phrase.Clean(s.Name), phrase.Clean(s.Problem)
	lines := make([]switchover.SheetLine, len(s.Lines))
	for i, line := range s.Lines {
		line.Label, line.Old, line.New = phrase.Clean(line.Label), cleanSide(line.Old), cleanSide(line.New)
		lines[i] = line
	}
	s.Lines = lines
	return s
}

func cleanSide(side switchover.Side) switchover.Side {
	rows := strings.Split(side.Text, "\n")
	for i, row := range rows {
		rows[i] = phrase.Clean(row)
	}
	side.Text, side.Note = strings.Join(rows, "\n"), phrase.Clean(side.Note)
	if side.Expires != "" {
		side.Expires = phrase.MomentOf(side.Expires)
	}
	return side
}
