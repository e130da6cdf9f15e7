package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/rehearsal"
	"github.com/rehome-iam/rehome/state"
)

type rehearseOptions struct {
	part    planning.Part
	keep    string
	prepare string
	as      string
	list    bool
	verbose bool
	workers int
}

func rehearseCommand() Command {
	var o rehearseOptions
	return Command{
		Path:  "rehearse",
		Group: groupUsual,
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []config.Code{
			{Code: "rehearsal-missing", Cause: "The configuration names no throw-away target.", Cure: "Write a rehearsal block."},
			{Code: "rehearsal-no-snapshot", Cause: "A source was not collected yet.", Cure: "Run rehome collect."},
			{Code: "rehearsal-empty", Cause: "The plan changes nothing in the throw-away target.", Cure: "Rehearse on a target as the real one is before the run."},
			{Code: "rehearsal-target-refused", Cause: "The target of the rehearsal block is the real one, was used before, or could reach people.", Cure: "Make a throw-away target with rehome rehearse -prepare."},
			{Code: "rehearsal-stopped", Cause: "A rehearsal was interrupted, or could not go on.", Cure: "Mend what the message names, make the throw-away target anew, and rehearse again."},
			{Code: "rehearsal-needs-no-copy", Cause: "-prepare was given for a target that is a file.", Cure: "Name the file in a rehearsal block."},
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
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.part.Wave, "wave", "", "rehearse this wave only, with what it needs")
			f.StringArrayVar(&o.part.Targets, "target", nil, "only this step (type:key) or item, with what it needs")
			f.StringArrayVar(&o.part.Excludes, "exclude", nil, "leave out this step or item, and what needs it")
			f.StringVar(&o.prepare, "prepare", "", "write the settings for a throw-away target into this new file, and do nothing else")
			f.StringVar(&o.as, "as", "", "with -prepare: the name of the throw-away target")
			f.StringVar(&o.keep, "keep", "", "keep state, journals and copies of the rehearsal in this new folder")
			f.BoolVar(&o.list, "list", false, "list the rehearsals of this state instead")
			f.BoolVarP(&o.verbose, "verbose", "v", false, "every failure and difference")
			f.IntVar(&o.workers, "parallelism", 4, "steps at a time, 1 to 8")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runRehearse(ctx, s, o)
		},
	}
}

func runRehearse(ctx context.Context, s *session, o rehearseOptions) error {
	if o.workers < 1 || o.workers > 8 {
		return errors.New("-parallelism must be 1 to 8: the target gets slower above that")
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	switch {
	case o.list:
		return listRehearsals(s)
	case o.as != "" && o.prepare == "":
		return errors.New("-as names the target that -prepare writes; give -prepare=FILE too")
	case o.prepare != "":
		return prepareRehearsal(ctx, s, o)
	case cfg.Rehearsal == nil:
		return diag.Errorf("rehearsal-missing", "There is no throw-away target", "The configuration has no rehearsal block. rehome rehearse -help shows one, and -prepare=FILE makes what it needs.")
	}
	if _, err := s.openForChange(); err != nil {
		return err
	}
	var report *rehearsal.Report
	err = s.Hold(ctx, state.WorkRehearse, "", "", func(ctx context.Context, a state.Activity) error {
		r, err := openRehearsal(ctx, s, o, a.ID)
		if err != nil {
			return err
		}
		report, err = r.run(ctx)
		if closing := r.close(); err == nil {
			err = closing
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := recordRehearsal(s, report); err != nil {
		return err
	}
	s.events.emit("rehearsal", map[string]any{"format_version": eventFormat, "report": report})
	if !s.global.json {
		printRehearsal(s, report, o.verbose)
	}
	if !report.Passed() {
		return &statusError{status: exitError, quiet: true, err: errFinding}
	}
	return nil
}

// recordRehearsal is all that the state of the migration gets.
func recordRehearsal(s *session, report *rehearsal.Report) error {
	encoded, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("encoding the report of the rehearsal: %w", err)
	}
	r := state.Rehearsal{ID: s.NewID("d"), Migration: s.cfg.Migration.Name, At: s.env.now().UTC(), Passed: report.Passed(), Report: encoded}
	facts := map[string]string{"target": report.Target.Identity, "passed": fmt.Sprint(r.Passed), "plan": report.PlanHash}
	return s.store.PutRehearsal(r, s.event("migration.rehearsal.completed", r.ID, facts))
}

// prepareRehearsal writes what a throw-away target is made of.
func prepareRehearsal(ctx context.Context, s *session, o rehearseOptions) error {
	if _, err := s.openState(); err != nil {
		return err
	}
	providers, err := s.providers()
	if err != nil {
		return err
	}
	target, schema, err := providers.target(ctx, s.cfg.Target, s.cfg)
	if err != nil {
		return err
	}
	defer target.Close()
	if targetFile(schema) != "" {
		return diag.Errorf("rehearsal-needs-no-copy", "Target needs no copy", "The target %s is a file, and a rehearsal works on a copy of its own. Name the file in a rehearsal block.", s.cfg.Target.Address())
	}
	blueprint, err := target.Blueprint(ctx, o.as)
	if err != nil {
		return err
	}
	file, err := project.NewPrivateFile(s.path(o.prepare))
	if err != nil {
		return err
	}
	_, err = file.Write(blueprint.Document)
	if err := file.Close(err); err != nil {
		return err
	}
	facts := map[string]string{"name": blueprint.Name, "stripped": fmt.Sprint(len(blueprint.Stripped))}
	if err := s.store.Note(s.event("migration.rehearsal.prepared", s.cfg.Target.Address(), facts)); err != nil {
		return fmt.Errorf("recording the copy of the settings: %w", err)
	}
	s.events.emit("rehearsal_prepared", map[string]any{"name": blueprint.Name, "stripped": blueprint.Stripped, "file": o.prepare})
	if !s.global.json {
		printPrepared(s, blueprint, o.prepare)
	}
	return nil
}
