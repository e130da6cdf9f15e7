package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/state"
)

func newCredentialsCommand(env *environment, global *options) *cobra.Command {
	c := &cobra.Command{
		Use:   "credentials",
		Short: "Keep secrets encrypted in the state",
		Long: `Credentials are secrets that the configuration refers to by name, as credential("okta-corp"). A value is read from standard input or,
in a terminal, without being shown; it is never an argument.`,
		Example: "  rehome credentials set okta-corp < token.txt\n  rehome credentials list",
	}
	run := func(do func(*session, []string) error) func(*cobra.Command, []string) error {
		return inSession(env, global, func(_ *cobra.Command, s *session, args []string) error { return do(s, args) })
	}
	c.AddCommand(
		newRotateClientCommand(env, global),
		&cobra.Command{Use: "set NAME", Short: "Keep a secret", Args: cobra.ExactArgs(1), Example: "  rehome credentials set okta-corp < token.txt", RunE: run(setCredential)},
		&cobra.Command{Use: "list", Short: "List the names", Args: cobra.NoArgs, Example: "  rehome credentials list", RunE: run(listCredentials)},
		&cobra.Command{Use: "delete NAME", Short: "Forget a secret", Args: cobra.ExactArgs(1), Example: "  rehome credentials delete okta-corp", RunE: run(deleteCredential)},
	)
	c.AddCommand(newRotateKeyCommand(env, global))
	return c
}

func setCredential(s *session, args []string) error {
	value, err := s.Ask.Secret(s.ctx, "Value (not shown): ")
	if err != nil {
		return err
	}
	store, err := s.openState()
	if err != nil {
		return err
	}
	if err := store.PutCredential(args[0], value, s.event("migration.credential.set", args[0], nil)); err != nil {
		return fmt.Errorf("keeping credential %s: %w", args[0], err)
	}
	fmt.Fprintf(s.env.out, "Credential %s is kept, encrypted.\n", args[0])
	return nil
}

func listCredentials(s *session, _ []string) error {
	store, err := s.openState()
	if err != nil {
		return err
	}
	names, err := store.CredentialNames()
	if err != nil {
		return err
	}
	if s.global.json {
		return showDocument(s.env.out, map[string]any{"format_version": eventFormat, "credentials": append([]string{}, names...)})
	}
	if len(names) == 0 {
		fmt.Fprintln(s.env.out, "No credential is kept.")
	}
	for _, name := range names {
		fmt.Fprintln(s.env.out, view.Clean(name))
	}
	return nil
}

func deleteCredential(s *session, args []string) error {
	store, err := s.openState()
	if err != nil {
		return err
	}
	if err := store.DeleteCredential(args[0], s.event("migration.credential.deleted", args[0], nil)); err != nil {
		if errors.Is(err, state.ErrNotFound) {
			return diag.Errorf("credential-unknown", "Credential is not known", "No credential %q is kept; rehome credentials list shows the names.", view.Clean(args[0]))
		}
		return fmt.Errorf("forgetting credential %s: %w", args[0], err)
	}
	fmt.Fprintf(s.env.out, "Credential %s is gone.\n", args[0])
	return nil
}
