package main

import (
	"context"
	"errors"
	"fmt"

	goversion "github.com/hashicorp/go-version"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/reading"
)

func validateCommand() Command {
	online, phase := false, ""
	return Command{
		Path:      "validate",
		Group:     groupUsual,
		Class:     classFree,
		ClassWith: map[string]commandClass{"online": classRead}, // it asks source and target
		Codes: []config.Code{
			{Code: "permission-missing", Cause: "A credential lacks a permission that rehome needs, found by validate -online.", Cure: "Grant what the message names."},
			{Code: "online-failed", Cause: "A source or target could not be asked for its permissions.", Cure: "Read the message: address, credential or network."},
		},
		Short: "Check the configuration",
		Long: `Validate checks the configuration without reading a tenant. Where the folder is initialised, the arguments of source and
target blocks are checked against their providers too.

With -online it asks sources and target who they are and lists by name the permissions that are granted, missing or cannot be told,
without writing anything. It ends with 1 when one is missing that is needed; one without which only something extra does not work is shown as "without".
-for=plan leaves out what only applying needs.`,
		Example: "  rehome validate\n  rehome validate -online -for=plan",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&online, "online", false, "ask sources and target which permissions are missing")
			f.StringVar(&phase, "for", "", "with -online: plan or apply; both without it")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runValidate(ctx, s, online, phase)
		},
	}
}

type validation struct {
	FormatVersion string        `json:"format_version"`
	Valid         bool          `json:"valid"`
	Diagnostics   diag.List     `json:"diagnostics"`
	Online        []onlineBlock `json:"online,omitempty"`
}

func runValidate(ctx context.Context, s *session, online bool, phase string) error {
	if phase != "" && (!online || phase != config.PhasePlan && phase != config.PhaseApply) {
		return misuse("-for is plan or apply and goes with -online; without it both are checked")
	}
	_, err := s.load()
	if err == nil {
		err = validateProviders(ctx, s)
	}
	var asked []onlineBlock
	if err == nil && online {
		if asked, err = checkOnline(ctx, s, phase); err == nil {
			err = onlineProblems(asked).Err()
		}
	}
	if s.global.json {
		result := validation{FormatVersion: eventFormat, Valid: err == nil, Diagnostics: diag.List{}, Online: asked}
		if err != nil {
			result.Diagnostics = diagnosticsOf(err)
		}
		if encoding := showDocument(s.env.out, result); encoding != nil {
			return encoding
		}
		if err != nil {
			return &statusError{status: exitError, quiet: true, err: err}
		}
		return nil
	}
	printOnline(s.env.out, asked)
	if err == nil && !online {
		fmt.Fprintln(s.env.out, "The configuration is valid.")
	}
	if err == nil && online {
		fmt.Fprintln(s.env.out, "\nThe configuration is valid and nothing that can be told is missing.")
	}
	return err
}

// validateProviders checks the bodies of source and target blocks; all problems at once. A folder that is not initialised, or misses
// a plugin, is checked without them.
func validateProviders(ctx context.Context, s *session) error {
	providers, err := s.providers()
	if err != nil {
		return err
	}
	var found diag.List
	blocks := append(reading.Sources(s.cfg), s.cfg.Target)
	for i, block := range blocks {
		if _, locked := providers.LockedChecksum(block.Provider); !locked && !providers.Overridden(block.Provider) {
			s.say("Note: provider %s is not initialised, so the arguments of %s are not checked. Run rehome init.", block.Provider, block.Address())
			continue
		}
		err := validateBlock(ctx, s, providers, block, i == len(blocks)-1)
		var list diag.List
		switch {
		case errors.As(err, &list):
			found = append(found, list...)
		case err != nil:
			return err
		}
	}
	return found.Err()
}

func validateBlock(ctx context.Context, s *session, p *plugins, block *config.ProviderBlock, isTarget bool) error {
	if isTarget {
		target, _, err := p.target(ctx, block, s.cfg)
		if err == nil {
			target.Close()
		}
		return err
	}
	source, err := p.source(ctx, block, s.cfg)
	if err == nil {
		source.Close()
	}
	return err
}

// satisfies checks a plugin's version against the constraint of required_providers.
func satisfies(name, version, constraint string) error {
	if constraint == "" {
		return nil
	}
	wanted, err := goversion.NewConstraint(constraint)
	if err != nil {
		return diag.Errorf("version-constraint-invalid", "Version constraint is invalid", "The version %q of provider %q is no constraint such as \">= 0.1.0\".", constraint, name)
	}
	got, err := goversion.NewVersion(version)
	if err != nil {
		return diag.Errorf("plugin-version-mismatch", "Provider has no version", "The plugin of provider %q says its version is %q.", name, version)
	}
	if !wanted.Check(got) {
		return diag.Errorf("plugin-version-mismatch", "Provider version does not fit", "The plugin of provider %q has version %s, the configuration wants %s.\nInstall a version that fits and run rehome init -upgrade.", name, version, constraint)
	}
	return nil
}
