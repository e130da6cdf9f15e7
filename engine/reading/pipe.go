package reading

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// batchSize is how many items one call of a target plugin translates: few enough for one message of 4 MiB.
const batchSize = 256

// Translator is what the pipe wants of a target.
type Translator interface {
	Translate(ctx context.Context, items []identity.Item) ([]contract.Translation, error)
}

// Translated streams the items of the kinds of a snapshot in batches: map blocks applied, translated by the target,
// classified. A batch is the caller's only until each returns.
func Translated(ctx context.Context, p *project.Project, target Translator, snapshot state.Snapshot,
	kinds []identity.Kind, each func([]plan.AssessedItem) error) error {
	migration, err := p.State(ctx)
	if err != nil {
		return err
	}
	pipe := &pipe{target: target, snapshot: snapshot, each: each, notes: map[identity.Address][]fidelity.Finding{}}
	mapper := merge.NewMapper(p.Config().Maps)
	for item, err := range migration.Items(snapshot.ID, kinds...) {
		if err != nil {
			return fmt.Errorf("reading snapshot %s: %w", snapshot.ID, err)
		}
		mapped, findings, problems := mapper.Apply(item)
		if problems.HasErrors() {
			return problems
		}
		if err := pipe.add(ctx, mapped, findings); err != nil {
			return err
		}
	}
	return pipe.flush(ctx)
}

// pipe holds one batch.
type pipe struct {
	target   Translator
	snapshot state.Snapshot
	each     func([]plan.AssessedItem) error
	batch    []identity.Item
	notes    map[identity.Address][]fidelity.Finding // what map blocks changed of an item of the batch
}

func (b *pipe) add(ctx context.Context, item identity.Item, findings []fidelity.Finding) error {
	if len(findings) > 0 {
		b.notes[item.Address()] = findings
	}
	if b.batch = append(b.batch, item); len(b.batch) == batchSize {
		return b.flush(ctx)
	}
	return nil
}

func (b *pipe) flush(ctx context.Context) error {
	if len(b.batch) == 0 {
		return nil
	}
	translations, err := b.target.Translate(ctx, b.batch)
	if err != nil {
		return fmt.Errorf("translating items of %s: %w", b.snapshot.Source, err)
	}
	items := make([]plan.AssessedItem, 0, len(b.batch))
	for i, item := range b.batch {
		translations[i].Findings = append(translations[i].Findings, b.notes[item.Address()]...)
		result := assess.Assess(item, translations[i].Contract, translations[i].Findings, b.snapshot.Gaps)
		items = append(items, plan.AssessedItem{Item: item, Translation: translations[i], Result: result})
	}
	b.batch = b.batch[:0]
	clear(b.notes)
	return b.each(items)
}
