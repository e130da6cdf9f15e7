package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/proving"
	"github.com/rehome-iam/rehome/engine/rehearsing"
	"github.com/rehome-iam/rehome/engine/scratch"
	"github.com/rehome-iam/rehome/engine/undoing"
)

type rehearseOptions struct {
	rehearsing.Input
	prepare string
	as      string
	list    bool
	verbose bool
}

func rehearseCommand() Command {
	var o rehearseOptions
	return Command{
		Path:  "rehearse",
		Group: groupUsual,
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []string{
			"rehearsal-missing", "rehearsal-no-snapshot", "rehearsal-empty", "rehearsal-target-refused",
			"rehearsal-stopped", "rehearsal-needs-no-copy",
		},
		Short: "Carry the plan out on a throw-away target, and take it back",
		Long: `Rehearse plans against the target of the rehearsal block, applies, verifies, rolls back, verifies again and compares the target with its
start. It says what each part took and what the real run will need. The real target is only read, the state gets the report alone.

A throw-away realm is best on another server: -prepare=FILE writes the settings of the target into a realm file without people, secrets,
mail server, event listeners and logout addresses, with providers disabled and new ids. Import it there under its name, set the secret
of rehome's client, and name it in a block. A realm file is rehearsed on a copy; the file itself is never written.

  rehearsal "keycloak" "scratch" {
    url           = "https://scratch.acme.example"
    realm         = "acme-rehearsal"
    client_id     = "rehome"
    client_secret = credential("scratch")
  }`,
		Example: "  rehome rehearse -prepare=acme-rehearsal.json\n  rehome rehearse\n  rehome rehearse -wave=pilot",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.Part.Wave, "wave", "", "rehearse this wave only, with what it needs")
			f.StringArrayVar(&o.Part.Targets, "target", nil, "only this step (type:key) or item, with what it needs")
			f.StringArrayVar(&o.Part.Excludes, "exclude", nil, "leave out this step or item, and what needs it")
			f.StringVar(&o.prepare, "prepare", "",
				"write the settings for a throw-away target into this new file, and do nothing else")
			f.StringVar(&o.as, "as", "", "with -prepare: the name of the throw-away target")
			f.StringVar(&o.Keep, "keep", "", "keep state, journals and copies of the rehearsal in this new folder")
			f.BoolVar(&o.list, "list", false, "list the rehearsals of this state instead")
			f.BoolVarP(&o.verbose, "verbose", "v", false, "every failure and difference")
			f.IntVar(&o.Workers, "parallelism", 4, "steps at a time, 1 to 8")
		},
		Run: o.run,
	}
}

func (o *rehearseOptions) run(ctx context.Context, r *call) error {
	switch {
	case o.list:
		return listRehearsals(ctx, r)
	case o.as != "" && o.prepare == "":
		return misuse("-as names the target that -prepare writes; give -prepare=FILE too")
	case o.prepare != "":
		return prepareRehearsal(ctx, r, *o)
	}
	o.Real = rehearsing.Real{CarryOut: applying.Unapproved(undoing.Way{}, r.env.journalWatch),
		TakeBack: undoing.Prepare, Did: proving.Did}
	if err := fewWorkers(o.Workers); err != nil {
		return err
	}
	report, err := rehearsing.Rehearse(ctx, r.Project, o.Input)
	var draft *planning.DraftError
	if errors.As(err, &draft) {
		return r.refuseDraft(draft.Plan, draft.Read)
	}
	if err != nil {
		return err
	}
	err = r.event("rehearsal", map[string]any{"report": report}, func(w io.Writer) error {
		return view.Rehearsal(w, report, o.verbose, r.readers())
	})
	if err != nil {
		return err
	}
	return finding(!report.Passed(), exitError)
}

func prepareRehearsal(ctx context.Context, r *call, o rehearseOptions) error {
	blueprint, err := scratch.Prepare(ctx, r.Project, o.prepare, o.as)
	if err != nil {
		return err
	}
	fields := map[string]any{"name": blueprint.Name, "stripped": blueprint.Stripped, "file": o.prepare}
	return r.event("rehearsal_prepared", fields, func(w io.Writer) error {
		view.RehearsalPrepared(w, blueprint, r.Config().Target.Address(), o.prepare, r.readers())
		return nil
	})
}

func listRehearsals(ctx context.Context, r *call) error {
	all, err := rehearsing.List(ctx, r.Project)
	if err != nil {
		return err
	}
	document := map[string]any{"format_version": eventFormat, "rehearsals": all}
	return r.show(document, func(w io.Writer) error { return view.Rehearsals(w, all) })
}
