package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
)

func newShowCommand(env *environment, global *options) *cobra.Command {
	verbose := false
	c := &cobra.Command{
		Use:     "show FILE",
		Short:   "Show a plan file",
		Long:    "Show renders a plan file, without plugins, network or state. With -json it prints the plan as one document.",
		Example: "  rehome show plan.rehome\n  rehome show -json plan.rehome",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("show takes one plan file, such as plan.rehome; see rehome show -help")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := newSession(env, global, "show")
			if err != nil {
				return err
			}
			p, err := s.readPlan(s.path(args[0]))
			if err != nil {
				return err
			}
			if global.json {
				masked, err := s.withoutPeople(p)
				if err != nil {
					return err
				}
				encoded, err := encodeDocument(masked)
				if err != nil {
					return err
				}
				_, err = env.out.Write(encoded)
				return err
			}
			return view.Plan(env.out, p, view.PlanOptions{Style: env.style(global.noColor), Verbose: verbose, Automation: env.automation(), Now: env.now(), SavedTo: args[0]})
		},
	}
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "every step, equal ones too")
	return c
}
