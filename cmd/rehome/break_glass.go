package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/verify"
	"github.com/rehome-iam/rehome/providers/client"
)

// tryBreakGlass tries the accounts of the break_glass block. A target that is no running server has nothing to try; that is said once.
func tryBreakGlass(ctx context.Context, s *session, target *client.Target) ([]verify.Result, error) {
	if s.cfg.BreakGlass == nil {
		return nil, nil
	}
	impersonate := s.cfg.Verify != nil && s.cfg.Verify.Impersonate
	results, err := verify.BreakGlass(ctx, s.cfg.BreakGlass.Users, target, impersonate, s.env.now)
	if client.Unsupported(err) {
		place := s.cfg.BreakGlass.Range
		w := diag.Warningf("break-glass-not-tried", "Break-glass accounts are not tried", "This target cannot be signed in to, so nothing is known of them. Try them where it is imported.")
		w.Subject = &place
		s.warn(diag.List{w})
		return nil, nil
	}
	return results, err
}

// breakGlassError says which accounts are not sure to get in, or nil.
func breakGlassError(results []verify.Result, consequence string) error {
	shut := verify.Shut(results)
	if len(shut) == 0 {
		return nil
	}
	lines := make([]string, 0, len(shut))
	for _, result := range shut {
		line := fmt.Sprintf("  %s   %s: %s", view.Clean(result.Resource.Key), result.Probe, view.Clean(result.Summary))
		if result.LookAt != "" {
			line += "; look at " + view.Clean(result.LookAt)
		}
		lines = append(lines, line)
	}
	return diag.Errorf("break-glass-shut", "Break-glass account may not get in", "%s\n%s", strings.Join(lines, "\n"), consequence)
}
