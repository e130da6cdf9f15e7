package verify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// BreakGlass tries the accounts that must always get in: each must have a way to sign in that needs no upstream, mail
// or new factor. What cannot be told counts as open: only a result that passed or was skipped lets a run go on.
func BreakGlass(ctx context.Context, users []string, target Target, impersonate bool,
	now func() time.Time) ([]Result, error) {
	var results []Result
	for _, user := range users {
		begun := now()
		request := observation.ProbeRequest{Resource: identity.ResourceID{Type: observation.BreakGlassType, Key: user},
			Impersonate: impersonate}
		found, err := target.Probe(ctx, request)
		if err != nil {
			return results, fmt.Errorf("trying the break-glass account %s: %w", user, err)
		}
		if len(found) == 0 { // nobody said that it gets in
			found = []observation.ProbeResult{{Probe: observation.BreakGlassType, Resource: request.Resource,
				Status: observation.ProbeUnknown, Summary: "the target says nothing about it"}}
		}
		for _, f := range found {
			results = append(results, Result{ProbeResult: f, At: begun, Millis: now().Sub(begun).Milliseconds()})
		}
	}
	return results, nil
}

// Shut lists what keeps break-glass accounts from being sure to get in.
func Shut(results []Result) []Result {
	var shut []Result
	for _, result := range results {
		if result.Status == observation.ProbeFailed || result.Status == observation.ProbeUnknown {
			shut = append(shut, result)
		}
	}
	return shut
}

// ShutOut says which break-glass accounts are not sure to get in and what follows of it, or nil.
func ShutOut(results []Result, consequence string) error {
	shut := Shut(results)
	if len(shut) == 0 {
		return nil
	}
	lines := make([]string, 0, len(shut))
	for _, result := range shut {
		line := fmt.Sprintf("  %s   %s: %s", phrase.Clean(result.Resource.Key), result.Probe, phrase.Clean(result.Summary))
		if result.LookAt != "" {
			line += "; look at " + phrase.Clean(result.LookAt)
		}
		lines = append(lines, line)
	}
	return diag.Errorf("break-glass-shut", "Break-glass account may not get in", "%s\n%s", strings.Join(lines, "\n"),
		consequence)
}
