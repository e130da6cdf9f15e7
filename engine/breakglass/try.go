package breakglass

import (
	"context"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/verify"
)

// Try tries the accounts of the break_glass block. A target that is no running server has nothing to try; that is
// said once.
func Try(ctx context.Context, p *project.Project, target verify.Target) ([]verify.Result, error) {
	cfg := p.Config()
	if cfg.BreakGlass == nil {
		return nil, nil
	}
	impersonate := cfg.Verify != nil && cfg.Verify.Impersonate
	results, err := verify.BreakGlass(ctx, cfg.BreakGlass.Users, target, impersonate, p.Now)
	if project.Unsupported(err) {
		place := cfg.BreakGlass.Range
		w := diag.Warningf("break-glass-not-tried", "Break-glass accounts are not tried",
			"This target cannot be signed in to, so nothing is known of them. Try them where it is imported.")
		w.Subject = &place
		p.Warn(w)
		return nil, nil
	}
	return results, err
}

// ShutOut refuses when an account of the break_glass block may not get in. The consequence is what a person is told
// to do.
func ShutOut(ctx context.Context, p *project.Project, target verify.Target, consequence string) error {
	results, err := Try(ctx, p, target)
	if err != nil {
		return err
	}
	return verify.ShutOut(results, consequence)
}
