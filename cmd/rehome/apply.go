package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/state"
)

type applyOptions struct {
	hash       string
	rescue     string
	secretsOut string
	recipients []string
	failFast   bool
	detailed   bool
	workers    int
}

func applyCommand() Command {
	var o applyOptions
	return Command{
		Path: "apply", Args: "[FILE]",
		Group: groupUsual,
		Class: classManage,
		Phase: config.PhaseApply,
		Codes: []config.Code{
			{Code: "plan-hash-missing", Cause: "apply was started without an approved hash and nobody can be asked.", Cure: "Give -plan-hash."},
			{Code: "plan-hash-mismatch", Cause: "What would be done is not what was approved.", Cure: "Plan again and have the new hash approved."},
			{Code: "plan-not-ready", Cause: "A gate of an approved plan is open by now, such as a snapshot that became too old.", Cure: "Mend what the message names and plan again."},
			{Code: "plan-expired", Cause: "The plan is older than max_plan_age.", Cure: "Plan again."},
			{Code: "plan-superseded", Cause: "A later plan of the migration was saved with -out in this state, or applied.", Cure: "Have the later plan approved, or plan again."},
			{Code: "plan-revoked", Cause: "The hash of the plan was taken back with rehome revoke.", Cure: "Plan again and have the new hash approved."},
			{Code: "target-other-migration", Cause: "The marker in the target names another migration.", Cure: "Archive that one and take the target over with rehome target adopt, or name another target."},
			{Code: "plan-other-migration", Cause: "The plan file belongs to another migration or provider.", Cure: "Apply it in the folder that it was made for."},
			{Code: "plan-other-classifier", Cause: "Another version of rehome, with another classifier, made the plan.", Cure: "Plan again with this version and have the new hash approved."},
			{Code: "plan-other-target", Cause: "The plan was made for another server or realm.", Cure: "Plan again against this target."},
			{Code: "target-changed", Cause: "The target is not as the plan saw it.", Cure: "Plan again and have the new hash approved."},
			{Code: "target-leased", Cause: "Another run writes to the target.", Cure: "Wait, or give -lock-timeout; a lease that nobody renews ends by itself."},
			{Code: "target-lease-lost", Cause: "Another process has taken the lease while this one was writing.", Cure: "See who writes; run the same apply again when it is done."},
			{Code: "secrets-file-exists", Cause: "The file of -secrets-out is there already.", Cure: "Name another file, or move it away."},
			{Code: "secrets-need-a-file", Cause: "The plan generates secrets and there is nowhere to put them.", Cure: "Give -secrets-out."},
			{Code: "rescue-written", Cause: "The journal refused a write after the target had taken the step.", Cure: "Make room and apply again with -rescue."},
			{Code: "rescue-not-written", Cause: "Neither the journal nor a rescue file could be written.", Cure: "Make room and run the same apply again: the target is asked what it has done."},
			{Code: "rescue-other-run", Cause: "The rescue file belongs to another run.", Cure: "Apply the plan that the message names."},
			{Code: "lock-id-invalid", Cause: "REHOME_LOCK_ID is not usable as an id.", Cure: "Use letters, digits, dots, dashes, slashes and underscores."},
		},
		Short: "Carry out an approved plan",
		Long: `Apply does what the plan with the approved hash says, and nothing else. With a plan FILE it needs neither snapshots nor the state of the
machine that planned; without one it computes the plan again. When the hash differs, nothing is changed and the exit status is 4.
In a terminal, without -plan-hash, it asks for the first eight characters of the hash.

A run that did not end, for whatever reason, goes on when the same apply is started again: the journal says what was done, the target
is asked about what is not known, and each step happens once. Ctrl-C finishes what is in flight; a second one leaves at once.
REHOME_LOCK_ID names the lock that this apply takes, for rehome force-unlock.`,
		Example: "  rehome apply plan.rehome -plan-hash=sha256:9f2c61d0… -secrets-out=secrets.json",
		Takes:   cobra.MaximumNArgs(1),
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.hash, "plan-hash", "", "the approved hash")
			f.StringVar(&o.rescue, "rescue", "", "take over the rescue file that an earlier apply of this plan wrote")
			f.StringVar(&o.secretsOut, "secrets-out", "", "write generated client secrets to this new file (mode 0600)")
			f.StringArrayVar(&o.recipients, "secrets-recipient", nil, "encrypt the secrets for this age public key")
			f.BoolVar(&o.failFast, "fail-fast", false, "start nothing more after the first failure")
			f.BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 when follow-ups are left")
			f.IntVar(&o.workers, "parallelism", 4, "steps at a time, 1 to 8")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			file := ""
			if len(r.args) == 1 {
				file = r.args[0]
			}
			return runApply(ctx, s, file, o)
		},
	}
}

func runApply(ctx context.Context, s *session, file string, o applyOptions) error {
	if o.workers < 1 || o.workers > 8 {
		return misuse("-parallelism must be 1 to 8: the target gets slower above that")
	}
	work, err := planToApply(ctx, s, file, o.hash)
	if err != nil {
		return err
	}
	defer work.Target.Close()
	if _, err := s.WithoutPeople(work.Plan); err != nil { // events name nobody from here on
		return err
	}
	return s.Hold(ctx, state.WorkApply, "", "", func(ctx context.Context, _ state.Activity) error {
		return applyPlan(ctx, s, work, file, o)
	})
}

// applyPlan carries out a plan. The apply of the migration is this process's alone, so the state says what there is to go on with once
// it has followed the journals again.
func applyPlan(ctx context.Context, s *session, work *planning.Prepared, file string, o applyOptions) error {
	if err := s.BringUp(); err != nil {
		return err
	}
	e, err := newExecution(s, work, o)
	if err != nil {
		return err
	}
	defer e.close()
	if err := approve(s, work.Plan, file, o.hash, e.resumed); err != nil {
		return err
	}
	if err := e.openVault(); err != nil {
		return err
	}
	return e.execute(ctx)
}

func pathOrEmpty(s *session, name string) string {
	if name == "" {
		return ""
	}
	return s.path(name)
}

// planToApply reads the plan file, or computes the plan again, and opens the target.
func planToApply(ctx context.Context, s *session, file, hash string) (*planning.Prepared, error) {
	p, err := keptOrFile(s, file, hash)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return computeAgain(ctx, s, hash)
	}
	if hash != "" && hash != p.PlanHash {
		return nil, hashMismatch(hash, p.PlanHash, "The plan file is not the approved one.")
	}
	cfg, err := s.load()
	if err != nil {
		return nil, err
	}
	if cfg.Migration.Mode != p.Migration.Mode || cfg.Migration.Tenant != p.Migration.Tenant {
		return nil, diag.Errorf("plan-other-migration", "Plan is of another migration", "The plan is for tenant %q in mode %s, this folder is for %q in mode %s. Plan again.", p.Migration.Tenant, p.Migration.Mode, cfg.Migration.Tenant, cfg.Migration.Mode)
	}
	if cfg.Migration.Name != p.Migration.Name || cfg.Target.Provider != p.Target.Provider {
		return nil, diag.Errorf("plan-other-migration", "Plan is of another migration", "The plan is for migration %q into %s, this folder is for %q into %s.", p.Migration.Name, p.Target.Provider, cfg.Migration.Name, cfg.Target.Provider)
	}
	if _, err := s.openForChange(); err != nil {
		return nil, err
	}
	providers, err := s.providers()
	if err != nil {
		return nil, err
	}
	target, _, err := providers.target(ctx, cfg.Target, cfg)
	if err != nil {
		return nil, err
	}
	who, err := target.Identify(ctx)
	if err == nil && who.Identity != p.Target.Identity {
		err = diag.Errorf("plan-other-target", "Plan is for another target", "The plan was made for %s, the configuration names %s.", p.Target.Identity, who.Identity)
	}
	if err != nil {
		target.Close()
		return nil, err
	}
	return &planning.Prepared{Plan: p, Target: target, Live: target}, nil
}

// keptOrFile is the plan of the file or, without one, the plan of an unfinished run of this hash: an interrupted run goes on with the
// plan that was approved, as a new one would see what is done already. Nil means that the plan must be computed.
func keptOrFile(s *session, file, hash string) (*plan.Plan, error) {
	if file != "" {
		return planning.ReadFile(s.Project, file)
	}
	if hash == "" {
		return nil, nil
	}
	store, err := s.openState()
	if err != nil {
		return nil, err
	}
	run, err := unfinishedRun(store, hash)
	if err != nil || run == nil {
		return nil, err
	}
	kept, err := store.Plan(hash)
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	return kept, err
}

// approve lets only an approved, fresh, previewed plan through. A run that began in time may be finished later.
func approve(s *session, p *plan.Plan, file, hash string, resumed *resumed) error {
	if p.PlanHash == "" {
		return draftRefused(s, p, nil)
	}
	if err := plan.CheckClassifier(p); err != nil && p.Rollback == nil {
		return err // the way back judges no items
	}
	began := s.env.now()
	if resumed != nil {
		began = resumed.run.StartedAt // what was fresh when the run began lets it go on to its end
	}
	if err := planning.Recheck(s.ctx, s.Project, p, began); err != nil {
		return err
	}
	if expires, err := time.Parse(time.RFC3339, p.ExpiresAt); err != nil || began.After(expires) {
		return diag.Errorf("plan-expired", "Plan has expired", "The plan was good until %s. Plan again and have the new hash approved.", p.ExpiresAt)
	}
	switch {
	case hash == "":
		if err := askForHash(s, p); err != nil {
			return err
		}
	case hash != p.PlanHash:
		return hashMismatch(hash, p.PlanHash, explainDifference(s, hash, p))
	}
	if resumed != nil {
		return nil
	}
	return notSuperseded(s, p)
}

// notSuperseded refuses a plan when a later one was written into a plan file with this state. What other states know is in the marker.
func notSuperseded(s *session, p *plan.Plan) error {
	made, _ := time.Parse(time.RFC3339, p.CreatedAt)
	kept, err := s.store.Standings()
	for _, known := range kept {
		if known.Hash == p.PlanHash {
			made = known.Made
		}
	}
	if later, is := lifecycle.Superseded(p.PlanHash, made, kept); is {
		return fmt.Errorf("%w: %s was written into a plan file at %s", apply.ErrSuperseded, later.Hash, later.SavedAt.Format(time.RFC3339))
	}
	return err
}

func hashMismatch(approved, now, why string) error {
	return &statusError{status: exitHashMismatch, err: diag.Errorf("plan-hash-mismatch", "Plan differs from the approved one",
		"Approved %s, now %s. Nothing was changed.\n%s\nPlan again and have the new hash approved.", view.ShortHash(approved), view.ShortHash(now), why)}
}

// explainDifference names the steps that differ, when the approved plan's steps are still known here.
func explainDifference(s *session, approved string, now *plan.Plan) string {
	before, err := s.store.Plan(approved)
	if errors.Is(err, state.ErrNotFound) {
		return "The approved plan was not made with this state, so its steps are not known here; apply the plan file instead."
	}
	if err != nil {
		return "The approved plan's steps do not read."
	}
	differences := plan.Compare(before, now)
	lines := []string{fmt.Sprintf("%d of %d steps differ:", len(differences), len(before.Steps))}
	for i, d := range differences {
		if i == 20 {
			lines = append(lines, fmt.Sprintf("  … and %d more", len(differences)-i))
			break
		}
		lines = append(lines, "  "+view.Clean(fmt.Sprintf("%s   %s %s", d.ID, d.Change, strings.Join(d.Fields, ", "))))
	}
	return strings.Join(lines, "\n")
}

// askForHash asks a person for the first eight digits; without a terminal nothing is applied.
func askForHash(s *session, p *plan.Plan) error {
	if !s.Ask.Possible() {
		return &statusError{status: exitError, err: diag.Errorf("plan-hash-missing", "Plan hash is missing", "Nothing applies without an approved hash. Give -plan-hash=%s after review.", p.PlanHash)}
	}
	if err := showPlan(s, p, false, "", nil); err != nil {
		return err
	}
	line, err := s.Ask.Line(s.ctx, "\nType the first eight characters of the hash, after sha256:, to apply it: ")
	typed := strings.TrimPrefix(line, "sha256:")
	if err != nil {
		return errors.New("nothing was typed, so nothing was applied")
	}
	if digits := strings.TrimPrefix(p.PlanHash, "sha256:"); len(typed) < 8 || !strings.HasPrefix(digits, typed) {
		return &statusError{status: exitHashMismatch, err: diag.Errorf("plan-hash-mismatch", "Hash was not confirmed", "What was typed is not the beginning of the hash. Nothing was changed.")}
	}
	return nil
}
