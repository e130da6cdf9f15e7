package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Target does one step. It checks the step's Before itself and is idempotent.
type Target interface {
	Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error)
}

// Sources hand out the secrets that steps refer to.
type Sources interface {
	Secret(ctx context.Context, reference identity.SecretReference) (string, error)
}

// Journal keeps what was intended and what came of it, durably, before the call returns. It is called by many
// goroutines, so that steps which wait at the same time can share one write.
type Journal interface {
	Intend(step plan.Step) error
	Outcome(results ...Result) error
}

// Vault delivers a one-time secret durably. A step counts as applied only after its secrets were delivered.
type Vault interface {
	Deliver(resource identity.ResourceID, attribute, value string) error
}

// Options of a run.
type Options struct {
	Workers  int  // steps at a time, at least 1
	FailFast bool // start nothing more after the first failure
	Progress func(done, total int, current string)
	// Done holds what an earlier part of the run has done, by step id. These steps are not asked for again.
	Done map[string]Result
	// Begun names steps, by id, whose requests may have left in an earlier part of the run: the target looks first for
	// these.
	Begun map[string]bool
	// Given names steps, by id, whose one-time values an earlier run handed out: found done again, they are not handed
	// out twice.
	Given map[string]bool
	// Guard is asked before each step whether the run may still write. Its error ends the run. Nil allows.
	Guard func(context.Context) error
}

// Report is the end of a run.
type Report struct {
	Results  []Result // one for each planned step, in the order in which they ended
	Requests int
}

// Count is the number of steps with the outcome.
func (r Report) Count(outcome history.Outcome) int {
	n := 0
	for _, result := range r.Results {
		if result.Outcome == outcome {
			n++
		}
	}
	return n
}

// silence is how many steps in a row may end without an answer of the target before nothing more is started.
const silence = 3

// Run carries out the planned steps. Secrets that steps need are fetched before the first write; when one cannot be
// had, nothing starts and an error says so. A step that fails takes its dependants along; independent steps go on. When
// ctx ends, steps in flight are finished, nothing new starts, and the rest is not_started. An error of the journal or
// guard ends the run the same way, and so does a target that does not answer any more.
func Run(ctx context.Context, steps []plan.Step, target Target, sources Sources, journal Journal, vault Vault,
	options Options) (Report, error) {
	planned := Planned(steps)
	order, err := newSchedule(planned)
	if err != nil {
		return Report{}, err
	}
	secrets, err := fetchSecrets(ctx, planned, sources, options.Done)
	if err != nil {
		return Report{}, err
	}
	r := &run{order: order, target: target, journal: journal, vault: vault, brought: secrets, options: options}
	return r.loop(ctx)
}

// Planned are the steps that write to the target.
func Planned(steps []plan.Step) []plan.Step {
	planned := make([]plan.Step, 0, len(steps))
	for _, step := range steps {
		if step.Disposition == plan.DispositionPlanned &&
			(step.Action == plan.ActionCreate || step.Action == plan.ActionUpdate || step.Action == plan.ActionDelete) {
			planned = append(planned, step)
		}
	}
	return planned
}

type run struct {
	order   *schedule
	target  Target
	journal Journal
	vault   Vault
	brought broughtSecrets
	options Options
	report  Report
	silent  int // steps in a row without an answer
	stopped bool
	why     string // nothing more is started, for the steps that were not
	fault   error  // of journal or guard
}

// answer of a worker. A step that was not begun has no result.
type answer struct {
	rank   int
	begun  bool
	result Result
	fault  error // of journal or guard
	gone   bool  // nothing can be asked of the target any more
}

func (r *run) loop(ctx context.Context) (Report, error) {
	workers := max(r.options.Workers, 1)
	answers := make(chan answer, workers)
	flying, total := 0, len(r.order.steps)
	for r.order.open > 0 {
		if ctx.Err() != nil {
			r.stop("the run was interrupted")
		}
		for flying < workers && !r.stopped {
			rank, ok := r.order.next()
			if !ok {
				break
			}
			if before, done := r.options.Done[r.order.steps[rank].ID]; done {
				r.skip(rank, before)
				continue
			}
			flying++
			go func() { answers <- r.do(ctx, rank) }()
		}
		if flying == 0 {
			break
		}
		a := <-answers
		flying--
		r.record(a)
		if r.options.Progress != nil {
			r.options.Progress(len(r.report.Results), total, r.order.steps[a.rank].ID)
		}
	}
	r.closeOpen()
	return r.report, r.fault
}

func (r *run) stop(why string) {
	if !r.stopped {
		r.stopped, r.why = true, why
	}
}

// skip takes a step as done that an earlier part of the run has done.
func (r *run) skip(rank int, before Result) {
	r.report.Results = append(r.report.Results, Result{Step: r.order.steps[rank], Outcome: history.Already,
		ServerID: before.ServerID, Generated: before.Generated})
	r.order.done(rank)
}

// do runs one step without the end of its context: what is in flight is finished. The step is in the journal before its
// first request leaves, and its outcome before anything that waits for it starts.
func (r *run) do(ctx context.Context, rank int) answer {
	step := r.order.steps[rank]
	a := answer{rank: rank}
	ctx = context.WithoutCancel(ctx)
	if r.options.Guard != nil {
		if a.fault = r.options.Guard(ctx); a.fault != nil {
			return a
		}
	}
	if err := r.journal.Intend(step); err != nil {
		a.fault = fmt.Errorf("writing the journal before step %s: %w", step.ID, err)
		return a
	}
	if why := r.brought.withheld[step.ID]; why != "" {
		a.begun, a.result = true, Result{Step: step, Outcome: history.Failed, Reason: why}
		if err := r.journal.Outcome(a.result); err != nil {
			a.fault = fmt.Errorf("writing the journal after step %s: %w", step.ID, err)
		}
		return a
	}
	result, err := r.target.Apply(ctx, contract.StepRequest{
		StepID: step.ID, Action: string(step.Action), Resource: step.Resource, ServerID: step.ServerID,
		Before: step.Before, After: step.After, Tag: step.Tag, Secrets: r.brought.values[step.ID], Begun: r.options.Begun[step.ID],
	})
	a.begun, a.gone, a.result = true, errors.Is(err, ErrTargetGone), judge(step, result, err)
	if err == nil && !(a.result.Outcome == history.Already && r.options.Given[step.ID]) {
		r.deliver(&a.result, result.Generated)
	}
	if err := r.journal.Outcome(a.result); err != nil {
		a.fault = fmt.Errorf("writing the journal after step %s: %w", step.ID, err)
	}
	return a
}

// deliver hands out what the target made once. A step counts as applied only when all of it has arrived.
func (r *run) deliver(result *Result, generated map[string]string) {
	for _, attribute := range slices.Sorted(maps.Keys(generated)) {
		if err := r.vault.Deliver(result.Step.Resource, attribute, generated[attribute]); err != nil {
			result.Outcome = history.Failed
			result.Reason = fmt.Sprintf("the resource was written, but its %s was not delivered: %v", attribute, err)
			return
		}
		result.Generated = append(result.Generated, attribute)
	}
}

func (r *run) record(a answer) {
	if a.fault != nil {
		r.stop("the run ended before it")
		if r.fault == nil {
			r.fault = a.fault
		}
	}
	if !a.begun {
		r.order.open--
		return
	}
	r.report.Requests += a.result.Requests
	r.report.Results = append(r.report.Results, a.result)
	if a.result.Outcome.Done() {
		r.silent = 0
		r.order.done(a.rank)
		return
	}
	r.order.failed(a.rank)
	r.silent++
	switch {
	case a.gone:
		r.stop("the plugin of the target had ended")
	case a.result.Outcome != history.Unknown:
		r.silent = 0
	case r.silent >= silence:
		r.stop("the target did not answer any more")
	}
	if r.options.FailFast {
		r.stop("an earlier step failed (-fail-fast)")
	}
}

// closeOpen lists every step that never started, with the reason.
func (r *run) closeOpen() {
	seen := make(map[string]bool, len(r.report.Results))
	for _, result := range r.report.Results {
		seen[result.Step.ID] = true
	}
	var open []Result
	for rank, step := range r.order.steps {
		if seen[step.ID] {
			continue
		}
		reason := r.why
		if cause, dropped := r.order.dropped[rank]; dropped {
			reason = "waits for " + r.order.steps[cause].ID
		}
		open = append(open, Result{Step: step, Outcome: history.NotStarted, Reason: reason})
	}
	r.report.Results = append(r.report.Results, open...)
	if err := r.journal.Outcome(open...); err != nil && r.fault == nil {
		r.fault = fmt.Errorf("writing into the journal what was not started: %w", err)
	}
}
