package rehearsing

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/rehearsal"
)

const codeRefused = "rehearsal-target-refused"

// guard lets only a throw-away target through. A copy of a file is one by nature.
func (r *rehearsing) guard(ctx context.Context, report *rehearsal.Report, real *planning.Prepared, realMemory *memory,
	work *planning.Prepared, memory *memory) error {
	if r.copied {
		return nil
	}
	blueprint, err := work.Target.Blueprint(ctx, "")
	if project.Unsupported(err) {
		report.Notes = append(report.Notes,
			"Whether the throw-away target could reach mail or logout addresses is not known: its provider cannot tell.")
	} else if err != nil {
		return fmt.Errorf("looking at the settings of the throw-away target: %w", err)
	}
	marker, _, err := memory.Live.ReadMarker(ctx)
	if err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	return r.refused(rehearsal.Refuse(
		rehearsal.Side{Identity: real.Plan.Target.Identity, Live: realMemory.seen},
		rehearsal.Side{Identity: work.Plan.Target.Identity, Live: memory.seen, Marker: marker}, blueprint.Stripped))
}

func (r *rehearsing) refused(why string) error {
	if why == "" {
		return nil
	}
	return diag.Errorf(codeRefused, "Target may not be rehearsed on",
		"%s: %s Nothing was changed.\nMake a throw-away target of what rehome rehearse -prepare=FILE writes, best on "+
			"another server; remove one that was used.", r.address(), why)
}

// elsewhere proves that the real target is another one: a mark that is left in the throw-away target must not be there.
func (r *rehearsing) elsewhere(ctx context.Context, real *project.Target, work *planning.Prepared) error {
	if r.copied {
		return nil
	}
	m, mark := r.scratch.Config().Migration, r.p.NewID("d")
	left := contract.Marker{Migration: m.Name, Tenant: m.Tenant, Run: mark, Fence: work.Marker.Fence}
	if _, err := work.Target.WriteMarker(ctx, left, work.Revision); err != nil {
		return fmt.Errorf("leaving a mark in the throw-away target: %w", err)
	}
	marker, _, err := real.ReadMarker(ctx)
	if err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	if marker.Run != mark {
		return nil
	}
	return errors.Join(r.refused("It is the target under another address: a mark that was left here is there."),
		clearMarker(ctx, work.Target))
}

// cleanCopy takes the marker out of the copy of a file: what it says is of the original.
func (r *rehearsing) cleanCopy(ctx context.Context) error {
	if !r.copied {
		return nil
	}
	target, _, err := r.scratch.Target(ctx)
	if err != nil {
		return err
	}
	defer target.Close()
	return clearMarker(ctx, target)
}

// clearMarker leaves no trace of a migration in the marker.
func clearMarker(ctx context.Context, target *project.Target) error {
	marker, revision, err := target.ReadMarker(ctx)
	if err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	if revision == "" {
		return nil
	}
	if _, err := target.WriteMarker(ctx, contract.Marker{Fence: marker.Fence}, revision); err != nil {
		return fmt.Errorf("clearing the marker of the throw-away target: %w", err)
	}
	return nil
}

// leftAsItIs says of a rehearsal that stopped what is left of it.
func (r *rehearsing) leftAsItIs(ctx context.Context, cause error) error {
	var known diag.Diagnostic
	if errors.As(cause, &known) && known.Code == codeRefused {
		return cause
	}
	left := "The throw-away target is left as it is, and is refused from now on: remove it and make it anew."
	if r.copied {
		left = "It worked on a copy of the file, which is gone; the file is as it was."
	}
	reason := "It was interrupted."
	if ctx.Err() == nil {
		reason = phrase.Sentence(cause)
	}
	return diag.Errorf("rehearsal-stopped", "Rehearsal did not come to its end",
		"%s %s\nThe real target and the state are untouched.", reason, left)
}
