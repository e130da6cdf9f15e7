package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/deciding"
	"github.com/rehome-iam/rehome/engine/phrase"
)

type acknowledgeOptions struct {
	deciding.Acknowledgement
	list, history bool
}

func acknowledgeCommand() Command {
	var o acknowledgeOptions
	return Command{
		Path: "acknowledge", Args: "[ID...]",
		Group:     groupUsual,
		Class:     classManage,
		ClassWith: map[string]commandClass{"list": classRead}, // it reads back what the last plan found
		Codes:     []string{"impact-unknown", "acknowledgement-unused"},
		Short:     "List impacts, or write acknowledge blocks for them",
		Long: `Acknowledge appends an acknowledge block for each impact to ` + deciding.AcknowledgementsFile + `, so that it can be reviewed like every other
change. It takes effect, and is recorded with who and when, in the next plan. An impact that changes gets a new id and must be
acknowledged anew. Without an ID it lists what the last plan found: who feels it, what to tell them, who acknowledged it.`,
		Example: "  rehome acknowledge\n" +
			`  rehome acknowledge ocm-7c1e9b -reason="announced to all staff" -reference=CHG-1042`,
		Takes: func(_ *cobra.Command, args []string) error {
			switch {
			case o.list && len(args) > 0:
				return misuse("-list takes no ids")
			case !o.list && len(args) == 0 && o.Reason != "":
				return misuse("name the ids of the impacts that this reason accepts, such as ocm-7c1e9b; rehome acknowledge " +
					"lists them")
			}
			return nil
		},
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.Reason, "reason", "", "why the impact is accepted (required)")
			f.StringVar(&o.Reference, "reference", "", "change ticket or announcement")
			f.BoolVar(&o.list, "list", false, "list the impacts, as without an ID")
			f.BoolVar(&o.history, "history", false, "in the list: those that no plan finds any more, too")
		},
		Run: func(ctx context.Context, r *call) error {
			if o.list || len(r.args) == 0 && o.Reason == "" {
				return listImpacts(ctx, r, o.history)
			}
			o.IDs = r.args
			return runAcknowledge(ctx, r, o.Acknowledgement)
		},
	}
}

func runAcknowledge(ctx context.Context, r *call, in deciding.Acknowledgement) error {
	if strings.TrimSpace(in.Reason) == "" {
		return misuse("-reason is missing: say why the impact is accepted")
	}
	result, err := deciding.Acknowledge(ctx, r.Project, in)
	if err != nil {
		return err
	}
	return r.show(result, func(w io.Writer) error {
		if n := len(result.Written); n > 0 {
			fmt.Fprintf(w, "%s written to %s\n", phrase.Plural(n, "acknowledge block", "acknowledge blocks"), result.File)
			r.next("rehome plan -out=plan.rehome")
		}
		return nil
	})
}

func listImpacts(ctx context.Context, r *call, history bool) error {
	list, err := deciding.Impacts(ctx, r.Project, history)
	if err != nil {
		return err
	}
	if r.global.json { // the terminal of whoever decides may name people
		m, err := r.Masker(nil)
		if err != nil {
			return err
		}
		list.Hide(m)
	}
	return r.show(list, func(w io.Writer) error {
		view.Impacts(w, list, r.style())
		return nil
	})
}
