package deciding

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/rehome-iam/rehome/config/writing"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
)

// write appends a merge block for each decision to a file of the folder, all or none.
func write(p *project.Project, of *plan.Plan, made []decision, file string) ([]Written, error) {
	written := []Written{}
	if len(made) == 0 {
		return written, nil
	}
	blocks := mergeBlocks(p.Config().Merges, of, made)
	err := appendBlocks(p, file, len(blocks), func(source []byte, i int) ([]byte, diag.List) {
		return writing.AppendMerge(source, file, blocks[i])
	})
	if err != nil {
		return written, err
	}
	for i, d := range made {
		written = append(written, Written{
			Item: d.overlap.Item, Block: blocks[i].Kind + " " + blocks[i].Name, Decision: d.proposal.Decision,
			Target: d.proposal.Target, Rename: d.proposal.Rename,
		})
	}
	return written, nil
}

// appendBlocks adds blocks to a file of the folder, all or none.
func appendBlocks(p *project.Project, name string, count int, add func(source []byte, i int) ([]byte,
	diag.List)) error {
	path := p.Path(name)
	source, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	for i := range count {
		longer, found := add(source, i)
		if found.HasErrors() {
			return found
		}
		source = longer
	}
	if err := project.WriteDurably(path, source); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err := os.Chmod(path, 0o644); err != nil { // it is part of the configuration, which the team shares
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// mergeBlocks names each item by its name where that means one item of the plan, else by its id and source.
func mergeBlocks(rules []merge.Rule, of *plan.Plan, made []decision) []writing.MergeBlock {
	named := map[string]map[string]bool{}
	for _, step := range of.Steps {
		for _, item := range step.Items {
			key := string(item.Kind) + "\x00" + merge.NewKey(merge.KeyName, item.Name).Text
			if named[key] == nil {
				named[key] = map[string]bool{}
			}
			named[key][item.Address().String()] = true
		}
	}
	taken := map[string]bool{}
	for _, rule := range rules {
		taken[string(rule.Kind)+" "+rule.Name] = true
	}
	blocks := make([]writing.MergeBlock, 0, len(made))
	for _, d := range made {
		item := d.overlap.Item
		block := writing.MergeBlock{
			Kind: string(item.Kind), Field: "name", Value: item.Name, Decision: d.proposal.Decision,
			Target: d.proposal.Target, Rename: d.proposal.Rename, Overwrite: d.proposal.Overwrite,
		}
		// Assignments are named for the reader; their own name may be another.
		if len(named[string(item.Kind)+"\x00"+merge.NewKey(merge.KeyName, item.Name).Text]) != 1 || item.Kind == identity.KindAppAssignment || item.Name == "" {
			block.Field, block.Value, block.Source = "id", item.ID, item.Source
		}
		block.Name = blockName(item, taken)
		blocks = append(blocks, block)
	}
	return blocks
}

// blockName makes a label of the item's name that no other block of the kind has.
func blockName(item merge.ItemName, taken map[string]bool) string {
	var b strings.Builder
	for _, r := range strings.ToLower(phrase.Clean(item.Name)) {
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
