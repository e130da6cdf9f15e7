package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/attesting"
	"github.com/rehome-iam/rehome/engine/cutover"
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
		Codes: []string{"evidence-no-plan"},
		Short: "Show what proves the move, and what it still lacks",
		Long: `Evidence shows the plan applied last, its run, the guidance for going back, what people declared, every row that was blocked or left to
do by hand, and the criteria that end the move, each with the reason why it is met or not.`,
		Example: "  rehome evidence\n  rehome evidence -markdown=evidence.md -html=evidence.html\n  rehome evidence -json",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.markdown, "markdown", "", "write it as Markdown here")
			f.StringVar(&o.html, "html", "", "write it as a page here")
			f.BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 while a criterion is not met")
		},
		Run: o.run,
	}
}

func (o *evidenceOptions) run(ctx context.Context, r *call) error {
	proof, err := attesting.Evidence(ctx, r.Project, cutover.Moved)
	if err != nil {
		return err
	}
	report, err := proof.Named()
	if err == nil && (r.global.json || o.markdown != "" || o.html != "") {
		err = writeEvidence(r, proof, *o)
	}
	if err != nil {
		return err
	}
	if !r.global.json {
		err = view.Evidence(r.env.out, report, view.EvidenceOptions{
			Style: r.style(), Automation: r.env.automation(), Now: r.Now(),
		})
	}
	if err != nil {
		return err
	}
	return finding(o.detailed && report.Handoff != "complete", exitChanges)
}

// writeEvidence writes the report without people wherever it does not go to a terminal.
func writeEvidence(r *call, proof *attesting.Proof, o evidenceOptions) error {
	masked, err := proof.Masked()
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
		err := r.write(file.name, func(w io.Writer) error { return file.render(w, masked) })
		if err != nil {
			return err
		}
	}
	return r.showDeclared(masked, func(io.Writer) error { return nil })
}
