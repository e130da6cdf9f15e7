package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/handoff"
)

type evidenceOptions struct {
	markdown, html string
	detailed       bool
}

func evidenceCommand() Command {
	var o evidenceOptions
	return Command{
		Path:  "evidence",
		Group: groupProof,
		Class: classRead,
		Codes: []config.Code{
			{Code: "evidence-no-plan", Cause: "Evidence was asked for before a plan had a hash.", Cure: "Run rehome plan."},
		},
		Short: "Show what proves the move, and what it still lacks",
		Long: `Evidence shows the plan applied last, its run, the guidance for going back, what people declared, every row that was blocked or left to
do by hand, and the criteria that end the move, each with the reason why it is met or not.`,
		Example: "  rehome evidence\n  rehome evidence -markdown=evidence.md -html=evidence.html\n  rehome evidence -json",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.markdown, "markdown", "", "write it as Markdown here")
			f.StringVar(&o.html, "html", "", "write it as a page here")
			f.BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 while a criterion is not met")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runEvidence(s, o)
		},
	}
}

func runEvidence(s *session, o evidenceOptions) error {
	proof, err := gatherEvidence(s)
	if err != nil {
		return err
	}
	report, err := proof.report(s, !s.global.json)
	if err != nil {
		return err
	}
	for _, file := range []struct {
		name   string
		render func(io.Writer, *handoff.Report) error
	}{{o.markdown, view.EvidenceMarkdown}, {o.html, view.EvidenceHTML}} {
		if file.name == "" {
			continue
		}
		masked, err := proof.report(s, false)
		if err != nil {
			return err
		}
		if err := s.writeFile(file.name, func(w io.Writer) error { return file.render(w, masked) }); err != nil {
			return err
		}
	}
	if err := showEvidence(s, report); err != nil {
		return err
	}
	if o.detailed && report.Handoff != "complete" {
		return &statusError{status: exitChanges, quiet: true, err: errors.New("a criterion is not met")}
	}
	return nil
}

func showEvidence(s *session, report *handoff.Report) error {
	if s.global.json {
		encoded, err := encodeDocument(report)
		if err != nil {
			return err
		}
		_, err = s.env.out.Write(encoded)
		return err
	}
	return view.Evidence(s.env.out, report, view.EvidenceOptions{Style: s.env.style(s.global.noColor), Automation: s.env.automation(), Now: s.env.now()})
}
