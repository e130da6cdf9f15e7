package main

import (
	"context"
	"io"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/reading"
)

func assessmentDiffCommand() Command {
	return historyDiffCommand("assessments", runAssessmentDiff, Command{
		Path:  "assessment diff",
		Class: classRead,
		Short: "Show which items are judged differently",
		Long: `Diff compares two completed assessments: the effect of a new classifier, target or map block on a snapshot. It names every item whose class,
contract, notes, missing evidence, to-do or impacts differ. Without arguments it compares the newest with the one before it.`,
		Example: "  rehome assess -snapshot=s-2026-11-21-5b1f0c2d\n" +
			"  rehome assessment diff previous latest -detailed-exitcode",
	})
}

func runAssessmentDiff(ctx context.Context, r *call, first, second string, o snapshotDiffOptions) error {
	d, err := reading.DiffAssessments(ctx, r.Project, first, second, o.source)
	if err != nil {
		return err
	}
	mask, err := r.jsonMask()
	if err != nil {
		return err
	}
	total := 0
	err = layout.Buffered(r.env.out, func(w io.Writer) error {
		if r.global.json {
			head := map[string]any{"format_version": eventFormat, "source": d.Before.Source, "before": d.Before,
				"after": d.After}
			total, err = readings.AssessmentDiffJSON(w, d, head, o.verbose, mask)
		} else {
			total, err = readings.AssessmentDiff(w, d, o.verbose)
		}
		return err
	})
	if err != nil {
		return err
	}
	return finding(o.detailed && total > 0, exitChanges)
}
