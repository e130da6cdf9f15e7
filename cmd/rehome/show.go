package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/plan"
)

type showOptions struct {
	markdown, html string
	verbose        bool
}

func showCommand() Command {
	var o showOptions
	return Command{
		Path: "show", Args: "[PLAN]",
		Group: groupRecords,
		Class: classFree, // a file needs no state
		Codes: []config.Code{
			{Code: "plan-unknown", Cause: "The state keeps no such plan.", Cure: "Give the hash of a plan, or a plan file."},
			{Code: "plan-file-key", Cause: "The plan file names people, and no identity at hand opens it.", Cure: "Use the identity of the team."},
			{Code: "plan-file-damaged", Cause: "The plan file is not as rehome wrote it.", Cure: "Fetch it anew or plan again."},
		},
		Short: "Show a plan",
		Long: `Show renders a plan: a plan FILE, without plugins, network or state; a plan of the state by its hash or the beginning of it; or the newest
plan of the state. With -json it prints the plan as one document.`,
		Example: "  rehome show plan.rehome\n  rehome show -html=plan.html plan.rehome\n  rehome show -json sha256:9f2c61d0",
		Takes:   cobra.MaximumNArgs(1),
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.html, "html", "", "write a page for reviewers here")
			f.StringVar(&o.markdown, "markdown", "", "write a pull-request comment here")
			f.BoolVarP(&o.verbose, "verbose", "v", false, "every step, equal ones too")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			name := ""
			if len(r.args) == 1 {
				name = r.args[0]
			}
			return runShow(s, name, o)
		},
	}
}

func runShow(s *session, name string, o showOptions) error {
	p, file, err := namedPlan(s, name)
	if err != nil {
		return err
	}
	if err := writePlanReports(s, p, o.markdown, o.html); err != nil {
		return err
	}
	if s.global.json {
		masked, err := s.WithoutPeople(p)
		if err != nil {
			return err
		}
		encoded, err := encodeDocument(masked)
		if err != nil {
			return err
		}
		_, err = s.env.out.Write(encoded)
		return err
	}
	return view.Plan(s.env.out, p, view.PlanOptions{Style: s.env.style(s.global.noColor), Verbose: o.verbose, Automation: s.env.automation(), Now: s.env.now(), SavedTo: file})
}

// namedPlan is the plan of a file, or one that the state keeps: by its hash, or the newest.
func namedPlan(s *session, name string) (*plan.Plan, string, error) {
	if name != "" && !strings.HasPrefix(name, "sha256:") {
		p, err := s.readPlan(s.path(name))
		return p, name, err
	}
	store, err := s.openState()
	if err != nil {
		return nil, "", err
	}
	kept, err := store.Plans()
	if err != nil {
		return nil, "", err
	}
	for _, record := range kept {
		if strings.HasPrefix(record.Hash, name) {
			p, err := store.Plan(record.Hash)
			return p, "", err
		}
	}
	if name == "" {
		return nil, "", diag.Errorf("plan-unknown", "There is no plan yet", "The state keeps no plan of migration %q. Run rehome plan, or name a plan file.", s.cfg.Migration.Name)
	}
	return nil, "", diag.Errorf("plan-unknown", "Plan is not known", "The state keeps no plan whose hash begins with %s. Name a plan file, or give the hash that rehome plan printed.", name)
}
