package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/verify"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/state"
)

// shortestWatch keeps a watch from turning into load on the target.
const shortestWatch = 10 * time.Second

type verifyOptions struct {
	run     string
	drift   bool
	source  bool
	events  bool
	watch   time.Duration
	verbose bool
	workers int
}

func verifyCommand() Command {
	var o verifyOptions
	return Command{
		Path:  "verify",
		Group: groupUsual,
		Class: classManage,
		Codes: []config.Code{
			{Code: "changes-not-recorded", Cause: "The target's own record holds nothing of the run: it was not kept at that time, or was emptied.", Cure: "Turn the record on before the next apply; this run cannot be proven so any more."},
			{Code: "verify-no-baseline", Cause: "The snapshot that a run was planned from is not in this state.", Cure: "Verify with the state that planned."},
			{Code: "verify-nothing", Cause: "No run of this state has applied anything.", Cure: "Apply first, or verify with the state that keeps the journal."},
			{Code: "verify-application-unknown", Cause: "A verify block names an application that no run made.", Cure: "Correct its name."},
		},
		Short: "Prove that the target is and works as applied",
		Long: `Verify reads back everything that the runs made, and tries it the way people and applications use it: sign-ins are begun and not finished,
nothing is written. It acts as a person only where a verify block allows it and names one. The results are kept as evidence on the runs.
With -events it holds the target's own record of writes against what the run says it did. The exit status is 1 when a probe fails; with -drift it is 2 when somebody changed what was made, with -source when the incumbent changed.`,
		Example: "  rehome verify\n  rehome verify -drift\n  rehome verify -events\n  rehome verify -watch=5m",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.run, "run", "", "look at what this run made, not at what all made")
			f.BoolVar(&o.drift, "drift", false, "only show what somebody changed since")
			f.BoolVar(&o.source, "source", false, "read the incumbents again and show what changed there since the plan")
			f.BoolVar(&o.events, "events", false, "prove the latest run, or that of -run, by the target's own record of writes")
			f.DurationVar(&o.watch, "watch", 0, "verify again and again, with this pause, until Ctrl-C")
			f.BoolVarP(&o.verbose, "verbose", "v", false, "every result, passed and skipped ones too")
			f.IntVar(&o.workers, "parallelism", 4, "probes at a time, 1 to 8")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runVerify(ctx, s, o)
		},
	}
}

func runVerify(ctx context.Context, s *session, o verifyOptions) error {
	if o.workers < 1 || o.workers > 8 {
		return misuse("-parallelism must be 1 to 8: the target gets slower above that")
	}
	if o.watch != 0 && o.watch < shortestWatch {
		return fmt.Errorf("-watch must be at least %s, so that it is no load on the target", shortestWatch)
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if o.drift && o.source || o.events && (o.drift || o.source || o.watch != 0) {
		return misuse("-drift looks at the target, -source at the incumbents and -events at what a run wrote: give one of them; -events is not watched")
	}
	store, err := s.openState()
	if err != nil {
		return err
	}
	if err := store.MayChange(); err != nil { // what it finds is kept as evidence
		return err
	}
	if o.source {
		return again(ctx, o.watch, func() error { return verifySources(ctx, s, o) })
	}
	done, err := whatRunsDid(s, o.run)
	if err != nil {
		return err
	}
	providers, err := s.providers()
	if err != nil {
		return err
	}
	target, schema, err := providers.target(ctx, cfg.Target, cfg)
	if err != nil {
		return err
	}
	defer target.Close()
	if o.events {
		return verifyEvents(ctx, s, target, o)
	}
	if expected := verify.Expect(done, schema.Resources); cfg.Verify != nil {
		for _, name := range unknownApplications(cfg.Verify, expected) {
			place := cfg.Verify.Range
			w := diag.Warningf("verify-application-unknown", "Application is not known", "No run made an application %q, so nobody acts for it.", name)
			w.Subject = &place
			s.warn(diag.List{w})
		}
	}
	return again(ctx, o.watch, func() error { return verifyOnce(ctx, s, target, schema.Resources, done, o) })
}

// again does the work once or, with a pause, until ctx ends. What it finds does not end a watch; what it cannot do does.
func again(ctx context.Context, pause time.Duration, work func() error) error {
	for {
		err := work()
		if pause == 0 || ctx.Err() != nil || err != nil && !errors.Is(err, errFinding) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// errFinding says that the verification went through and found something; everything was shown.
var errFinding = errors.New("something is not as it was applied")

// whatRunsDid lists the steps that the runs carried out, oldest first.
func whatRunsDid(s *session, only string) ([]verify.Done, error) {
	runs, err := s.store.Runs()
	if err != nil {
		return nil, err
	}
	var done []verify.Done
	found := false
	for i := len(runs) - 1; i >= 0; i-- {
		if only != "" && runs[i].ID != only {
			continue
		}
		found = true
		steps, err := doneBy(s.store, runs[i].ID, runs[i].PlanHash)
		if err != nil {
			return nil, err
		}
		done = append(done, steps...)
	}
	switch {
	case only != "" && !found:
		return nil, diag.Errorf("run-unknown", "There is no such run", "The state knows no run %q. rehome run list names them.", only)
	case len(done) == 0:
		return nil, diag.Errorf("verify-nothing", "There is nothing to verify", "No run of this state has applied a step yet. Run rehome apply first, with the state that keeps its journal.")
	}
	return done, nil
}

// doneBy joins a run's outcomes with the steps of its plan.
func doneBy(store *state.Migration, run, hash string) ([]verify.Done, error) {
	whole, err := store.Run(run)
	if err != nil {
		return nil, err
	}
	outcomes := map[string]state.RunStep{}
	for _, step := range whole.Steps {
		outcomes[step.StepID] = step
	}
	p, err := store.Plan(hash)
	if err != nil {
		return nil, err
	}
	var done []verify.Done
	for _, step := range p.Steps {
		if outcome := outcomes[step.ID]; outcome.Outcome == "applied" || outcome.Outcome == "already" {
			done = append(done, verify.Done{Run: run, Step: step, ServerID: outcome.ServerID})
		}
	}
	return done, nil
}

func verifyOnce(ctx context.Context, s *session, target *client.Target, schemas []identity.ResourceSchema, done []verify.Done, o verifyOptions) error {
	expected := verify.Expect(done, schemas)
	started := s.env.now()
	if o.drift {
		return showDrift(ctx, s, target, schemas, expected, started)
	}
	progress := newProgress(s.env, s.global, s.events)
	report, err := verify.Run(ctx, expected, target, schemas, verify.Options{
		Workers: o.workers, People: probedPeople(s.cfg, expected), Unsupported: client.Unsupported, Progress: progress.bar, Now: s.env.now,
	})
	progress.end()
	if err != nil {
		return err
	}
	accounts, err := tryBreakGlass(ctx, s, target)
	if err != nil {
		return err
	}
	report.Add(accounts)
	if err := recordVerification(s, "probes", report, done); err != nil {
		return err
	}
	s.events.emit("verification", map[string]any{"format_version": eventFormat, "report": report})
	if !s.global.json {
		err := view.Verification(s.env.out, report, view.VerificationOptions{Style: s.env.style(s.global.noColor), Verbose: o.verbose, Automation: s.env.automation(), Took: s.env.now().Sub(started)})
		if err != nil {
			return err
		}
	}
	if report.Count(identity.ProbeFailed) > 0 {
		return &statusError{status: exitError, quiet: true, err: errFinding}
	}
	return nil
}

func showDrift(ctx context.Context, s *session, target *client.Target, schemas []identity.ResourceSchema, expected []verify.Expected, started time.Time) error {
	var live []identity.Resource
	summary, err := target.Read(ctx, func(r identity.Resource) error {
		live = append(live, r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the target: %w", err)
	}
	report := verify.Report{Changes: verify.Compare(expected, live, schemas), Resources: len(expected), Requests: summary.Requests}
	if err := recordVerification(s, "drift", report, nil); err != nil {
		return err
	}
	s.events.emit("drift", map[string]any{"format_version": eventFormat, "resources": report.Resources, "changes": append([]verify.Change{}, report.Changes...)})
	if !s.global.json {
		err := view.Drift(s.env.out, report, view.VerificationOptions{Style: s.env.style(s.global.noColor), Automation: s.env.automation(), Took: s.env.now().Sub(started)})
		if err != nil {
			return err
		}
	}
	if len(report.Changes) > 0 {
		return &statusError{status: exitChanges, quiet: true, err: errFinding}
	}
	return nil
}

// recordVerification keeps what was found as evidence.
func recordVerification(s *session, kind string, report verify.Report, done []verify.Done) error {
	findings, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("encoding the verification: %w", err)
	}
	runs, seen := []string{}, map[string]bool{}
	for _, d := range done {
		if !seen[d.Run] {
			seen[d.Run] = true
			runs = append(runs, d.Run)
		}
	}
	v := state.Verification{
		ID: s.NewID("v"), At: s.env.now().UTC(), Kind: kind, Runs: runs, Changes: len(report.Changes), Findings: findings,
		Passed: report.Count(identity.ProbePassed), Failed: report.Count(identity.ProbeFailed), Unknown: report.Count(identity.ProbeUnknown), Skipped: report.Count(identity.ProbeSkipped),
	}
	facts := map[string]string{"kind": kind, "passed": fmt.Sprint(v.Passed), "failed": fmt.Sprint(v.Failed), "unknown": fmt.Sprint(v.Unknown), "changes": fmt.Sprint(v.Changes)}
	return s.store.PutVerification(v, s.event("migration.verification.completed", v.ID, facts))
}

// probedPeople finds whom a probe may act as: by the application's name in the source, or its key in the target.
func probedPeople(cfg *config.Config, expected []verify.Expected) verify.People {
	if cfg.Verify == nil {
		return verify.People{}
	}
	names := map[string][]string{}
	for _, e := range expected {
		for _, item := range e.Items {
			names[e.Resource.Key] = append(names[e.Resource.Key], item.Name)
		}
	}
	pick := func(table map[string]string, key, otherwise string) string {
		for _, name := range append([]string{key}, names[key]...) {
			if person, named := table[name]; named {
				return person
			}
		}
		return otherwise
	}
	return verify.People{
		Impersonate: cfg.Verify.Impersonate,
		Member:      func(r identity.ResourceID) string { return pick(cfg.Verify.Members, r.Key, "") },
		Stranger:    func(r identity.ResourceID) string { return pick(cfg.Verify.Strangers, r.Key, cfg.Verify.Stranger) },
	}
}

// unknownApplications names the applications of a verify block that no run made, so that a misspelt name is not a probe less.
func unknownApplications(block *config.Verify, expected []verify.Expected) []string {
	known := map[string]bool{}
	for _, e := range expected {
		known[e.Resource.Key] = true
		for _, item := range e.Items {
			known[item.Name] = true
		}
	}
	var unknown []string
	for _, table := range []map[string]string{block.Members, block.Strangers} {
		for name := range table {
			if !known[name] && !strings.Contains(strings.Join(unknown, "\x00"), name) {
				unknown = append(unknown, name)
			}
		}
	}
	return unknown
}
