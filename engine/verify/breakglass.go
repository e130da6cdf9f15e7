package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
)

// BreakGlass tries the accounts that must always get in: each must have a way to sign in that needs no upstream, mail
// or new factor. What cannot be told counts as open: only a result that passed or was skipped lets a run go on.
func BreakGlass(ctx context.Context, users []string, target Target, impersonate bool,
	now func() time.Time) ([]Result, error) {
	var results []Result
	for _, user := range users {
		begun := now()
		request := identity.ProbeRequest{Resource: identity.ResourceID{Type: identity.BreakGlassType, Key: user},
			Impersonate: impersonate}
		found, err := target.Probe(ctx, request)
		if err != nil {
			return results, fmt.Errorf("trying the break-glass account %s: %w", user, err)
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
		if result.Status == identity.ProbeFailed || result.Status == identity.ProbeUnknown {
			shut = append(shut, result)
		}
	}
	return shut
}
