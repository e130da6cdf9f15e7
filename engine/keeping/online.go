package keeping

import (
	"context"
	"reflect"
	"strings"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/diagnosis"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
)

// OnlineBlock is what one source or target block may do in one phase. Exactly one of Permissions, Unknown and Failure
// says it.
type OnlineBlock struct {
	Block       string                        `json:"block"` // source okta.corp
	Phase       string                        `json:"phase"` // plan, apply, or BothPhases
	Identity    string                        `json:"identity,omitempty"`
	Permissions []observation.PermissionCheck `json:"permissions"`
	Unknown     string                        `json:"unknown,omitempty"` // why the permissions cannot be told
	Failure     string                        `json:"failure,omitempty"` // why the block cannot be used at all
}

// BothPhases is the Phase of a block whose arguments are the same for planning and applying.
const BothPhases = "both"

// online asks plugins who they are and which rights their credentials have, without writing.
type online struct {
	plugins *project.Plugins
	cfg     *config.Config
	phase   string // both phases where it is empty
}

// all asks every source, then the target.
func (o *online) all(ctx context.Context) []OnlineBlock {
	var found []OnlineBlock
	for i := range o.cfg.Sources {
		found = append(found, o.block(ctx, &o.cfg.Sources[i])...)
	}
	return append(found, o.block(ctx, o.cfg.Target)...)
}

// block checks one block: once where both phases have the same arguments, else once for each.
func (o *online) block(ctx context.Context, block *config.ProviderBlock) []OnlineBlock {
	if o.phase != "" {
		one, _ := o.ask(ctx, block, o.phase)
		if o.phase == config.PhasePlan {
			one = one.without(config.PhaseApply)
		}
		return []OnlineBlock{one}
	}
	forPlan, planned := o.ask(ctx, block, config.PhasePlan)
	if planned == nil {
		return []OnlineBlock{forPlan}
	}
	applied, problems := o.cfg.InPhase(config.PhaseApply).DecodeProvider(block, planned.schema)
	switch {
	case problems.HasErrors():
		forApply := OnlineBlock{Block: forPlan.Block, Phase: config.PhaseApply, Permissions: []observation.PermissionCheck{},
			Unknown: "its arguments cannot be had here: " + phrase.FirstLine(problems[0].Detail)}
		return []OnlineBlock{forPlan.without(config.PhaseApply), forApply}
	case reflect.DeepEqual(planned.values, applied):
		forPlan.Phase = BothPhases
		return []OnlineBlock{forPlan}
	}
	forApply, _ := o.ask(ctx, block, config.PhaseApply)
	return []OnlineBlock{forPlan.without(config.PhaseApply), forApply}
}

// without leaves out what only the other phase needs: a credential for planning should not have it.
func (b OnlineBlock) without(phase string) OnlineBlock {
	kept := []observation.PermissionCheck{}
	for _, check := range b.Permissions {
		if !strings.HasPrefix(check.For, phase+":") {
			kept = append(kept, check)
		}
	}
	b.Permissions = kept
	return b
}

// startedBlock is what a block was started with.
type startedBlock struct {
	schema contract.ProviderSchema
	values map[string]any
}

// permitted is what source and target plugins have in common here.
type permitted interface {
	Permissions(ctx context.Context) ([]observation.PermissionCheck, error)
	Close()
}

// ask starts the plugin of a block for a phase and asks it. Nothing is returned as started when the block cannot be
// used.
func (o *online) ask(ctx context.Context, block *config.ProviderBlock, phase string) (OnlineBlock, *startedBlock) {
	out := OnlineBlock{Block: "source " + block.Address(), Phase: phase, Permissions: []observation.PermissionCheck{}}
	if block == o.cfg.Target {
		out.Block = "target " + block.Address()
	}
	cfg := o.cfg.InPhase(phase)
	plugin, schema, who, err := o.start(ctx, block, cfg)
	if err != nil {
		out.Failure = failureText(err)
		return out, nil
	}
	defer plugin.Close()
	out.Identity = phrase.Clean(who)
	checks, err := plugin.Permissions(ctx)
	switch {
	case project.Unsupported(err):
		out.Unknown = "this provider has no way to tell its permissions"
	case err != nil:
		out.Failure = failureText(err)
		return out, nil
	default:
		out.Permissions = append(out.Permissions, checks...)
	}
	values, _ := cfg.DecodeProvider(block, schema) // it was decoded without an error a moment ago
	return out, &startedBlock{schema, values}
}

// start starts a plugin and asks it who its other side is.
func (o *online) start(ctx context.Context, block *config.ProviderBlock, cfg *config.Config,
) (permitted, contract.ProviderSchema, string, error) {
	if block == o.cfg.Target {
		target, schema, err := o.plugins.Target(ctx, block, cfg)
		if err != nil {
			return nil, schema, "", err
		}
		who, err := target.Identify(ctx)
		if err != nil {
			target.Close()
		}
		return target, schema, who.Summary, err
	}
	source, err := o.plugins.Source(ctx, block, cfg)
	if err != nil {
		return nil, contract.ProviderSchema{}, "", err
	}
	schema, err := source.Schema(ctx)
	who := contract.SourceIdentity{}
	if err == nil {
		who, err = source.Identify(ctx)
	}
	if err != nil {
		source.Close()
	}
	return source, schema, who.Tenant, err
}

func failureText(err error) string {
	list := diagnosis.Of(err)
	return phrase.Clean(strings.Join(strings.Fields(list[0].Detail), " "))
}

// onlineProblems are the errors of what was found: what is missing, and what cannot be used. Unknown is no error, nor
// is the lack of what is optional.
func onlineProblems(found []OnlineBlock) diag.List {
	var problems diag.List
	for _, block := range found {
		if block.Failure != "" {
			problems = append(problems, diag.Errorf("online-failed", "Provider cannot be used",
				"%s (%s): %s", block.Block, block.Phase, block.Failure))
		}
		for _, check := range block.Permissions {
			if check.State == observation.PermissionMissing && !check.Optional {
				problems = append(problems, diag.Errorf("permission-missing", "Permission is missing", "%s lacks %s (%s).\n%s",
					block.Block, phrase.Clean(check.Name), phrase.Clean(check.For), phrase.Clean(check.Action)))
			}
		}
	}
	return problems
}
