package rehearsing

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/rehearsal"
	"github.com/rehome-iam/rehome/engine/scratch"
)

const codeRefused = "rehearsal-target-refused"

// guard lets only a throw-away target through. A copy of a file is one by nature.
func (r *rehearsing) guard(ctx context.Context, report *history.Rehearsal, real *planning.Prepared,
	realMemory *scratch.Memory, work *planning.Prepared, memory *scratch.Memory) error {
	if r.scratch.Copied {
		return nil
	}
	blueprint, err := work.Target.Blueprint(ctx, "")
	if project.Unsupported(err) {
		report.Notes = append(report.Notes,
			"Whether the throw-away target could reach mail or logout addresses is not known: its provider cannot tell.")
	} else if err != nil {
		return fmt.Errorf("looking at the settings of the throw-away target: %w", err)
	}
	marker, _, err := memory.Target.ReadMarker(ctx)
	if err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	return r.refused(rehearsal.Refuse(
		rehearsal.Side{Identity: real.Plan.Target.Identity, Live: realMemory.Seen()},
		rehearsal.Side{Identity: work.Plan.Target.Identity, Live: memory.Seen(), Marker: marker}, blueprint.Stripped))
}

func (r *rehearsing) refused(why string) error {
	if why == "" {
		return nil
	}
	return diag.Errorf(codeRefused, "Target may not be rehearsed on",
		"%s: %s Nothing was changed.\nMake a throw-away target of what rehome rehearse -prepare=FILE writes, best on "+
			"another server; remove one that was used.", r.scratch.Address(), why)
}

// elsewhere proves that the real target is another one: a mark that is left in the throw-away target must not be there.
func (r *rehearsing) elsewhere(ctx context.Context, real *project.Target, work *planning.Prepared) error {
	if r.scratch.Copied {
		return nil
	}
	mark, err := r.scratch.LeaveMark(ctx, work.Target, work.Marker, work.Revision)
	if err != nil {
		return err
	}
	marker, _, err := real.ReadMarker(ctx)
	if err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	if marker.Run != mark {
		return nil
	}
	return errors.Join(r.refused("It is the target under another address: a mark that was left here is there."),
		scratch.ClearMarker(ctx, work.Target))
}

// leftAsItIs says of a rehearsal that stopped what is left of it.
func (r *rehearsing) leftAsItIs(ctx context.Context, cause error) error {
	var known diag.Diagnostic
	if errors.As(cause, &known) && known.Code == codeRefused {
		return cause
	}
	left := "The throw-away target is left as it is, and is refused from now on: remove it and make it anew."
	if r.scratch.Copied {
		left = "It worked on a copy of the file, which is gone; the file is as it was."
	}
	reason := "It was interrupted."
	if ctx.Err() == nil {
		reason = phrase.Sentence(cause)
	}
	return diag.Errorf("rehearsal-stopped", "Rehearsal did not come to its end",
		"%s %s\nThe real target and the state are untouched.", reason, left)
}
