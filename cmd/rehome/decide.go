package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
)

const decisionsFile = "decisions.rehome.hcl"

type decideOptions struct {
	list       bool
	assessment string
	all        string
	suffix     string
	overwrite  []string
	kinds      []string
	items      []string
	out        string
}

func decideCommand() Command {
	var o decideOptions
	return Command{
		Path:      "decide",
		Group:     groupUsual,
		Class:     classManage,
		ClassWith: map[string]commandClass{"list": classRead}, // it reads back what the last plan found
		Codes: []config.Code{
			{Code: "merge-mode", Cause: "decide was called in a migration of mode first_run_adoption.", Cure: "Set mode = \"merge_into_existing\" to decide about overlaps."},
		},
		Short: "Decide what becomes of items that meet something in the target",
		Long: `Decide lists every item that meets a resource of the target, or an item of another source, and writes merge blocks into
` + decisionsFile + ` for review. In a terminal it asks one by one; Ctrl-C leaves without writing anything. -all decides all alike, but
never where two candidates are equally good or the only one is weak: those are listed as open. A decision takes effect, and is recorded
with who and when, in the next plan. -list reads back matched resources and decisions of the last plan.`,
		Example: "  rehome decide\n  rehome decide -all=map_to_existing -kind=group\n  rehome decide -all=create_new -rename-suffix=-okta -item=Payroll\n  rehome decide -list -json",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&o.list, "list", false, "show what the last plan found and what was decided")
			f.StringVar(&o.assessment, "assessment", "", "with -list: the matched resources of this assessment instead of the last one's")
			f.StringVar(&o.all, "all", "", "decide all alike: map_to_existing, create_new, reconcile or skip")
			f.StringVar(&o.suffix, "rename-suffix", "", "with -all=create_new: what is taken gets its name and this")
			f.StringSliceVar(&o.overwrite, "overwrite", nil, "with -all=reconcile: the attributes to overwrite (none unless named)")
			f.StringArrayVar(&o.kinds, "kind", nil, "only items of this kind")
			f.StringArrayVar(&o.items, "item", nil, "only the item of this name, id or address")
			f.StringVar(&o.out, "out", decisionsFile, "write the blocks into this file of the folder")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			switch {
			case o.list:
				return listOverlaps(s, o)
			case o.assessment != "":
				return misuse("-assessment goes with -list")
			}
			return runDecide(ctx, s, o)
		},
	}
}

// decision is one merge block to be written.
type decision struct {
	overlap  plan.Overlap
	proposal plan.Proposal
}

func runDecide(ctx context.Context, s *session, o decideOptions) error {
	if err := checkDecide(s, o); err != nil {
		return err
	}
	work, err := planning.Prepare(ctx, s.Project, planning.Input{})
	if err != nil {
		return err
	}
	defer work.Close()
	if err := planning.RecordReview(ctx, s.Project, work.Plan); err != nil {
		return err
	}
	s.warn(s.cfg.WithSnippets(work.Problems))
	pending, err := pendingOverlaps(work.Plan.Overlaps, o)
	if err != nil {
		return err
	}
	report := decideReport{FormatVersion: eventFormat, File: o.out, Pending: len(pending), Written: []writtenDecision{}, Open: []openOverlap{}}
	var made []decision
	switch {
	case len(pending) == 0:
	case o.all != "":
		made, report.Open = decideAll(pending, work.Plan.Overlaps, o)
	case s.Ask.Possible() && !s.global.json:
		if made, err = askAll(ctx, s, pending); err != nil {
			return err
		}
	default:
		for _, overlap := range pending {
			report.Open = append(report.Open, openOverlap{Overlap: overlap, Why: "no decision was stated"})
		}
	}
	if report.Written, err = writeDecisions(s, work.Plan, made, o.out); err != nil {
		return err
	}
	return printDecided(s, report, o)
}

func checkDecide(s *session, o decideOptions) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if cfg.Migration.Mode == merge.ModeFirstRun {
		return diag.Errorf("merge-mode", "Nothing to decide here", "The migration has mode %q, in which whatever meets something in the target is blocked.\nSet mode = %q to decide about it.",
			merge.ModeFirstRun, merge.ModeMerge)
	}
	known := []string{
		string(merge.DecisionMap), string(merge.DecisionCreate), string(merge.DecisionReconcile), string(merge.DecisionSkip),
	}
	switch {
	case o.all != "" && !slices.Contains(known, o.all):
		return fmt.Errorf("-all=%s is no decision; it is one of %s", o.all, strings.Join(known, ", "))
	case o.suffix != "" && o.all != string(merge.DecisionCreate):
		return misuse("-rename-suffix goes with -all=create_new")
	case len(o.overwrite) > 0 && o.all != string(merge.DecisionReconcile):
		return misuse("-overwrite goes with -all=reconcile")
	case filepath.Base(o.out) != o.out || !strings.HasSuffix(o.out, ".rehome.hcl"):
		return fmt.Errorf("-out=%s must be a file of the folder that ends with .rehome.hcl, or the decisions would not be read", o.out)
	}
	for _, kind := range o.kinds {
		if !slices.Contains(identity.Kinds(), identity.Kind(kind)) {
			return fmt.Errorf("-kind=%s is no kind of item; see docs/reference/items.md", kind)
		}
	}
	return nil
}

// pendingOverlaps are those that wait for a decision and that the filters mean. A filter that means nothing is an error.
func pendingOverlaps(all []plan.Overlap, o decideOptions) ([]plan.Overlap, error) {
	var pending []plan.Overlap
	used := map[string]bool{}
	for _, overlap := range all {
		if overlap.Status != plan.OverlapPending {
			continue
		}
		named := len(o.items) == 0
		for _, wanted := range o.items {
			item := overlap.Item
			if wanted == item.Name || wanted == item.ID || wanted == item.Address().String() {
				named, used[wanted] = true, true
			}
		}
		if named && (len(o.kinds) == 0 || slices.Contains(o.kinds, string(overlap.Item.Kind))) {
			pending = append(pending, overlap)
		}
	}
	for _, wanted := range o.items {
		if !used[wanted] {
			return nil, fmt.Errorf("-item=%s waits for no decision; rehome decide -list shows what does", wanted)
		}
	}
	return pending, nil
}

func decideAll(pending, all []plan.Overlap, o decideOptions) ([]decision, []openOverlap) {
	bulk := plan.Bulk{Decision: merge.Decision(o.all), Suffix: o.suffix, Overwrite: o.overwrite, Pending: map[string]bool{}}
	for _, overlap := range all {
		if overlap.Status == plan.OverlapPending {
			bulk.Pending[overlap.Item.Address().String()] = true
		}
	}
	made, open := []decision{}, []openOverlap{}
	for _, overlap := range pending {
		proposal, why := plan.Propose(overlap, bulk)
		if why != "" {
			open = append(open, openOverlap{Overlap: overlap, Why: why})
			continue
		}
		made = append(made, decision{overlap, proposal})
	}
	return made, open
}

// writtenDecision is one block that was written.
type writtenDecision struct {
	Item     plan.ItemName `json:"item"`
	Block    string        `json:"block"` // kind and name
	Decision string        `json:"decision"`
	Target   string        `json:"target,omitempty"`
	Rename   string        `json:"rename,omitempty"`
}

// writeDecisions appends the blocks to a file of the folder, all or none.
func writeDecisions(s *session, p *plan.Plan, made []decision, file string) ([]writtenDecision, error) {
	written := []writtenDecision{}
	if len(made) == 0 {
		return written, nil
	}
	blocks := mergeBlocks(s.cfg, p, made)
	err := appendBlocks(s, file, len(blocks), func(source []byte, i int) ([]byte, diag.List) {
		return config.AppendMerge(source, file, blocks[i])
	})
	if err != nil {
		return written, err
	}
	for i, d := range made {
		written = append(written, writtenDecision{Item: d.overlap.Item, Block: blocks[i].Kind + " " + blocks[i].Name, Decision: d.proposal.Decision, Target: d.proposal.Target, Rename: d.proposal.Rename})
	}
	return written, nil
}

// mergeBlocks names each item by its name where that means one item of the plan, else by its id and source.
func mergeBlocks(cfg *config.Config, p *plan.Plan, made []decision) []config.MergeBlock {
	named := map[string]map[string]bool{}
	for _, step := range p.Steps {
		for _, item := range step.Items {
			key := string(item.Kind) + "\x00" + item.Name
			if named[key] == nil {
				named[key] = map[string]bool{}
			}
			named[key][item.Address().String()] = true
		}
	}
	taken := map[string]bool{}
	for _, m := range cfg.Merges {
		taken[string(m.Kind)+" "+m.Name] = true
	}
	blocks := make([]config.MergeBlock, 0, len(made))
	for _, d := range made {
		item := d.overlap.Item
		block := config.MergeBlock{Kind: string(item.Kind), Field: "name", Value: item.Name, Decision: d.proposal.Decision, Target: d.proposal.Target, Rename: d.proposal.Rename, Overwrite: d.proposal.Overwrite}
		// Assignments are named for the reader; their own name may be another.
		if len(named[string(item.Kind)+"\x00"+item.Name]) != 1 || item.Kind == identity.KindAppAssignment || item.Name == "" {
			block.Field, block.Value, block.Source = "id", item.ID, item.Source
		}
		block.Name = blockName(item, taken)
		blocks = append(blocks, block)
	}
	return blocks
}

// blockName makes a label of the item's name that no other block of the kind has.
func blockName(item plan.ItemName, taken map[string]bool) string {
	var b strings.Builder
	for _, r := range strings.ToLower(view.Clean(item.Name)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	base := strings.Trim(b.String(), "-")
	if base == "" {
		base = "item"
	}
	name := base
	for n := 2; taken[string(item.Kind)+" "+name]; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	taken[string(item.Kind)+" "+name] = true
	return name
}
