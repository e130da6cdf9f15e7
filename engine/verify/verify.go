package verify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
)

// ReadsBack is the name of the probe that compares a resource with what was planned.
const ReadsBack = "reads_back"

// Target is a target that can be read and tried.
type Target interface {
	Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error)
	Probe(ctx context.Context, request observation.ProbeRequest) ([]observation.ProbeResult, error)
}

// People says whom probes may act as. The functions get a resource and give a login name, empty for nobody.
type People struct {
	Impersonate bool
	Member      func(identity.ResourceID) string
	Stranger    func(identity.ResourceID) string
}

// Options of a verification.
type Options struct {
	Workers     int // probes at a time, at least 1
	People      People
	Unsupported func(error) bool // tells that a target has no probes of its own; reading back is then all there is
	Progress    func(done, total int, current string)
	Now         func() time.Time
	// Against compares with what the incumbents grant; nil where that is not done.
	Against func(live []identity.Resource) (Incumbent, []Result, error)
}

// Result is what one probe found of one resource.
type Result struct {
	observation.ProbeResult
	StepID string    `json:"step_id"`
	Run    string    `json:"run"`
	At     time.Time `json:"at"`
	Millis int64     `json:"millis"` // of all probes of the resource together
}

// Report is everything that was found: failed first, then unknown, skipped and passed, each by resource and probe.
type Report struct {
	Results   []Result `json:"results"`
	Changes   []Change `json:"changes"`
	Resources int      `json:"resources"`
	Requests  int      `json:"requests"`
	// Incumbent is nil where nothing was compared with the sources.
	Incumbent *Incumbent `json:"incumbent,omitempty"`
}

// Failures are the results of probes that failed.
func (r Report) Failures() []Result {
	var failed []Result
	for _, result := range r.Results {
		if result.Status == observation.ProbeFailed {
			failed = append(failed, result)
		}
	}
	return failed
}

// Skipped counts the probes that were not tried.
func (r Report) Skipped() int { return r.Count(observation.ProbeSkipped) }

// Add joins further results, in their place.
func (r *Report) Add(results []Result) {
	for _, result := range results {
		r.Requests += result.Requests
	}
	r.Results = append(r.Results, results...)
	sortResults(r.Results)
}

// Count is the number of results with the status.
func (r Report) Count(status observation.ProbeStatus) int {
	n := 0
	for _, result := range r.Results {
		if result.Status == status {
			n++
		}
	}
	return n
}

// Run reads the target once, compares every expected resource with it, and tries each that is there. A probe that could
// not look is unknown; only a failure to read the target at all, or the end of ctx, is an error.
func Run(ctx context.Context, expected []Expected, target Target, schemas []identity.ResourceSchema,
	options Options) (Report, error) {
	var live []identity.Resource
	summary, err := target.Read(ctx, func(r identity.Resource) error {
		live = append(live, r)
		return nil
	})
	if err != nil {
		return Report{}, fmt.Errorf("reading the target: %w", err)
	}
	report := Report{Changes: Compare(expected, live, schemas), Resources: len(expected), Requests: summary.Requests}
	report.Results = append(readBack(expected, report.Changes, options.Now()),
		CompareGrants(expected, live, schemas, options.Now())...)
	if options.Against != nil {
		incumbent, results, err := options.Against(live)
		if err != nil {
			return report, err
		}
		report.Incumbent, report.Results = &incumbent, append(report.Results, results...)
	}
	probed, err := probe(ctx, expected, target, options)
	if err != nil {
		return report, err
	}
	for _, result := range probed {
		report.Requests += result.Requests
	}
	report.Results = append(report.Results, probed...)
	sortResults(report.Results)
	return report, nil
}

// readBack makes one result of each expected resource.
func readBack(expected []Expected, changes []Change, at time.Time) []Result {
	byResource := map[identity.ResourceID][]Change{}
	for _, change := range changes {
		byResource[change.Resource] = append(byResource[change.Resource], change)
	}
	results := make([]Result, 0, len(expected))
	for _, e := range expected {
		result := Result{StepID: e.StepID, Run: e.Run, At: at, ProbeResult: observation.ProbeResult{
			Probe: ReadsBack, Resource: e.Resource, Status: observation.ProbePassed, Summary: "it is as the run left it",
		}}
		if own := byResource[e.Resource]; len(own) > 0 {
			var texts []string
			for _, change := range own {
				texts = append(texts, change.Summary)
			}
			result.Status, result.Summary = observation.ProbeFailed, strings.Join(texts, "; ")
			result.LookAt = "what changed since the run: rehome verify -drift"
		}
		results = append(results, result)
	}
	return results
}

// probe tries the resources side by side. When a target offers no probes, the first answer says so and no more are
// asked.
func probe(ctx context.Context, expected []Expected, target Target, options Options) ([]Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan Expected)
	var mutex sync.Mutex
	var results []Result
	var fault error
	unsupported, done := false, 0
	var workers sync.WaitGroup
	for range max(options.Workers, 1) {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for e := range work {
				found, err := probeOne(ctx, e, target, options)
				mutex.Lock()
				done++
				switch {
				case err == nil:
					results = append(results, found...)
				case options.Unsupported != nil && options.Unsupported(err):
					unsupported = true
				case fault == nil:
					fault = fmt.Errorf("probing %s: %w", e.Resource, err)
					cancel(fault)
				}
				if options.Progress != nil {
					options.Progress(done, len(expected), e.Resource.String())
				}
				mutex.Unlock()
			}
		}()
	}
	for _, e := range expected {
		mutex.Lock()
		stop := unsupported || ctx.Err() != nil
		mutex.Unlock()
		if stop {
			break
		}
		if e.Attributes != nil && !e.Mapped {
			work <- e
		}
	}
	close(work)
	workers.Wait()
	if fault == nil && ctx.Err() != nil {
		fault = ctx.Err()
	}
	return results, fault
}

func probeOne(ctx context.Context, e Expected, target Target, options Options) ([]Result, error) {
	request := observation.ProbeRequest{Resource: e.Resource, ServerID: e.ServerID, Attributes: e.Attributes,
		Impersonate: options.People.Impersonate}
	if options.People.Member != nil {
		request.Member = options.People.Member(e.Resource)
	}
	if options.People.Stranger != nil {
		request.Stranger = options.People.Stranger(e.Resource)
	}
	begun := options.Now()
	found, err := target.Probe(ctx, request)
	if err != nil {
		return nil, err
	}
	results := make([]Result, 0, len(found))
	for _, f := range found {
		results = append(results, Result{ProbeResult: f, StepID: e.StepID, Run: e.Run, At: begun,
			Millis: options.Now().Sub(begun).Milliseconds()})
	}
	return results, nil
}

// rank puts what needs a person first.
func rank(status observation.ProbeStatus) int {
	switch status {
	case observation.ProbeFailed:
		return 0
	case observation.ProbeUnknown:
		return 1
	case observation.ProbeSkipped:
		return 2
	case observation.ProbePassed:
	}
	return 3
}

func sortResults(results []Result) {
	slices.SortStableFunc(results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(rank(a.Status), rank(b.Status)),
			strings.Compare(a.Resource.String(), b.Resource.String()), strings.Compare(a.Probe, b.Probe))
	})
}
