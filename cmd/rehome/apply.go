package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/undoing"
)

// lockVariable lets CI choose the id of the lease, so that a later job can name it.
const lockVariable = "REHOME_LOCK_ID"

func applyCommand() Command {
	var in applying.Input
	detailed := false
	return Command{
		Path: "apply", Args: "[FILE]",
		Group: groupUsual,
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []string{
			"plan-hash-missing", "plan-hash-mismatch", "plan-not-ready", "plan-expired", "plan-superseded", "permission-missing",
			"plan-revoked", "target-other-migration", "plan-other-migration", "plan-other-classifier",
			"plan-other-target", "target-changed", "target-leased", "target-lease-lost", "secrets-file-exists",
			"secrets-need-a-file", "rescue-written", "rescue-not-written", "rescue-other-run", "lock-id-invalid",
		},
		Short: "Carry out an approved plan",
		Long: `Apply does what the plan with the approved hash says, and nothing else. With a plan FILE it needs neither
snapshots nor the state of the machine that planned; without one it computes the plan again. When the hash differs,
nothing is changed and the exit status is 4. In a terminal, without -plan-hash, it asks for the first eight characters
of the hash.

A run that did not end, for whatever reason, goes on when the same apply is started again: the journal says what was
done, the target is asked about what is not known, and each step happens once. Ctrl-C finishes what is in flight; a
second one leaves at once. REHOME_LOCK_ID names the lock that this apply takes, for rehome force-unlock.`,
		Example: "  rehome apply plan.rehome -plan-hash=sha256:9f2c61d0… -secrets-out=secrets.json",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&in.Hash, "plan-hash", "", "the approved hash")
			f.StringVar(&in.Rescue, "rescue", "", "take over the rescue file that an earlier apply of this plan wrote")
			f.StringVar(&in.Secrets.Out, "secrets-out", "", "write generated client secrets to this new file (mode 0600)")
			f.StringArrayVar(&in.Secrets.Recipients, "secrets-recipient", nil, "encrypt the secrets for this age public key")
			f.BoolVar(&in.FailFast, "fail-fast", false, "start nothing more after the first failure")
			f.BoolVar(&detailed, "detailed-exitcode", false, "exit with 2 when follow-ups are left")
			f.IntVar(&in.Workers, "parallelism", 4, "steps at a time, 1 to 8")
		},
		Run: func(ctx context.Context, r *call) error {
			in.File, in.Lock = r.arg(0), r.Variable(lockVariable)
			return runApply(ctx, r, in, detailed)
		},
	}
}

func runApply(ctx context.Context, r *call, in applying.Input, detailed bool) error {
	if err := fewWorkers(in.Workers); err != nil {
		return err
	}
	in.Secrets.Terminal, in.Back, in.Watch = r.secretsTerminal(), undoing.Way{}, r.env.journalWatch
	in.Show = func(p *plan.Plan) error { return r.showPlan(p, false, "", nil) }
	report, err := applying.Apply(ctx, r.Project, in)
	var draft *planning.DraftError
	if errors.As(err, &draft) {
		return r.refuseDraft(draft.Plan, draft.Read)
	}
	if report != nil && !r.global.json {
		view.Applied(r.env.out, report, view.AppliedOptions{
			Style: r.style(), Automation: r.env.automation(), Rollback: r.Config().Rollback,
		})
	}
	if err != nil {
		return err
	}
	if n := report.Undone(); n > 0 {
		return &statusError{status: exitError, quiet: !r.global.json,
			err: fmt.Errorf("%s failed, did not start or may be done", phrase.Plural(n, "step", "steps"))}
	}
	return finding(detailed && report.Left() > 0, exitChanges)
}

// secretsTerminal is where one-time secrets may be shown; nil where a program or a pipeline reads.
func (r *call) secretsTerminal() io.Writer {
	if r.env.terminal && !r.env.automation() && !r.global.json {
		return r.env.out
	}
	return nil
}
