package diag

import (
	"fmt"
	"strings"
)

// Severity says whether a diagnostic stops the work.
type Severity string

// The two severities. The zero value is not valid.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Position is a place in a file. Line and Column count from 1, Byte from 0.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Range is a stretch of a file, the end excluded. An empty File means that no place is known.
type Range struct {
	File  string   `json:"file"`
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// Snippet is the source text around a range, so that a diagnostic can be rendered without the file.
type Snippet struct {
	Context string `json:"context,omitempty"` // the block it stands in, such as merge "group" "engineering"
	Code    string `json:"code"`              // the lines, without the last line break
	Line    int    `json:"line"`              // line number of the first line of Code
	From    int    `json:"from"`              // byte offset in Code where the marked part begins
	To      int    `json:"to"`                // byte offset in Code where the marked part ends
}

// Diagnostic is one problem: where, what, why, and what to do.
//
// Summary has three to five words and no user data; Detail is full sentences.
// Code is stable and listed in the documentation.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`
	Summary  string   `json:"summary"`
	Detail   string   `json:"detail,omitempty"`
	Subject  *Range   `json:"range,omitempty"`
	Snippet  *Snippet `json:"snippet,omitempty"`
	Address  string   `json:"address,omitempty"` // item or resource, such as okta.corp/application/0oa1
}

// Interrupted is what a person reads who stopped a command: what was being done, in a sentence, and how it goes on.
func Interrupted(doing string) Diagnostic {
	return Errorf("interrupted", "Command was interrupted",
		"%s\nRun the same command again: what was begun is recorded, and rehome status says what goes on.", doing)
}

// Error makes a Diagnostic usable as an error.
func (d Diagnostic) Error() string {
	if d.Detail == "" {
		return d.Summary
	}
	return d.Summary + ": " + d.Detail
}

// List is all problems of one piece of work. A List with errors is an error; use Err to get it as one.
type List []Diagnostic

// HasErrors tells whether any diagnostic stops the work.
func (l List) HasErrors() bool {
	for _, d := range l {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// Err returns the list as an error when it has errors, else nil.
func (l List) Err() error {
	if l.HasErrors() {
		return l
	}
	return nil
}

// Error joins the texts of all diagnostics.
func (l List) Error() string {
	texts := make([]string, 0, len(l))
	for _, d := range l {
		texts = append(texts, d.Error())
	}
	return strings.Join(texts, "; ")
}

// Errorf is an error diagnostic without a place.
func Errorf(code, summary, format string, args ...any) Diagnostic {
	return Diagnostic{Severity: Error, Code: code, Summary: summary, Detail: fmt.Sprintf(format, args...)}
}

// Warningf is a warning without a place.
func Warningf(code, summary, format string, args ...any) Diagnostic {
	return Diagnostic{Severity: Warning, Code: code, Summary: summary, Detail: fmt.Sprintf(format, args...)}
}
