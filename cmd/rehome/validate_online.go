package main

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/providers/client"
)

// onlineBlock is what one source or target block may do in one phase. Exactly one of Permissions, Unknown and Failure says it.
type onlineBlock struct {
	Block       string                     `json:"block"` // source okta.corp
	Phase       string                     `json:"phase"` // plan, apply, or both when their arguments are the same
	Identity    string                     `json:"identity,omitempty"`
	Permissions []identity.PermissionCheck `json:"permissions"`
	Unknown     string                     `json:"unknown,omitempty"` // why the permissions cannot be told
	Failure     string                     `json:"failure,omitempty"` // why the block cannot be used at all
}

const bothPhases = "both"

// checkOnline asks every source and target who it is and which rights its credential has, without writing.
func checkOnline(ctx context.Context, s *session, phase string) ([]onlineBlock, error) {
	providers, err := s.providers()
	if err != nil {
		return nil, err
	}
	var found []onlineBlock
	for _, block := range reading.Sources(s.cfg) {
		found = append(found, onlineOf(ctx, s, providers, block, false, phase)...)
	}
	return append(found, onlineOf(ctx, s, providers, s.cfg.Target, true, phase)...), nil
}

// onlineOf checks one block: once where both phases have the same arguments, else once for each.
func onlineOf(ctx context.Context, s *session, p *plugins, block *config.ProviderBlock, isTarget bool, phase string) []onlineBlock {
	if phase != "" {
		one, _ := onlinePhase(ctx, s, p, block, isTarget, phase)
		if phase == config.PhasePlan {
			one = one.without(config.PhaseApply)
		}
		return []onlineBlock{one}
	}
	forPlan, planned := onlinePhase(ctx, s, p, block, isTarget, config.PhasePlan)
	if planned == nil {
		return []onlineBlock{forPlan}
	}
	applied, problems := s.cfg.InPhase(config.PhaseApply).DecodeProvider(block, planned.schema)
	switch {
	case problems.HasErrors():
		forApply := onlineBlock{Block: forPlan.Block, Phase: config.PhaseApply, Permissions: []identity.PermissionCheck{}, Unknown: "its arguments cannot be had here: " + phrase.FirstLine(problems[0].Detail)}
		return []onlineBlock{forPlan.without(config.PhaseApply), forApply}
	case reflect.DeepEqual(planned.values, applied):
		forPlan.Phase = bothPhases
		return []onlineBlock{forPlan}
	}
	forApply, _ := onlinePhase(ctx, s, p, block, isTarget, config.PhaseApply)
	return []onlineBlock{forPlan.without(config.PhaseApply), forApply}
}

// without leaves out what only the other phase needs: a credential for planning should not have it.
func (o onlineBlock) without(phase string) onlineBlock {
	kept := []identity.PermissionCheck{}
	for _, check := range o.Permissions {
		if !strings.HasPrefix(check.For, phase+":") {
			kept = append(kept, check)
		}
	}
	o.Permissions = kept
	return o
}

// startedBlock is what a block was started with.
type startedBlock struct {
	schema identity.ProviderSchema
	values map[string]any
}

// permitted is what source and target plugins have in common here.
type permitted interface {
	Permissions(ctx context.Context) ([]identity.PermissionCheck, error)
	Close()
}

// onlinePhase starts the plugin of a block for a phase and asks it. Nothing is returned as started when the block cannot be used.
func onlinePhase(ctx context.Context, s *session, p *plugins, block *config.ProviderBlock, isTarget bool, phase string) (onlineBlock, *startedBlock) {
	defer func(before string) { p.phase = before }(p.phase)
	p.phase = phase
	out := onlineBlock{Block: "source " + block.Address(), Phase: phase, Permissions: []identity.PermissionCheck{}}
	if isTarget {
		out.Block = "target " + block.Address()
	}
	plugin, schema, who, err := startAndIdentify(ctx, p, block, s.cfg, isTarget)
	if err != nil {
		out.Failure = failureText(err)
		return out, nil
	}
	defer plugin.Close()
	out.Identity = view.Clean(who)
	checks, err := plugin.Permissions(ctx)
	switch {
	case client.Unsupported(err):
		out.Unknown = "this provider has no way to tell its permissions"
	case err != nil:
		out.Failure = failureText(err)
		return out, nil
	default:
		out.Permissions = append(out.Permissions, checks...)
	}
	values, _ := s.cfg.InPhase(phase).DecodeProvider(block, schema) // it was decoded without an error a moment ago
	return out, &startedBlock{schema, values}
}

// startAndIdentify starts a plugin and asks it who its other side is.
func startAndIdentify(ctx context.Context, p *plugins, block *config.ProviderBlock, cfg *config.Config, isTarget bool) (permitted, identity.ProviderSchema, string, error) {
	if isTarget {
		target, schema, err := p.target(ctx, block, cfg)
		if err != nil {
			return nil, schema, "", err
		}
		who, err := target.Identify(ctx)
		if err != nil {
			target.Close()
		}
		return target, schema, who.Summary, err
	}
	source, err := p.source(ctx, block, cfg)
	if err != nil {
		return nil, identity.ProviderSchema{}, "", err
	}
	schema, err := source.Schema(ctx)
	who := identity.SourceIdentity{}
	if err == nil {
		who, err = source.Identify(ctx)
	}
	if err != nil {
		source.Close()
	}
	return source, schema, who.Tenant, err
}

func failureText(err error) string {
	list := diagnosticsOf(err)
	if len(list) == 0 {
		return view.Clean(err.Error())
	}
	return view.Clean(strings.Join(strings.Fields(list[0].Detail), " "))
}

// onlineProblems are the errors of what was found: what is missing, and what cannot be used. Unknown is no error, nor is the
// lack of what is optional.
func onlineProblems(found []onlineBlock) diag.List {
	var problems diag.List
	for _, block := range found {
		if block.Failure != "" {
			problems = append(problems, diag.Errorf("online-failed", "Provider cannot be used", "%s (%s): %s", block.Block, block.Phase, block.Failure))
		}
		for _, check := range block.Permissions {
			if check.State == identity.PermissionMissing && !check.Optional {
				problems = append(problems, diag.Errorf("permission-missing", "Permission is missing", "%s lacks %s (%s).\n%s", block.Block, view.Clean(check.Name), view.Clean(check.For), view.Clean(check.Action)))
			}
		}
	}
	return problems
}

func printOnline(w io.Writer, found []onlineBlock) {
	for i, block := range found {
		if i > 0 {
			fmt.Fprintln(w)
		}
		phase := ""
		if block.Phase != bothPhases {
			phase = "   to " + block.Phase
		}
		fmt.Fprintf(w, "%s   %s%s\n", block.Block, firstText(block.Identity, "not known"), phase)
		if block.Failure != "" {
			fmt.Fprintf(w, "  failed   %s\n", block.Failure)
		}
		if block.Unknown != "" {
			fmt.Fprintf(w, "  unknown  %s\n", view.Clean(block.Unknown))
		}
		width := 0
		for _, check := range block.Permissions {
			width = max(width, len(check.Name))
		}
		for _, check := range block.Permissions {
			fmt.Fprintf(w, "  %-8s %-*s  %s\n", stateWord(check), width, view.Clean(check.Name), view.Clean(check.For))
			toldNowhereElse := check.State == identity.PermissionUnknown || check.State == identity.PermissionMissing && check.Optional
			if toldNowhereElse && check.Action != "" {
				fmt.Fprintf(w, "           %s\n", view.Clean(check.Action))
			}
		}
	}
}

// stateWord shouts only where something does not work that has to.
func stateWord(check identity.PermissionCheck) string {
	switch check.State {
	case identity.PermissionGranted:
		return "granted"
	case identity.PermissionMissing:
		if check.Optional {
			return "without"
		}
		return "MISSING"
	case identity.PermissionUnknown:
	}
	return "unknown"
}

func firstText(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
