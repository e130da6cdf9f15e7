package view

import (
	"fmt"
	"io"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/recounting"
	"github.com/rehome-iam/rehome/state"
)

// Runs lists runs in a table.
func Runs(w io.Writer, runs []history.Run) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintln(w, "There is no run yet.")
		return err
	}
	columns := []layout.Heading{{Title: "ID"}, {Title: "STATUS"}, {Title: "BEGUN"}, {Title: "TOOK", Right: true}, {Title: "PLAN"},
		{Title: "ROLLBACK"}}
	rows := make([][]string, 0, len(runs))
	for _, run := range runs {
		took := "did not end"
		if !run.CompletedAt.IsZero() {
			took = phrase.Took(run.CompletedAt.Sub(run.StartedAt))
		}
		rows = append(rows, []string{run.ID, string(run.Status), phrase.Moment(run.StartedAt), took,
			phrase.ShortHash(run.PlanHash),
			wayBack(run)})
	}
	return layout.Table(w, columns, rows)
}

// RunOptions say how a run looks.
type RunOptions struct {
	Verbose    bool // unchanged steps too
	Automation bool // no advice to type commands
	Now        time.Time
}

// Run shows a run with each step of its plan.
func Run(w io.Writer, r *recounting.RunReport, o RunOptions) {
	run := r.Run
	fmt.Fprintf(w, "Run       %s   %s\n", run.ID, run.Status)
	fmt.Fprintf(w, "Begun     %s, %s", phrase.Moment(run.StartedAt), phrase.Ago(run.StartedAt, o.Now))
	if !run.CompletedAt.IsZero() {
		fmt.Fprintf(w, ", took %s", phrase.Took(run.CompletedAt.Sub(run.StartedAt)))
	}
	fmt.Fprintln(w, cutOff(run, o.Automation))
	if text := wayBack(run); text != "" {
		fmt.Fprintf(w, "Rollback  %s\n", text)
	}
	fmt.Fprintf(w, "Plan      %s", phrase.ShortHash(run.PlanHash))
	if r.Plan != nil {
		fmt.Fprintf(w, "   %s   classifier %s", r.Plan.Status, r.Plan.Classifier)
		for _, input := range r.Plan.Inputs {
			fmt.Fprintf(w, "\n          %s   snapshot %s   assessment %s", phrase.Clean(input.Source), input.Snapshot,
				input.Assessment)
		}
	}
	fmt.Fprintf(w, "\n\n")
	stepRows(w, r.Steps, o.Verbose)
}

// wayBack says which run this one took back, or which took it back; empty for most.
func wayBack(run history.Run) string {
	switch {
	case run.RollbackOf != "":
		return "takes back " + run.RollbackOf
	case run.RolledBackBy != "":
		return "taken back by " + run.RolledBackBy
	}
	return ""
}

// stepRows lists what needs a person first.
func stepRows(w io.Writer, all []recounting.Row, verbose bool) {
	sections := []struct {
		state history.State
		sign  string
	}{
		{history.StateFailed, "!"}, {history.StateUnknown, "!"}, {history.StateNotStarted, "!"}, {history.StateBlocked, "!"},
		{history.StateManual, "?"}, {history.StateSkipped, "-"}, {history.StateDeleted, "-"}, {history.StateChanged, "~"},
		{history.StateCreated, "+"}, {history.StateMapped, ">"}, {history.StateUnchanged, "="},
	}
	for _, section := range sections {
		var listed []recounting.Row
		for _, row := range all {
			if row.State == section.state {
				listed = append(listed, row)
			}
		}
		if len(listed) == 0 {
			continue
		}
		fmt.Fprintf(w, "%-12s %d\n", section.state, len(listed))
		if section.state == history.StateUnchanged && !verbose {
			continue
		}
		for _, row := range listed {
			stepRow(w, section.sign, row)
		}
	}
}

func stepRow(w io.Writer, sign string, row recounting.Row) {
	place := ""
	if row.Plan.File != "" {
		place = fmt.Sprintf("   %s:%d", phrase.Clean(row.Plan.File), row.Plan.Line)
	}
	server := ""
	if row.ServerID != "" {
		server = "   id " + phrase.Clean(row.ServerID)
	}
	todo := ""
	if row.FollowUp != "" {
		todo = "   " + row.FollowUp + map[bool]string{true: " open", false: " done"}[row.Open]
	}
	fmt.Fprintf(w, "  %s %s%s%s%s\n", sign, phrase.Clean(row.Title), server, todo, place)
	if row.Reason != "" {
		fmt.Fprintf(w, "      %s\n", phrase.Clean(row.Reason))
	}
}

// FollowUps lists what people must do. Newest is the id of the newest run.
func FollowUps(w io.Writer, listed []state.FollowUp, newest string) {
	if len(listed) == 0 {
		fmt.Fprintln(w, "Nothing is left to do by hand.")
	}
	for _, f := range listed {
		box, done := "[ ]", f.Status == lifecycle.FollowUpDone
		if done {
			box = "[x]"
		}
		fmt.Fprintf(w, "%s %-5s %s\n", box, f.ID, phrase.Clean(f.Title))
		if f.Reason != "" {
			fmt.Fprintf(w, "          %s\n", phrase.Clean(f.Reason))
		}
		if f.ToDo != "" {
			fmt.Fprintf(w, "          to do: %s\n", phrase.Clean(f.ToDo))
		}
		switch {
		case done:
			fmt.Fprintf(w, "          done %s by %s: %s\n", phrase.Day(f.ClosedAt), phrase.Clean(f.ClosedBy),
				phrase.Clean(f.Note))
		case f.LastRun != newest:
			fmt.Fprintf(w, "          the newest plan does not list it any more; close it when that is right\n")
		}
	}
}
