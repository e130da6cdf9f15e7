package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
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
		Codes: []config.Code{
			{Code: "plan-hash-missing", Cause: "apply was started without an approved hash and nobody can be asked.",
				Cure: "Give -plan-hash."},
			{Code: "plan-hash-mismatch", Cause: "What would be done is not what was approved.",
				Cure: "Plan again and have the new hash approved."},
			{Code: "plan-not-ready", Cause: "A gate of an approved plan is open by now, such as a snapshot that " +
				"became too old.",
				Cure: "Mend what the message names and plan again."},
			{Code: "plan-expired", Cause: "The plan is older than max_plan_age.", Cure: "Plan again."},
			{Code: "plan-superseded", Cause: "A later plan of the migration was saved with -out in this state, or " +
				"applied.",
				Cure: "Have the later plan approved, or plan again."},
			{Code: "plan-revoked", Cause: "The hash of the plan was taken back with rehome revoke.",
				Cure: "Plan again and have the new hash approved."},
			{Code: "target-other-migration", Cause: "The marker in the target names another migration.",
				Cure: "Archive that one and take the target over with rehome target adopt, or name another target."},
			{Code: "plan-other-migration", Cause: "The plan file belongs to another migration or provider.",
				Cure: "Apply it in the folder that it was made for."},
			{Code: "plan-other-classifier", Cause: "Another version of rehome, with another classifier, made the " +
				"plan.",
				Cure: "Plan again with this version and have the new hash approved."},
			{Code: "plan-other-target", Cause: "The plan was made for another server or realm.",
				Cure: "Plan again against this target."},
			{Code: "target-changed", Cause: "The target is not as the plan saw it.",
				Cure: "Plan again and have the new hash approved."},
			{Code: "target-leased", Cause: "Another run writes to the target.",
				Cure: "Wait, or give -lock-timeout; a lease that nobody renews ends by itself."},
			{Code: "target-lease-lost", Cause: "Another process has taken the lease while this one was writing.",
				Cure: "See who writes; run the same apply again when it is done."},
			{Code: "secrets-file-exists", Cause: "The file of -secrets-out is there already.",
				Cure: "Name another file, or move it away."},
			{Code: "secrets-need-a-file", Cause: "The plan generates secrets and there is nowhere to put them.",
				Cure: "Give -secrets-out."},
			{Code: "rescue-written", Cause: "The journal refused a write after the target had taken the step.",
				Cure: "Make room and apply again with -rescue."},
			{Code: "rescue-not-written", Cause: "Neither the journal nor a rescue file could be written.",
				Cure: "Make room and run the same apply again: the target is asked what it has done."},
			{Code: "rescue-other-run", Cause: "The rescue file belongs to another run.",
				Cure: "Apply the plan that the message names."},
			{Code: "lock-id-invalid", Cause: "REHOME_LOCK_ID is not usable as an id.",
				Cure: "Use letters, digits, dots, dashes, slashes and underscores."},
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
		Takes:   cobra.MaximumNArgs(1),
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
	if in.Workers < 1 || in.Workers > 8 {
		return misuse("-parallelism must be 1 to 8: the target gets slower above that")
	}
	in.Secrets.Terminal, in.Back = r.secretsTerminal(), undoing.Way{}
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
	if detailed && report.Left() > 0 {
		return &statusError{status: exitChanges, quiet: true}
	}
	return nil
}

// secretsTerminal is where one-time secrets may be shown; nil where a program or a pipeline reads.
func (r *call) secretsTerminal() io.Writer {
	if r.env.terminal && !r.env.automation() && !r.global.json {
		return r.env.out
	}
	return nil
}
