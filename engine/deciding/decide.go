package deciding

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
)

// FormatVersion is that of the reports as JSON.
const FormatVersion = "1.0"

// DecisionsFile is the file of the folder that decisions are written into, unless another is named.
const DecisionsFile = "decisions.rehome.hcl"

// Input says what is decided, and how.
type Input struct {
	File  string   // of the folder; it ends with .rehome.hcl
	Kinds []string // only items of these kinds; all without any
	Items []string // only items of these names, ids or addresses; all without any

	All       string   // decide all alike; empty asks a person
	Suffix    string   // with create_new: what is taken gets its name and this
	Overwrite []string // with reconcile: the attributes to overwrite

	// Plan makes the plan whose overlaps are decided about, and keeps what it says of them. It must be given.
	Plan func(ctx context.Context, p *project.Project) (*plan.Plan, error)
	// Present shows an overlap to the person who is asked about it, the number-th of total. Without it nobody is asked.
	Present func(overlap merge.Overlap, number, total int) error
}

// Decided is what came of one call of Decide.
type Decided struct {
	FormatVersion string    `json:"format_version"`
	File          string    `json:"file"`
	Pending       int       `json:"pending"` // before the call, after its filters
	Written       []Written `json:"written"`
	Open          []Open    `json:"open"`
}

// Written is one block that was written.
type Written struct {
	Item     merge.ItemName `json:"item"`
	Block    string         `json:"block"` // kind and name
	Decision string         `json:"decision"`
	Target   string         `json:"target,omitempty"`
	Rename   string         `json:"rename,omitempty"`
}

// Open is an overlap that is left to a person.
type Open struct {
	merge.Overlap
	Why string `json:"why"`
}

// decision is one merge block to be written.
type decision struct {
	overlap  merge.Overlap
	proposal draft.Proposal
}

// Decide plans, and decides about the overlaps that wait: all alike, or one by one with a person. Where neither was
// stated they are listed as open. Nothing is written when a person leaves before the end.
func Decide(ctx context.Context, p *project.Project, in Input) (*Decided, error) {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	if err := check(in, cfg.Migration.Mode); err != nil {
		return nil, err
	}
	of, err := in.Plan(ctx, p)
	if err != nil {
		return nil, err
	}
	waiting, err := waiting(of.Overlaps, in)
	if err != nil {
		return nil, err
	}
	report := &Decided{
		FormatVersion: FormatVersion, File: in.File, Pending: len(waiting), Written: []Written{}, Open: []Open{},
	}
	var made []decision
	switch {
	case len(waiting) == 0:
	case in.All != "":
		made, report.Open = alike(waiting, of.Overlaps, in)
	case in.Present != nil && p.Ask.Possible():
		if made, err = askAll(ctx, p, waiting, in.Present); err != nil {
			return nil, err
		}
	default:
		for _, overlap := range waiting {
			report.Open = append(report.Open, Open{Overlap: overlap, Why: "no decision was stated"})
		}
	}
	report.Written, err = write(p, of, made, in.File)
	if err != nil {
		return nil, err
	}
	return report, nil
}

// check refuses what no overlap could be decided by.
func check(in Input, mode merge.Mode) error {
	if mode == merge.ModeFirstRun {
		return diag.Errorf("merge-mode", "Nothing to decide here", "The migration has mode %q, in which whatever meets "+
			"something in the target is blocked.\nSet mode = %q to decide about it.", merge.ModeFirstRun, merge.ModeMerge)
	}
	known := []string{
		string(merge.DecisionMap), string(merge.DecisionCreate), string(merge.DecisionReconcile), string(merge.DecisionSkip),
	}
	if in.All != "" && !slices.Contains(known, in.All) {
		return fmt.Errorf("-all=%s is no decision; it is one of %s", in.All, strings.Join(known, ", "))
	}
	if filepath.Base(in.File) != in.File || !strings.HasSuffix(in.File, ".rehome.hcl") {
		return fmt.Errorf("-out=%s must be a file of the folder that ends with .rehome.hcl, or the decisions "+
			"would not be read",
			in.File)
	}
	for _, kind := range in.Kinds {
		if !slices.Contains(identity.Kinds(), identity.Kind(kind)) {
			return fmt.Errorf("-kind=%s is no kind of item; see docs/reference/items.md", kind)
		}
	}
	return nil
}

// waiting are the overlaps that wait for a decision and that the filters mean. A filter that means nothing is an error.
func waiting(all []merge.Overlap, in Input) ([]merge.Overlap, error) {
	var chosen []merge.Overlap
	used := map[string]bool{}
	for _, overlap := range all {
		if overlap.Status != merge.OverlapPending {
			continue
		}
		named := len(in.Items) == 0
		for _, wanted := range in.Items {
			item := overlap.Item
			if wanted == item.Name || wanted == item.ID || wanted == item.Address().String() {
				named, used[wanted] = true, true
			}
		}
		if named && (len(in.Kinds) == 0 || slices.Contains(in.Kinds, string(overlap.Item.Kind))) {
			chosen = append(chosen, overlap)
		}
	}
	for _, wanted := range in.Items {
		if !used[wanted] {
			return nil, fmt.Errorf("-item=%s waits for no decision; rehome decide -list shows what does", wanted)
		}
	}
	return chosen, nil
}

// alike decides the waiting ones of all overlaps alike; what must not be guessed stays open.
func alike(waiting, all []merge.Overlap, in Input) ([]decision, []Open) {
	bulk := draft.Bulk{
		Decision: merge.Decision(in.All), Suffix: in.Suffix, Overwrite: in.Overwrite, Pending: map[string]bool{},
	}
	for _, overlap := range all {
		if overlap.Status == merge.OverlapPending {
			bulk.Pending[overlap.Item.Address().String()] = true
		}
	}
	made, open := []decision{}, []Open{}
	for _, overlap := range waiting {
		proposal, why := draft.Propose(overlap, bulk)
		if why != "" {
			open = append(open, Open{Overlap: overlap, Why: why})
			continue
		}
		made = append(made, decision{overlap, proposal})
	}
	return made, open
}
