package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

const acknowledgementsFile = "acknowledgements.rehome.hcl"

type acknowledgeOptions struct {
	ids               []string
	reason, reference string
	list, all         bool
}

func acknowledgeCommand() Command {
	var o acknowledgeOptions
	return Command{
		Path: "acknowledge", Args: "[ID...]",
		Group:     groupUsual,
		Class:     classManage,
		ClassWith: map[string]commandClass{"list": classRead}, // it reads back what the last plan found
		Codes: []config.Code{
			{Code: "impact-unknown", Cause: "acknowledge names an impact that the last plan did not find.", Cure: "Read the ids with rehome acknowledge; one that changed has a new id."},
			{Code: "acknowledgement-unused", Cause: "No impact has the id of an acknowledge block.", Cure: "Remove it; an impact that changed has a new id."},
		},
		Short: "List impacts, or write acknowledge blocks for them",
		Long: `Acknowledge appends an acknowledge block for each impact to ` + acknowledgementsFile + `, so that it can be reviewed like every other
change. It takes effect, and is recorded with who and when, in the next plan. An impact that changes gets a new id and must be
acknowledged anew. Without an ID it lists what the last plan found: who feels it, what to tell them, who acknowledged it.`,
		Example: "  rehome acknowledge\n" + `  rehome acknowledge ocm-7c1e9b -reason="announced to all staff" -reference=CHG-1042`,
		Takes: func(_ *cobra.Command, args []string) error {
			switch {
			case o.list && len(args) > 0:
				return misuse("-list takes no ids")
			case !o.list && len(args) == 0 && o.reason != "":
				return misuse("name the ids of the impacts that this reason accepts, such as ocm-7c1e9b; rehome acknowledge lists them")
			}
			return nil
		},
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.reason, "reason", "", "why the impact is accepted (required)")
			f.StringVar(&o.reference, "reference", "", "change ticket or announcement")
			f.BoolVar(&o.list, "list", false, "list the impacts, as without an ID")
			f.BoolVar(&o.all, "history", false, "in the list: those that no plan finds any more, too")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			if o.list || len(r.args) == 0 && o.reason == "" {
				return listImpacts(s, o.all)
			}
			o.ids = r.args
			return runAcknowledge(s, o)
		},
	}
}

// acknowledged is what came of one call: ids in the order given, each once.
type acknowledged struct {
	FormatVersion string   `json:"format_version"`
	File          string   `json:"file"`
	Written       []string `json:"written"`
	Already       []string `json:"already"` // acknowledged by a block before
}

func runAcknowledge(s *session, o acknowledgeOptions) error {
	if strings.TrimSpace(o.reason) == "" {
		return misuse("-reason is missing: say why the impact is accepted")
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	blocks := map[string]plan.Acknowledgement{}
	for _, a := range cfg.Acknowledgements {
		blocks[a.ID] = a
	}
	result := acknowledged{FormatVersion: eventFormat, File: acknowledgementsFile, Written: []string{}, Already: []string{}}
	seen := map[string]bool{}
	for _, id := range o.ids {
		switch {
		case seen[id]:
			s.say("%s is named twice; it is written once.", id)
		case blocks[id].ID != "":
			place := blocks[id].Range
			s.say("%s is acknowledged already, at %s line %d; nothing is written for it.", id, place.File, place.Start.Line)
			result.Already = append(result.Already, id)
		default:
			result.Written = append(result.Written, id)
		}
		seen[id] = true
	}
	if err := knownImpacts(s, result.Written); err != nil {
		return err
	}
	if err := writeAcknowledgements(s, result.Written, o); err != nil {
		return err
	}
	return printAcknowledged(s, result)
}

func writeAcknowledgements(s *session, ids []string, o acknowledgeOptions) error {
	if len(ids) == 0 {
		return nil
	}
	return appendBlocks(s, acknowledgementsFile, len(ids), func(source []byte, i int) ([]byte, diag.List) {
		return config.AppendAcknowledge(source, acknowledgementsFile, plan.Acknowledgement{ID: ids[i], Reason: o.reason, Reference: o.reference})
	})
}

// appendBlocks adds blocks to a file of the folder, all or none.
func appendBlocks(s *session, name string, count int, add func(source []byte, i int) ([]byte, diag.List)) error {
	path := filepath.Join(s.folder, name)
	source, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	for i := range count {
		written, found := add(source, i)
		if found.HasErrors() {
			return found
		}
		source = written
	}
	if err := project.WriteDurably(path, source); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// knownImpacts refuses ids that the last plan did not find: a block for them would do nothing.
func knownImpacts(s *session, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	store, err := s.openState()
	if err != nil {
		return err
	}
	rows, err := store.Impacts()
	if err != nil {
		return err
	}
	known := map[string]state.ImpactRow{}
	for _, row := range rows {
		known[row.ID] = row
	}
	var problems diag.List
	for _, id := range ids {
		if !known[id].Current {
			problems = append(problems, unknownImpact(id, known[id], rows))
		}
	}
	return problems.Err()
}

func unknownImpact(id string, old state.ImpactRow, rows []state.ImpactRow) diag.Diagnostic {
	var current, successors []string
	for _, row := range rows {
		if !row.Current {
			continue
		}
		current = append(current, row.ID)
		if row.Code == old.Code && row.Audience == old.Audience {
			successors = append(successors, row.ID)
		}
	}
	switch {
	case len(rows) == 0:
		return diag.Errorf("impact-unknown", "Impact is not known", "No plan of this migration found an impact yet, so %q cannot be one.\nRun rehome plan, then acknowledge what it lists.", id)
	case old.ID != "" && len(successors) > 0:
		return diag.Errorf("impact-unknown", "Impact is not known", "The impact %s changed and has a new id: %s.\nRead it with rehome acknowledge, then acknowledge it anew.", id, strings.Join(successors, ", "))
	case old.ID != "":
		return diag.Errorf("impact-unknown", "Impact is not known", "The last plan does not find the impact %s any more, so there is nothing to acknowledge.", id)
	}
	return diag.Errorf("impact-unknown", "Impact is not known", "The last plan found no impact %q; it found %s.\nRead them with rehome acknowledge.", id, strings.Join(current, ", "))
}

func printAcknowledged(s *session, result acknowledged) error {
	if s.global.json {
		return s.document(result)
	}
	if len(result.Written) > 0 {
		fmt.Fprintf(s.env.out, "%s written to %s\n", view.Plural(len(result.Written), "acknowledge block", "acknowledge blocks"), result.File)
		s.next("rehome plan -out=plan.rehome")
	}
	return nil
}
