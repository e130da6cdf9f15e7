package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

type applyOptions struct {
	hash       string
	secretsOut string
	recipients []string
	failFast   bool
	detailed   bool
	workers    int
}

func newApplyCommand(env *environment, global *options) *cobra.Command {
	var o applyOptions
	c := &cobra.Command{
		Use:   "apply [FILE]",
		Short: "Carry out an approved plan",
		Long: `Apply does what the plan with the approved hash says, and nothing else. With a plan FILE it needs neither snapshots nor the state of the
machine that planned; without one it computes the plan again. When the hash differs, nothing is changed and the exit status is 4.
In a terminal, without -plan-hash, it asks for the first eight characters of the hash.`,
		Example: "  rehome apply plan.rehome -plan-hash=sha256:9f2c61d0… -secrets-out=secrets.json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := newSession(env, global, "apply")
			if err != nil {
				return err
			}
			defer s.close()
			file := ""
			if len(args) == 1 {
				file = args[0]
			}
			return runApply(c.Context(), s, file, o)
		},
	}
	c.Flags().StringVar(&o.hash, "plan-hash", "", "the approved hash")
	c.Flags().StringVar(&o.secretsOut, "secrets-out", "", "write generated client secrets to this new file (mode 0600)")
	c.Flags().StringArrayVar(&o.recipients, "secrets-recipient", nil, "encrypt the secrets for this age public key")
	c.Flags().BoolVar(&o.failFast, "fail-fast", false, "start nothing more after the first failure")
	c.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 when follow-ups are left")
	c.Flags().IntVar(&o.workers, "parallelism", 4, "steps at a time, 1 to 8")
	return c
}

func runApply(ctx context.Context, s *session, file string, o applyOptions) error {
	if o.workers < 1 || o.workers > 8 {
		return errors.New("-parallelism must be 1 to 8: the target gets slower above that")
	}
	work, err := planToApply(ctx, s, file, o.hash)
	if err != nil {
		return err
	}
	defer work.target.Close()
	p := work.plan
	if _, err := s.withoutPeople(p); err != nil { // events name nobody from here on
		return err
	}
	if err := approve(s, p, file, o.hash); err != nil {
		return err
	}
	var terminal io.Writer
	if s.env.terminal && !s.env.automation() && !s.global.json {
		terminal = s.env.out
	}
	vault, err := newSecretVault(pathOrEmpty(s, o.secretsOut), o.recipients, terminal)
	if err != nil {
		return err
	}
	if generated := generates(p); generated > 0 && !vault.ready() {
		return diag.Errorf("secrets-need-a-file", "Secrets have no destination", "The plan generates %s, which are given out once and stored nowhere.\nGive -secrets-out=FILE, with -secrets-recipient=age1… to encrypt it.", view.Plural(generated, "client secret", "client secrets"))
	}
	return execute(ctx, s, work, vault, o)
}

func pathOrEmpty(s *session, name string) string {
	if name == "" {
		return ""
	}
	return s.path(name)
}

// generates counts planned steps that make a one-time secret.
func generates(p *plan.Plan) int {
	n := 0
	for _, step := range p.Steps {
		if step.Disposition != plan.DispositionPlanned || step.Action != plan.ActionCreate {
			continue
		}
		n += len(step.AfterUnknown)
	}
	return n
}

// planToApply reads the plan file, or computes the plan again, and opens the target.
func planToApply(ctx context.Context, s *session, file, hash string) (*planning, error) {
	p, err := keptOrFile(s, file, hash)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return preparePlan(ctx, s, false)
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
	return &planning{plan: p, target: target}, nil
}

// keptOrFile is the plan of the file or, without one, the plan of an unfinished run of this hash: an interrupted run goes on with the
// plan that was approved, as a new one would see what is done already. Nil means that the plan must be computed.
func keptOrFile(s *session, file, hash string) (*plan.Plan, error) {
	if file != "" {
		return s.readPlan(s.path(file))
	}
	if hash == "" {
		return nil, nil
	}
	store, err := s.openState()
	if err != nil {
		return nil, err
	}
	runs, err := store.Runs()
	if err != nil || len(runs) == 0 || runs[0].PlanHash != hash || (runs[0].Status != "started" && runs[0].Status != "failed") {
		return nil, err
	}
	kept, err := store.PlanSteps(hash)
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var p plan.Plan
	if err := decodePlan(kept, &p); err != nil {
		return nil, err
	}
	if plan.Hash(&p) != hash {
		return nil, fmt.Errorf("%w: the kept plan does not have its hash", state.ErrCorrupt)
	}
	s.say("Going on with run %s, which did not end", runs[0].ID)
	return &p, nil
}

// approve lets only an approved, fresh, previewed plan through.
func approve(s *session, p *plan.Plan, file, hash string) error {
	if p.PlanHash == "" {
		return draftRefused(s, p)
	}
	if err := plan.CheckClassifier(p); err != nil {
		return err
	}
	if err := recheckGates(s, p); err != nil {
		return err
	}
	if expires, err := time.Parse(time.RFC3339, p.ExpiresAt); err != nil || s.env.now().After(expires) {
		return diag.Errorf("plan-expired", "Plan has expired", "The plan was good until %s. Plan again and have the new hash approved.", p.ExpiresAt)
	}
	if hash == "" {
		return askForHash(s, p)
	}
	if hash == p.PlanHash {
		return nil
	}
	return hashMismatch(hash, p.PlanHash, explainDifference(s, hash, p))
}

func hashMismatch(approved, now, why string) error {
	return &statusError{status: exitHashMismatch, err: diag.Errorf("plan-hash-mismatch", "Plan differs from the approved one",
		"Approved %s, now %s. Nothing was changed.\n%s\nPlan again and have the new hash approved.", view.ShortHash(approved), view.ShortHash(now), why)}
}

// explainDifference names the steps that differ, when the approved plan's steps are still known here.
func explainDifference(s *session, approved string, now *plan.Plan) string {
	kept, err := s.store.PlanSteps(approved)
	if err != nil {
		return "The approved plan was not made with this state, so its steps are not known here; apply the plan file instead."
	}
	var before plan.Plan
	if err := decodePlan(kept, &before); err != nil {
		return "The approved plan's steps do not read."
	}
	differences := plan.Compare(&before, now)
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
	if !s.env.asks || !s.global.input || s.env.automation() {
		return &statusError{status: exitError, err: diag.Errorf("plan-hash-missing", "Plan hash is missing", "Nothing applies without an approved hash. Give -plan-hash=%s after review.", p.PlanHash)}
	}
	if err := showPlan(s, p, false, "", nil); err != nil {
		return err
	}
	fmt.Fprintf(s.env.err, "\nType the first eight characters of the hash, after sha256:, to apply it: ")
	line, err := bufio.NewReader(s.env.in).ReadString('\n')
	typed := strings.TrimPrefix(strings.TrimSpace(line), "sha256:")
	if err != nil && typed == "" {
		return errors.New("nothing was typed, so nothing was applied")
	}
	if digits := strings.TrimPrefix(p.PlanHash, "sha256:"); len(typed) < 8 || !strings.HasPrefix(digits, typed) {
		return &statusError{status: exitHashMismatch, err: diag.Errorf("plan-hash-mismatch", "Hash was not confirmed", "What was typed is not the beginning of the hash. Nothing was changed.")}
	}
	return nil
}

// execute takes the lease, runs the steps and closes the books.
func execute(ctx context.Context, s *session, work *planning, vault *secretVault, o applyOptions) error {
	p := work.plan
	runID := newID("r", s)
	created, _ := time.Parse(time.RFC3339, p.CreatedAt)
	if known, err := s.store.Plan(p.PlanHash); err == nil {
		created = known.CreatedAt
	}
	claim := apply.Claim{Migration: p.Migration.Name, Holder: fmt.Sprintf("%s of %s", runID, s.actor()), PlanHash: p.PlanHash, CreatedAt: created}
	if _, _, err := apply.CheckClaim(ctx, work.target, claim, s.env.now); err != nil {
		return err
	}
	if err := preconditions(ctx, s, work); err != nil {
		return err
	}
	lease, err := apply.TakeLease(ctx, work.target, claim, s.env.now)
	if err != nil {
		return err
	}
	if err := keepApplied(s, p); err != nil {
		return errors.Join(err, lease.Release(context.WithoutCancel(ctx), func(*identity.Marker) {}))
	}
	run := state.Run{ID: runID, PlanHash: p.PlanHash, Migration: p.Migration.Name, Status: "started", StartedAt: s.env.now().UTC()}
	if err := beginRun(s, run, p); err != nil {
		return errors.Join(err, lease.Release(context.WithoutCancel(ctx), func(*identity.Marker) {}))
	}
	s.say("Approved %s  run %s  %s, %d at a time", view.ShortHash(p.PlanHash), runID, view.Plural(planned(p), "step", "steps"), o.workers)
	journal := &runJournal{s: s, run: runID, bound: map[string]string{}}
	bar := newProgress(s.env, s.global, s.events)
	sources := &secretSources{plugins: s.plugins, cfg: s.cfg, running: map[string]*client.Source{}}
	defer sources.close()
	report, fault := apply.Run(ctx, p.Steps, work.target, sources, journal, vault, apply.Options{Workers: o.workers, FailFast: o.failFast, Progress: bar.bar})
	bar.end()
	if fault == nil {
		fault = journal.bindMapped(p)
	}
	return finish(ctx, s, work, lease, run, report, journal, vault, fault, o.detailed)
}

func planned(p *plan.Plan) int {
	n := 0
	for _, step := range p.Steps {
		if step.Disposition == plan.DispositionPlanned && (step.Action == plan.ActionCreate || step.Action == plan.ActionUpdate || step.Action == plan.ActionDelete) {
			n++
		}
	}
	return n
}

// finish writes the run's end, gives the lease back and says what came of it.
func finish(ctx context.Context, s *session, work *planning, lease *apply.Lease, run state.Run, report apply.Report, journal *runJournal, vault *secretVault, fault error, detailed bool) error {
	p := work.plan
	run.CompletedAt = s.env.now().UTC()
	left := p.Summary.ManualFollowUp + p.Summary.Blocked
	undone := report.Count(apply.Failed) + report.Count(apply.NotStarted)
	switch {
	case fault != nil || undone > 0:
		run.Status = "failed"
	case left > 0:
		run.Status = "completed_with_follow_up"
	default:
		run.Status = "completed"
	}
	released := lease.Release(context.WithoutCancel(ctx), func(m *identity.Marker) {
		m.Run, m.RunHost = run.ID, s.env.host
		if fault == nil && undone == 0 {
			m.AppliedPlan = p.PlanHash
		}
		for key, resource := range journal.bound {
			if m.Bindings == nil {
				m.Bindings = map[string]string{}
			}
			m.Bindings[key] = resource
		}
	})
	recorded := endRun(s, run, p)
	_, declared := recordEvidence(s, p.PlanHash)
	head, _ := s.store.AuditHead()
	s.events.emit("apply_completed", map[string]any{"run": run.ID, "status": run.Status, "applied": report.Count(apply.Applied), "already": report.Count(apply.Already),
		"failed": report.Count(apply.Failed), "not_started": report.Count(apply.NotStarted), "requests": report.Requests, "audit_head": head})
	if !s.global.json {
		printReport(s, p, report, vault, run, head)
	}
	if err := errors.Join(fault, released, recorded, declared); err != nil {
		return err
	}
	if undone > 0 {
		return &statusError{status: exitError, quiet: !s.global.json, err: fmt.Errorf("%s failed or did not start", view.Plural(undone, "step", "steps"))}
	}
	if detailed && left > 0 {
		return &statusError{status: exitChanges, quiet: true}
	}
	return nil
}

func printReport(s *session, p *plan.Plan, report apply.Report, vault *secretVault, run state.Run, head string) {
	w := s.env.out
	fmt.Fprintf(w, "\napplied      %5d\n", report.Count(apply.Applied))
	if n := report.Count(apply.Already); n > 0 {
		fmt.Fprintf(w, "already done %5d   by an earlier run\n", n)
	}
	for _, outcome := range []apply.Outcome{apply.Failed, apply.NotStarted, apply.Unknown} {
		if n := report.Count(outcome); n > 0 {
			fmt.Fprintf(w, "%-12s %5d\n", strings.ReplaceAll(string(outcome), "_", " "), n)
			for _, result := range report.Results {
				if result.Outcome == outcome {
					fmt.Fprintf(w, "    %s   %s\n", view.Clean(result.Step.ID), view.Clean(result.Reason))
				}
			}
		}
	}
	fmt.Fprintf(w, "by hand      %5d\nblocked      %5d\n\n", p.Summary.ManualFollowUp, p.Summary.Blocked)
	if run.Status == "failed" {
		printContact(w, s)
	}
	if len(vault.given) > 0 {
		to := ""
		if len(vault.recipients) > 0 {
			to = ", encrypted for " + view.Plural(len(vault.recipients), "recipient", "recipients")
		}
		fmt.Fprintf(w, "%s written to %s%s; they are stored nowhere else.\n", view.Plural(len(vault.given), "client secret", "client secrets"), vault.path, to)
	}
	if head != "" {
		fmt.Fprintf(w, "Audit head %s (keep it with the change ticket). ", head[:12])
	}
	fmt.Fprintf(w, "Run %s: %s in %s, %s.\n", run.ID, strings.ReplaceAll(run.Status, "_", " "), run.CompletedAt.Sub(run.StartedAt).Round(100*time.Millisecond), view.Plural(report.Requests, "request", "requests"))
	if s.env.automation() {
		return
	}
	if run.Status == "failed" {
		fmt.Fprintf(w, "Next: mend the cause and run the same apply again: what is done stays done. If the target was changed, plan again.\n")
		return
	}
	fmt.Fprintf(w, "Next: rehome plan shows that nothing is left to change, and what is left to do by hand.\n")
}
