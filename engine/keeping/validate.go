package keeping

import (
	"context"
	"errors"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/diagnosis"
	"github.com/rehome-iam/rehome/engine/project"
)

// ValidateInput says what to check beyond the configuration itself.
type ValidateInput struct {
	Online bool   // ask sources and target which permissions are missing
	Phase  string // with Online: config.PhasePlan or PhaseApply; both where it is empty
}

// Validation is what a check of a configuration found.
type Validation struct {
	FormatVersion string        `json:"format_version"`
	Valid         bool          `json:"valid"`
	Diagnostics   diag.List     `json:"diagnostics"`
	Online        []OnlineBlock `json:"online,omitempty"`
}

// Validate checks the configuration and, where the folder is initialised, the arguments of source and target blocks
// against their providers. The report is whole where there is an error too: that says what is wrong.
func Validate(ctx context.Context, p *project.Project, in ValidateInput) (*Validation, error) {
	report := &Validation{FormatVersion: formatVersion, Diagnostics: diag.List{}}
	err := report.check(ctx, p, in)
	report.Valid = err == nil
	if err != nil {
		report.Diagnostics = diagnosis.Of(err)
	}
	return report, err
}

func (v *Validation) check(ctx context.Context, p *project.Project, in ValidateInput) error {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return err
	}
	plugins, err := p.Plugins()
	if err != nil {
		return err
	}
	if err := validateBlocks(ctx, p, plugins, cfg); err != nil || !in.Online {
		return err
	}
	asks := &online{plugins: plugins, cfg: cfg, phase: in.Phase}
	v.Online = asks.all(ctx)
	return onlineProblems(v.Online).Err()
}

// validateBlocks checks the bodies of source and target blocks; all problems at once. A folder that is not initialised,
// or misses a plugin, is checked without them.
func validateBlocks(ctx context.Context, p *project.Project, plugins *project.Plugins, cfg *config.Config) error {
	blocks := make([]*config.ProviderBlock, 0, len(cfg.Sources)+1)
	for i := range cfg.Sources {
		blocks = append(blocks, &cfg.Sources[i])
	}
	var found diag.List
	for _, block := range append(blocks, cfg.Target) {
		if _, locked := plugins.LockedChecksum(block.Provider); !locked && !plugins.Overridden(block.Provider) {
			p.Note("Note: provider %s is not initialised, so the arguments of %s are not checked. Run rehome init.",
				block.Provider, block.Address())
			continue
		}
		err := validateBlock(ctx, p, plugins, block, cfg)
		var list diag.List
		switch {
		case errors.As(err, &list):
			found = append(found, list...)
		case err != nil:
			return err
		}
	}
	return found.Err()
}

// validateBlock lets the plugin of a block judge its arguments, as it does whenever it is started.
func validateBlock(ctx context.Context, p *project.Project, plugins *project.Plugins, block *config.ProviderBlock,
	cfg *config.Config) error {
	if block == cfg.Target {
		target, _, err := plugins.Target(ctx, block, cfg.InPhase(p.Phase))
		if err == nil {
			target.Close()
		}
		return err
	}
	source, err := plugins.Source(ctx, block, cfg.InPhase(p.Phase))
	if err == nil {
		source.Close()
	}
	return err
}
