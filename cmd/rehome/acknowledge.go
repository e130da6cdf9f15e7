package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/config"
)

const acknowledgementsFile = "acknowledgements.rehome.hcl"

func newAcknowledgeCommand(env *environment, global *options) *cobra.Command {
	var reason, reference string
	c := &cobra.Command{
		Use:   "acknowledge ID...",
		Short: "Write acknowledge blocks for impacts",
		Long: `Acknowledge appends an acknowledge block for each impact to ` + acknowledgementsFile + `, so that it can be reviewed like every other
change. The ids are in the output of rehome plan.`,
		Example: `  rehome acknowledge ocm-7c1e9b -reason="announced to all staff" -reference=CHG-1042`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("acknowledge needs the id of an impact, such as ocm-7c1e9b; rehome plan lists them")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := newSession(env, global, "acknowledge")
			if err != nil {
				return err
			}
			defer s.close()
			return runAcknowledge(s, args, reason, reference)
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why the impact is accepted (required)")
	c.Flags().StringVar(&reference, "reference", "", "change ticket or announcement")
	return c
}

func runAcknowledge(s *session, ids []string, reason, reference string) error {
	if reason == "" {
		return errors.New("-reason is missing: say why the impact is accepted")
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, a := range cfg.Acknowledgements {
		known[a.ID] = true
	}
	path := filepath.Join(s.folder, acknowledgementsFile)
	source, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading %s: %w", acknowledgementsFile, err)
	}
	for _, id := range ids {
		if known[id] {
			fmt.Fprintf(s.env.out, "%s is acknowledged already\n", id)
			continue
		}
		written, found := config.AppendAcknowledge(source, acknowledgementsFile, config.Acknowledge{ID: id, Reason: reason, Reference: reference})
		if found.HasErrors() {
			return found
		}
		source, known[id] = written, true
		fmt.Fprintf(s.env.out, "%s written to %s\n", id, acknowledgementsFile)
	}
	if err := writeDurably(path, source); err != nil {
		return fmt.Errorf("writing %s: %w", acknowledgementsFile, err)
	}
	return os.Chmod(path, 0o644)
}
