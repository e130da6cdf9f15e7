package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/attesting"
	"github.com/rehome-iam/rehome/engine/cutover"
)

func evidenceBundleCommand() Command {
	var out, key string
	return Command{
		Path:  "evidence bundle",
		Class: classRead,
		Codes: []string{"evidence-key"},
		Short: "Write a file that proves a run to a stranger",
		Long: `Bundle writes the plan, the run with its journal, the results of probes and the audit chain into one zip with checksums, signed when a key is
given. rehome evidence verify checks it without state, configuration or network. People have pseudonyms unless -show-people: then the
content of steps and records that name them is left out, and their hashes stand for it.`,
		Example: "  rehome evidence bundle -out=evidence.zip -sign-key=evidence.key",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&out, "out", "", "write the bundle here (required)")
			f.StringVar(&key, "sign-key", "", "sign with this key, made by rehome evidence keygen")
		},
		Needs: map[string]string{"out": "name the file to write, such as -out=evidence.zip"},
		Run: func(ctx context.Context, r *call) error {
			report, err := attesting.Bundle(ctx, r.Project, attesting.BundleInput{
				Out: out, Key: key, Applications: cutover.Moved,
			})
			if err != nil {
				return err
			}
			if err := r.show(report, func(w io.Writer) error { return view.Bundle(w, report) }); err != nil {
				return err
			}
			r.next("rehome evidence verify " + out)
			return nil
		},
	}
}
