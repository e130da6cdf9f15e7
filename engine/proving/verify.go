package proving

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/breakglass"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/verify"
	"github.com/rehome-iam/rehome/state"
)

// Input says what is verified, and how often.
type Input struct {
	Run     string        // what this run made; empty for what all runs made
	Workers int           // probes at a time, at least 1
	Pause   time.Duration // 0 looks once; else again and again, with this pause, until ctx ends
	Against Against       // nil: nothing is compared with the incumbents
}

// Against compares what the incumbents grant with the live resources of the target.
type Against func(ctx context.Context, p *project.Project, expected []verify.Expected, live []identity.Resource,
	schemas []identity.ResourceSchema) (verify.Incumbent, []verify.Result, error)

// Report is what one look at the target found.
type Report struct {
	verify.Report
	Took time.Duration `json:"-"`
}

// Failed tells whether something does not work as it was applied.
func (r *Report) Failed() bool { return r.Count(observation.ProbeFailed) > 0 }

// Verify reads back what the runs made and tries it the way people and applications use it. Each gets every report.
// The last one is returned.
func Verify(ctx context.Context, p *project.Project, in Input, each func(*Report) error) (*Report, error) {
	return look(ctx, p, in, each, func(ctx context.Context, l *looking) (verify.Report, error) {
		return probe(ctx, p, l, in)
	})
}

// Drift reads back what the runs made and lists what somebody changed since. Each gets every report. The last one is
// returned.
func Drift(ctx context.Context, p *project.Project, in Input, each func(*Report) error) (*Report, error) {
	return look(ctx, p, in, each, func(ctx context.Context, l *looking) (verify.Report, error) {
		return drift(ctx, p, l)
	})
}

// looking is a target with what the runs made in it.
type looking struct {
	target   *project.Target
	schemas  []identity.ResourceSchema
	done     []verify.Done
	expected []verify.Expected
}

// look opens the target once, however often it is looked at.
func look(ctx context.Context, p *project.Project, in Input, each func(*Report) error,
	once func(context.Context, *looking) (verify.Report, error)) (*Report, error) {
	migration, err := p.StateForFindings(ctx)
	if err != nil {
		return nil, err
	}
	l := &looking{}
	if l.done, err = Did(migration, in.Run); err != nil {
		return nil, err
	}
	target, schema, err := p.Target(ctx)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	l.target, l.schemas, l.expected = target, schema.Resources, verify.Expect(l.done, schema.Resources)
	p.Warn(unknownApplications(p.Config().Verify, l.expected)...)
	var last *Report
	err = again(ctx, in.Pause, func() error {
		began := p.Now()
		found, err := once(ctx, l)
		if err != nil {
			return err
		}
		last = &Report{Report: found, Took: p.Now().Sub(began)}
		return each(last)
	})
	return last, err
}

// again does the work once or, with a pause, until ctx ends.
func again(ctx context.Context, pause time.Duration, work func() error) error {
	for {
		if err := work(); pause == 0 || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

func probe(ctx context.Context, p *project.Project, l *looking, in Input) (verify.Report, error) {
	options := verify.Options{
		Workers: in.Workers, People: probedPeople(p.Config().Verify, l.expected), Unsupported: project.Unsupported, Now: p.Now,
		Progress: func(done, total int, current string) {
			p.Events.Send(project.Progress{Done: done, Total: total, Current: current})
		},
	}
	if in.Against != nil {
		options.Against = func(live []identity.Resource) (verify.Incumbent, []verify.Result, error) {
			return in.Against(ctx, p, l.expected, live, l.schemas)
		}
	}
	report, err := verify.Run(ctx, l.expected, l.target, l.schemas, options)
	p.Events.Send(project.Progress{End: true})
	if err != nil {
		return report, err
	}
	accounts, err := breakglass.Try(ctx, p, l.target)
	if err != nil {
		return report, err
	}
	report.Add(accounts)
	return report, keepProbes(p, state.VerifiedProbes, report, l.done)
}

func drift(ctx context.Context, p *project.Project, l *looking) (verify.Report, error) {
	live, summary, err := project.Resources(ctx, l.target)
	if err != nil {
		return verify.Report{}, err
	}
	report := verify.Report{
		Changes: append([]verify.Change{}, verify.Compare(l.expected, live, l.schemas)...), Resources: len(l.expected),
		Requests: summary.Requests,
	}
	return report, keepProbes(p, state.VerifiedDrift, report, nil)
}

// keepProbes keeps what was found as evidence on the runs.
func keepProbes(p *project.Project, kind string, report verify.Report, done []verify.Done) error {
	runs, seen := []string{}, map[string]bool{}
	for _, d := range done {
		if !seen[d.Run] {
			seen[d.Run] = true
			runs = append(runs, d.Run)
		}
	}
	return keep(p, state.Verification{
		ID: p.NewID("v"), Kind: kind, Runs: runs, Changes: len(report.Changes),
		Passed: report.Count(observation.ProbePassed), Failed: report.Count(observation.ProbeFailed),
		Unknown: report.Count(observation.ProbeUnknown), Skipped: report.Count(observation.ProbeSkipped),
	}, report, nil)
}

// keep keeps a verification with its findings. The audit chain has its counts and the further facts.
func keep(p *project.Project, v state.Verification, findings any, facts map[string]string) error {
	encoded, err := json.Marshal(findings)
	if err != nil {
		return fmt.Errorf("encoding the verification: %w", err)
	}
	v.At, v.Findings = p.Now().UTC(), encoded
	reported := map[string]string{"kind": v.Kind, "changes": fmt.Sprint(v.Changes),
		evidence.FactFindings: evidence.Digest(encoded)}
	if len(v.Runs) > 0 {
		reported[evidence.FactRuns] = strings.Join(v.Runs, " ")
	}
	if v.Kind != state.VerifiedSources { // which counts changes only
		reported["passed"], reported["failed"], reported["unknown"] = fmt.Sprint(v.Passed), fmt.Sprint(v.Failed), fmt.Sprint(v.Unknown)
	}
	for name, fact := range facts {
		reported[name] = fact
	}
	return p.Migration().PutVerification(v, p.Event(evidence.EventVerified, v.ID, reported))
}

func at(place diag.Range, d diag.Diagnostic) diag.Diagnostic {
	d.Subject = &place
	return d
}

// probedPeople finds whom a probe may act as: by the application's name in the source, or its key in the target.
func probedPeople(block *config.Verify, expected []verify.Expected) verify.People {
	if block == nil {
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
		Impersonate: block.Impersonate,
		Member:      func(r identity.ResourceID) string { return pick(block.Members, r.Key, "") },
		Stranger:    func(r identity.ResourceID) string { return pick(block.Strangers, r.Key, block.Stranger) },
	}
}
