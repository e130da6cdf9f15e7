package reading

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/identity"
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
	of []identity.Kind, each func([]draft.AssessedItem) error) error {
	migration, err := p.State(ctx)
	if err != nil {
		return err
	}
	pipe := &pipe{target: target, snapshot: snapshot, each: each}
	mapper := p.Config().Mapper()
	for item, err := range migration.Items(snapshot.ID, of...) {
		if err != nil {
			return fmt.Errorf("reading snapshot %s: %w", snapshot.ID, err)
		}
		mapped, findings, problems := mapper.Apply(item)
		if problems.HasErrors() {
			return problems
		}
		noted := draft.AssessedItem{Item: mapped, Translation: contract.Translation{Findings: findings}}
		if err := pipe.add(ctx, noted); err != nil {
			return err
		}
	}
	return pipe.flush(ctx)
}

// pipe holds one batch.
type pipe struct {
	target   Translator
	snapshot state.Snapshot
	each     func([]draft.AssessedItem) error
	batch    []draft.AssessedItem // of a translation only what map blocks changed is known yet
}

func (b *pipe) add(ctx context.Context, item draft.AssessedItem) error {
	if b.batch = append(b.batch, item); len(b.batch) == batchSize {
		return b.flush(ctx)
	}
	return nil
}

func (b *pipe) flush(ctx context.Context) error {
	if len(b.batch) == 0 {
		return nil
	}
	asked := make([]identity.Item, 0, len(b.batch))
	for _, one := range b.batch {
		asked = append(asked, one.Item)
	}
	translations, err := b.target.Translate(ctx, asked)
	if err != nil {
		return fmt.Errorf("translating items of %s: %w", b.snapshot.Source, err)
	}
	items := make([]draft.AssessedItem, 0, len(b.batch))
	for i, one := range b.batch {
		translations[i].Findings = append(translations[i].Findings, one.Translation.Findings...)
		result := assess.Assess(one.Item, translations[i].Contract, translations[i].Findings, b.snapshot.Gaps)
		items = append(items, draft.AssessedItem{Item: one.Item, Translation: translations[i], Result: result})
	}
	b.batch = b.batch[:0]
	return b.each(items)
}
