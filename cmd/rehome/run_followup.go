package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/recounting"
)

func followUpCommand() Command {
	return Command{
		Path: "run follow-up",

		Short:   "The checklist of what people must do",
		Example: "  rehome run follow-up list\n  rehome run follow-up done f-3 -note=\"rebuilt by the team\"",
	}
}

func followUpListCommand() Command {
	all := false
	return Command{
		Path:    "run follow-up list",
		Class:   classRead,
		Short:   "List what is left to do by hand",
		Example: "  rehome run follow-up list\n  rehome run follow-up list -all -json",
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&all, "all", false, "closed ones too")
		},
		Run: func(ctx context.Context, r *call) error {
			listed, err := recounting.FollowUps(ctx, r.Project, all)
			if err != nil {
				return err
			}
			newest, err := recounting.Newest(ctx, r.Project)
			if err != nil {
				return err
			}
			return r.show(map[string]any{"format_version": eventFormat, "follow_ups": listed}, func(w io.Writer) error {
				view.FollowUps(w, listed, newest)
				return nil
			})
		},
	}
}

func followUpDoneCommand() Command {
	note := ""
	return Command{
		Path: "run follow-up done", Args: "ID",
		Class:   classManage,
		Codes:   []string{"follow-up-unknown", "follow-up-closed"},
		Short:   "Close a follow-up, with a note that says what was done",
		Example: "  rehome run follow-up done f-3 -note=\"rebuilt by the team, see CHG-1042\"",
		Takes:   one("follow-up done takes one id, such as f-3; rehome run follow-up list shows them"),
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&note, "note", "", "what was done; needed, and kept in the audit chain")
		},
		Needs: map[string]string{"note": "say what was done, for those who read the evidence later"},
		Run: func(ctx context.Context, r *call) error {
			done, err := recounting.CloseFollowUp(ctx, r.Project, r.arg(0), note)
			if err != nil || r.global.json {
				return err
			}
			_, err = fmt.Fprintf(r.env.out, "%s is done: %s. %s left.\n", done.FollowUp.ID, phrase.Clean(done.FollowUp.Title),
				phrase.Plural(done.Open, "follow-up", "follow-ups"))
			return err
		},
	}
}
