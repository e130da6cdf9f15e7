package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/state"
)

func followUpCommand() Command {
	return Command{
		Path: "run follow-up",

		Short:   "The checklist of what people must do",
		Example: "  rehome run follow-up list\n  rehome run follow-up done f-3 -note=\"rebuilt by the team\"",
		Takes:   cobra.NoArgs,
	}
}

func followUpListCommand() Command {
	all := false
	return Command{
		Path:    "run follow-up list",
		Class:   classRead,
		Short:   "List what is left to do by hand",
		Example: "  rehome run follow-up list\n  rehome run follow-up list -all -json",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&all, "all", false, "closed ones too")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runFollowUpList(s, all)
		},
	}
}

func followUpDoneCommand() Command {
	note := ""
	return Command{
		Path: "run follow-up done", Args: "ID",
		Class: classManage,
		Codes: []config.Code{
			{Code: "follow-up-unknown", Cause: "The migration has no follow-up with that id.", Cure: "See the ids with rehome run follow-up list."},
			{Code: "follow-up-closed", Cause: "The follow-up was closed before; its note stays.", Cure: "Nothing is to be done."},
		},
		Short:   "Close a follow-up, with a note that says what was done",
		Example: "  rehome run follow-up done f-3 -note=\"rebuilt by the team, see CHG-1042\"",
		Takes: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("follow-up done takes one id, such as f-3; rehome run follow-up list shows them")
			}
			return nil
		},
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&note, "note", "", "what was done; needed, and kept in the audit chain")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runFollowUpDone(s, r.args[0], note)
		},
	}
}

func runFollowUpList(s *session, all bool) error {
	store, err := s.openState()
	if err != nil {
		return err
	}
	found, err := store.FollowUps()
	if err != nil {
		return err
	}
	listed := []state.FollowUp{}
	for _, f := range found {
		if all || f.Status == state.FollowUpOpen {
			listed = append(listed, f)
		}
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": eventFormat, "follow_ups": listed})
	}
	if len(listed) == 0 {
		fmt.Fprintln(s.env.out, "Nothing is left to do by hand.")
		return nil
	}
	newest := ""
	if runs, err := migrationRuns(s); err == nil && len(runs) > 0 {
		newest = runs[0].ID
	}
	for _, f := range listed {
		printFollowUp(s, f, newest)
	}
	return nil
}

func printFollowUp(s *session, f state.FollowUp, newest string) {
	w := s.env.out
	box := "[ ]"
	if f.Status == state.FollowUpDone {
		box = "[x]"
	}
	fmt.Fprintf(w, "%s %-5s %s\n", box, f.ID, view.Clean(f.Title))
	if f.Reason != "" {
		fmt.Fprintf(w, "          %s\n", view.Clean(f.Reason))
	}
	if f.ToDo != "" {
		fmt.Fprintf(w, "          to do: %s\n", view.Clean(f.ToDo))
	}
	if f.Status == state.FollowUpDone {
		fmt.Fprintf(w, "          done %s by %s: %s\n", view.Day(f.ClosedAt), view.Clean(f.ClosedBy), view.Clean(f.Note))
	} else if f.LastRun != newest {
		fmt.Fprintf(w, "          the newest plan does not list it any more; close it when that is right\n")
	}
}

func runFollowUpDone(s *session, id, note string) error {
	if strings.TrimSpace(note) == "" {
		return misuse("-note is missing: say what was done, for those who read the evidence later")
	}
	store, err := s.openState() // not openForChange: follow-ups close after the incumbent is gone and its source block with it
	if err != nil {
		return err
	}
	f, err := store.CloseFollowUp(id, note, s.event("", "", nil))
	if err != nil {
		return followUpError(id, f, err)
	}
	open, err := openFollowUps(s)
	if err != nil {
		return err
	}
	s.events.emit("follow_up_done", map[string]any{"id": f.ID, "step_id": f.StepID, "note": f.Note, "open": len(open)})
	if !s.global.json {
		fmt.Fprintf(s.env.out, "%s is done: %s. %s left.\n", f.ID, view.Clean(f.Title), view.Plural(len(open), "follow-up", "follow-ups"))
	}
	return nil
}
