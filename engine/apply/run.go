package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Target does one step. It checks the step's Before itself and is idempotent.
type Target interface {
	Apply(ctx context.Context, step identity.StepRequest) (identity.StepResult, error)
}

// Sources hand out the secrets that steps refer to.
type Sources interface {
	Secret(ctx context.Context, reference identity.SecretReference) (string, error)
}

// Journal keeps what was intended and what came of it, durably, before the call returns. Called by one goroutine.
type Journal interface {
	Intend(step plan.Step) error
	Outcome(result Result) error
}

// Vault delivers a one-time secret durably. A step counts as applied only after its secrets were delivered.
type Vault interface {
	Deliver(resource identity.ResourceID, attribute, value string) error
}

// Outcome of a step.
type Outcome string

// The outcomes.
const (
	Applied    Outcome = "applied"
	Already    Outcome = "already" // found done by an earlier, interrupted run
	Failed     Outcome = "failed"
	NotStarted Outcome = "not_started"
	Unknown    Outcome = "unknown" // interrupted between request and answer
)

// Result is what came of one step.
type Result struct {
	Step     plan.Step
	Outcome  Outcome
	ServerID string
	Reason   string
	Requests int
}

// Options of a run.
type Options struct {
	Workers  int  // steps at a time, at least 1
	FailFast bool // start nothing more after the first failure
	Progress func(done, total int, current string)
}

// Report is the end of a run.
type Report struct {
	Results  []Result // one for each planned step, in the order in which they ended
	Requests int
}

// Count is the number of steps with the outcome.
func (r Report) Count(outcome Outcome) int {
	n := 0
	for _, result := range r.Results {
		if result.Outcome == outcome {
			n++
		}
	}
	return n
}

// Run carries out the planned steps. Secrets that steps need are fetched before the first write; when one cannot be had, nothing
// starts and an error says so. A step that fails takes its dependants along; independent steps go on. When ctx ends, steps in flight
// are finished, nothing new starts, and the rest is not_started. An error of the journal or vault ends the run the same way.
func Run(ctx context.Context, steps []plan.Step, target Target, sources Sources, journal Journal, vault Vault, options Options) (Report, error) {
	planned := make([]plan.Step, 0, len(steps))
	for _, step := range steps {
		if step.Disposition == plan.DispositionPlanned && (step.Action == plan.ActionCreate || step.Action == plan.ActionUpdate || step.Action == plan.ActionDelete) {
			planned = append(planned, step)
		}
	}
	order, err := newSchedule(planned)
	if err != nil {
		return Report{}, err
	}
	secrets, err := fetchSecrets(ctx, planned, sources)
	if err != nil {
		return Report{}, err
	}
	r := &run{order: order, target: target, journal: journal, vault: vault, secrets: secrets, options: options, ctx: ctx}
	return r.loop()
}

func fetchSecrets(ctx context.Context, steps []plan.Step, sources Sources) (map[string]map[string]string, error) {
	values := map[string]map[string]string{}
	for _, step := range steps {
		for name, value := range step.After {
			reference, ok := identity.AsSecretReference(value)
			if !ok {
				continue
			}
			secret, err := sources.Secret(ctx, reference)
			if err != nil {
				return nil, fmt.Errorf("asking %s for %s of %s, which step %s needs: %w", reference.Source, reference.Field, reference.Item, step.ID, err)
			}
			if values[step.ID] == nil {
				values[step.ID] = map[string]string{}
			}
			values[step.ID][name] = secret
		}
	}
	return values, nil
}

type run struct {
	order   *schedule
	target  Target
	journal Journal
	vault   Vault
	secrets map[string]map[string]string
	options Options
	ctx     context.Context
	report  Report
	stopped bool
	fault   error // of journal or vault
}

type answer struct {
	rank   int
	result identity.StepResult
	err    error
}

func (r *run) loop() (Report, error) {
	workers := max(r.options.Workers, 1)
	answers := make(chan answer, workers)
	flying, total := 0, len(r.order.steps)
	for r.order.open > 0 {
		if r.ctx.Err() != nil {
			r.stopped = true
		}
		for flying < workers && !r.stopped {
			rank, ok := r.order.next()
			if !ok {
				break
			}
			if err := r.journal.Intend(r.order.steps[rank]); err != nil {
				r.fault, r.stopped = fmt.Errorf("writing the journal before step %s: %w", r.order.steps[rank].ID, err), true
				break
			}
			flying++
			go func() { answers <- r.do(rank) }()
		}
		if flying == 0 {
			break
		}
		a := <-answers
		flying--
		r.settle(a)
		if r.options.Progress != nil {
			r.options.Progress(len(r.report.Results), total, r.order.steps[a.rank].ID)
		}
	}
	r.closeOpen()
	return r.report, r.fault
}

// do runs one step with a context that Ctrl-C does not end: what is in flight is finished.
func (r *run) do(rank int) answer {
	step := r.order.steps[rank]
	result, err := r.target.Apply(context.WithoutCancel(r.ctx), identity.StepRequest{
		StepID: step.ID, Action: string(step.Action), Resource: step.Resource, ServerID: step.ServerID,
		Before: step.Before, After: step.After, Tag: step.Tag, Secrets: r.secrets[step.ID],
	})
	return answer{rank: rank, result: result, err: err}
}

func (r *run) settle(a answer) {
	step := r.order.steps[a.rank]
	result := Result{Step: step, Outcome: Applied, ServerID: a.result.ServerID, Requests: a.result.Requests}
	r.report.Requests += a.result.Requests
	if a.result.Already {
		result.Outcome = Already
	}
	if a.err != nil {
		result.Outcome, result.Reason = Failed, a.err.Error()
	} else if err := r.deliver(step, a.result.Generated); err != nil {
		result.Outcome, result.Reason = Failed, "the resource was written, but its secret was not delivered: "+err.Error()
	}
	r.finish(a.rank, result)
}

func (r *run) deliver(step plan.Step, generated map[string]string) error {
	for attribute, value := range generated {
		if err := r.vault.Deliver(step.Resource, attribute, value); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) finish(rank int, result Result) {
	if err := r.journal.Outcome(result); err != nil && r.fault == nil {
		r.fault, r.stopped = fmt.Errorf("writing the journal after step %s: %w", result.Step.ID, err), true
	}
	r.report.Results = append(r.report.Results, result)
	if result.Outcome == Failed {
		r.order.failed(rank)
		r.stopped = r.stopped || r.options.FailFast
		return
	}
	r.order.done(rank)
}

// closeOpen lists every step that never started, with the reason.
func (r *run) closeOpen() {
	seen := make(map[string]bool, len(r.report.Results))
	for _, result := range r.report.Results {
		seen[result.Step.ID] = true
	}
	for rank, step := range r.order.steps {
		if seen[step.ID] {
			continue
		}
		reason := "the run ended before it"
		if cause, dropped := r.order.dropped[rank]; dropped {
			reason = "waits for " + r.order.steps[cause].ID
		} else if errors.Is(r.ctx.Err(), context.Canceled) {
			reason = "the run was interrupted"
		}
		result := Result{Step: step, Outcome: NotStarted, Reason: reason}
		r.report.Results = append(r.report.Results, result)
		if err := r.journal.Outcome(result); err != nil && r.fault == nil {
			r.fault = fmt.Errorf("writing the journal for step %s: %w", step.ID, err)
		}
	}
}
