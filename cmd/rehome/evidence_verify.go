package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/attesting"
)

func evidenceVerifyCommand() Command {
	var public, head string
	return Command{
		Path: "evidence verify", Args: "FILE",
		Class: classFree,
		Codes: []string{"evidence-broken", "evidence-damaged"},
		Short: "Check an evidence bundle, offline",
		Long: `Verify checks an evidence bundle with nothing but the file: every checksum, the signature, the audit chain, and that the steps of the plan give
its hash. It names each file that was changed, is missing or was added, and says what the bundle leaves unproven.`,
		Example: "  rehome evidence verify evidence.zip -public-key=evidence.key.pub",
		Takes:   one("verify takes one bundle, such as evidence.zip; see rehome evidence verify -help"),
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&head, "audit-head", "", "the audit chain must hold this head, which apply printed")
			f.StringVar(&public, "public-key", "", "the bundle must be signed by the key of this file")
		},
		Run: func(_ context.Context, r *call) error {
			report, err := attesting.CheckBundle(r.Project, attesting.CheckInput{Bundle: r.arg(0), Public: public, Head: head})
			if err != nil {
				return err
			}
			broken := report.Broken(r.arg(0))
			err = r.showDeclared(report, func(w io.Writer) error {
				if broken != nil {
					return nil // the error says it all
				}
				return view.BundleVerdict(w, r.arg(0), report.Verdict)
			})
			if err == nil && broken != nil {
				return &statusError{status: exitError, quiet: r.global.json, err: broken}
			}
			return err
		},
	}
}
