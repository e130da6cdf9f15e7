package reading

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/draft"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Target is what an assessment wants of a target plugin.
type Target interface {
	Translator
	Schema(ctx context.Context) (contract.ProviderSchema, error)
}

// Observer hears of an assessment while it is made. Its functions may be nil.
type Observer struct {
	Result func(assess.Result)                    // each verdict, in the order of the snapshot
	Done   func(state.Assessment, state.Snapshot) // each assessment that is complete
}

// AssessNamed judges the named snapshot, or the newest completed one of each source where word is empty.
func AssessNamed(ctx context.Context, p *project.Project, word string, observe Observer) error {
	if _, err := p.StateForChange(ctx); err != nil {
		return err
	}
	snapshots, err := toAssess(ctx, p, word)
	if err != nil {
		return err
	}
	target, _, err := p.Target(ctx)
	if err != nil {
		return err
	}
	defer target.Close()
	for _, snapshot := range snapshots {
		assessment, err := Assess(ctx, p, target, snapshot, observe)
		if err != nil {
			return err
		}
		if observe.Done != nil {
			observe.Done(assessment, snapshot)
		}
	}
	return nil
}

// toAssess are the newest completed snapshot of each source, or the named one. The state refuses one of an archived
// source.
func toAssess(ctx context.Context, p *project.Project, word string) ([]state.Snapshot, error) {
	if word != "" {
		snapshot, err := FindSnapshot(ctx, p, word, "")
		if err != nil {
			return nil, err
		}
		if snapshot.Status != state.SnapshotCompleted {
			return nil, diag.Errorf("snapshot-not-completed", "Snapshot is not completed",
				"%s is %s: only a whole read is assessed.", snapshot.ID, snapshot.Status)
		}
		return []state.Snapshot{snapshot}, nil
	}
	var snapshots []state.Snapshot
	for _, name := range p.Config().SourceNames() {
		snapshot, err := p.Migration().LatestSnapshot(name)
		if err != nil {
			return nil, fmt.Errorf("%w; run rehome collect first", err)
		}
		snapshots = append(snapshots, snapshot)
	}
	return snapshots, nil
}

// Assess classifies one snapshot and keeps the results. What fails is kept too, with its reason.
func Assess(ctx context.Context, p *project.Project, target Target, snapshot state.Snapshot, observe Observer,
) (state.Assessment, error) {
	assessment, err := underToday(ctx, p, target, snapshot)
	if err != nil {
		return assessment, err
	}
	return judge(ctx, p, target, snapshot, assessment, observe)
}

// NewestAssessment is the newest completed assessment of a snapshot that was made under today's circumstances, or a new
// one that is made without a word.
func NewestAssessment(ctx context.Context, p *project.Project, target Target, snapshot state.Snapshot,
) (state.Assessment, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return state.Assessment{}, err
	}
	all, err := migration.Assessments()
	if err != nil {
		return state.Assessment{}, err
	}
	wanted, err := underToday(ctx, p, target, snapshot)
	if err != nil {
		return wanted, err
	}
	for _, a := range all {
		if a.Status == state.AssessmentCompleted && judgedAlike(a, wanted) {
			return a, nil
		}
	}
	return judge(ctx, p, target, snapshot, wanted, Observer{})
}

// judgedAlike tells whether two assessments judge one snapshot under the same circumstances.
func judgedAlike(a, b state.Assessment) bool {
	return a.Snapshot == b.Snapshot && a.Classifier == b.Classifier && a.Target == b.Target && a.Provider == b.Provider &&
		a.Configuration == b.Configuration
}

// underToday says under what the items are judged: classifier, target, its plugin, and the map blocks.
func underToday(ctx context.Context, p *project.Project, target Target,
	snapshot state.Snapshot) (state.Assessment, error) {
	assessment := state.Assessment{
		ID: p.NewID("a"), Snapshot: snapshot.ID, Source: snapshot.Source, Classifier: assess.ClassifierVersion,
		Target: p.Config().Target.Address(), StartedAt: p.Now().UTC(), Classes: map[string]int{},
	}
	schema, err := target.Schema(ctx)
	if err != nil {
		return assessment, err
	}
	assessment.Provider = schema.Version
	assessment.Configuration, err = mapsDigest(p)
	return assessment, err
}

// mapsDigest is the SHA-256 of the files that hold map blocks, empty without any: assessments under other map blocks
// are not reused.
func mapsDigest(p *project.Project) (string, error) {
	files := map[string]bool{}
	for _, m := range p.Config().Maps {
		files[m.Range.File] = true
	}
	if len(files) == 0 {
		return "", nil
	}
	digest := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content, err := os.ReadFile(p.Path(name))
		if err != nil {
			return "", fmt.Errorf("reading the map blocks again: %w", err)
		}
		sum := sha256.Sum256(content)
		digest.Write(sum[:])
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// judge makes an assessment. One snapshot is assessed once at a time, by whichever process holds its record.
func judge(ctx context.Context, p *project.Project, target Translator, snapshot state.Snapshot,
	assessment state.Assessment, observe Observer) (state.Assessment, error) {
	hold := func(ctx context.Context, _ state.Activity) (err error) {
		assessment, err = fillAssessment(ctx, p, target, snapshot, assessment, observe)
		return err
	}
	err := p.Hold(ctx, state.WorkAssess, snapshot.ID, assessment.ID, hold)
	return assessment, err
}

func fillAssessment(ctx context.Context, p *project.Project, target Translator, snapshot state.Snapshot,
	assessment state.Assessment, observe Observer) (state.Assessment, error) {
	if err := p.CloseUnfinished(ctx); err != nil {
		return assessment, err
	}
	migration := p.Migration()
	if err := migration.BeginAssessment(assessment); err != nil {
		return assessment, err
	}
	facts := map[string]string{"snapshot": snapshot.ID, "classifier": assessment.Classifier}
	classes, err := classify(ctx, p, target, snapshot, assessment.ID, observe)
	assessment.Classes = classes
	if err != nil {
		assessment.Status, assessment.Reason = state.AssessmentFailed, err.Error()
		facts["reason"] = assessment.Reason
		event := p.Event(audit.AssessmentFailed, assessment.ID, facts)
		if put := migration.PutAssessment(assessment, event); put != nil {
			return assessment, fmt.Errorf("%w (and recording that: %w)", err, put)
		}
		return assessment, err
	}
	assessment.Status, assessment.CompletedAt = state.AssessmentCompleted, p.Now().UTC()
	if observe.Result != nil {
		p.Fact("assess_completed", map[string]any{
			"assessment": assessment.ID, "snapshot": snapshot.ID, "classes": assessment.Classes,
		})
	}
	return assessment, migration.PutAssessment(assessment, p.Event(audit.AssessmentCompleted, assessment.ID, facts))
}

// classify judges the items batch by batch, keeps the results and counts them by class.
func classify(ctx context.Context, p *project.Project, target Translator, snapshot state.Snapshot, assessment string,
	observe Observer) (map[string]int, error) {
	classes, chunk := map[string]int{}, 0
	err := Translated(ctx, p, target, snapshot, identity.Kinds(), func(batch []draft.AssessedItem) error {
		results := make([]assess.Result, 0, len(batch))
		for _, item := range batch {
			results = append(results, item.Result)
			classes[string(item.Result.Class)]++
			if observe.Result != nil {
				observe.Result(item.Result)
			}
		}
		chunk++
		return p.Migration().PutResults(assessment, chunk-1, results)
	})
	return classes, err
}
