package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/cutover"
	"github.com/rehome-iam/rehome/engine/standing"
	"github.com/rehome-iam/rehome/engine/undoing"
)

func statusCommand() Command {
	apps, since, look := false, sinceFlag, false
	return Command{
		Path:      "status",
		Group:     groupUsual,
		Class:     classRead,
		ClassWith: map[string]commandClass{"apps": classManage}, // it remembers what the logs of sign-ins say
		Short:     "Show where the migration stands",
		Long: `Status reads the state and says what is done, what stands in the way, and the one command to run next. It changes nothing.
With -apps it asks target and incumbents who signed in, remembers how often and when, and shows where the cutover of each application
stands and who is still on the old one. A log that cannot be read is a question, never zero.
What going back would cost is counted from the record of the newest run; with -rollback the target is asked what of it was changed or
used since.`,
		Example: "  rehome status\n  rehome status -json\n  rehome status -apps -since=7d\n  rehome status -rollback",
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&apps, "apps", false, "the cutover of each application, with its sign-ins on both sides")
			f.StringVar(&since, "since", sinceFlag, "with -apps: sign-ins since then, such as 30d, 12h or 2026-11-01")
			f.BoolVar(&look, "rollback", false, "ask the target what going back would cost now")
		},
		Run: func(ctx context.Context, r *call) error {
			if apps {
				return runStatusApps(ctx, r, since)
			}
			if r.flags.Changed("since") {
				return misuse("-since belongs to -apps: rehome status -apps -since=7d")
			}
			return runStatus(ctx, r, look)
		},
	}
}

// sinceFlag is the default of status -apps -since.
const sinceFlag = "30d"

func runStatus(ctx context.Context, r *call, look bool) error {
	now, err := standing.Of(ctx, r.Project, undoing.CostOf, look)
	if err != nil {
		return err
	}
	return r.show(now, func(w io.Writer) error { return view.Status(w, now, r.readers()) })
}

func runStatusApps(ctx context.Context, r *call, since string) error {
	from, err := parseSince(since, r.Now().UTC())
	if err != nil {
		return err
	}
	overview, err := cutover.Applications(ctx, r.Project, from)
	if err != nil {
		return err
	}
	if !r.global.json {
		return view.Applications(r.env.out, *overview,
			view.ApplicationsOptions{Style: r.style(), Automation: r.env.automation(), Now: r.Now().UTC()})
	}
	m, err := r.Masker(nil)
	if err != nil {
		return err
	}
	if m != nil {
		overview.HideUsers(m)
	}
	return layout.Document(r.env.out, overview)
}
