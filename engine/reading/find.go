package reading

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// Words that name a snapshot or assessment beside an id or the beginning or end of one.
const (
	Latest   = "latest"   // the newest completed one
	Previous = "previous" // the completed one before it
)

// kept is how a list of things of the history is searched.
type kept[T any] struct {
	noun      string // snapshot
	id        func(T) string
	source    func(T) string
	completed func(T) bool
}

func snapshotsKept() kept[state.Snapshot] {
	return kept[state.Snapshot]{
		noun: "snapshot", id: func(s state.Snapshot) string { return s.ID },
		source:    func(s state.Snapshot) string { return s.Source },
		completed: func(s state.Snapshot) bool { return s.Status == state.SnapshotCompleted },
	}
}

func assessmentsKept() kept[state.Assessment] {
	return kept[state.Assessment]{
		noun: "assessment", id: func(a state.Assessment) string { return a.ID },
		source:    func(a state.Assessment) string { return a.Source },
		completed: func(a state.Assessment) bool { return a.Status == state.AssessmentCompleted },
	}
}

// Snapshots lists the snapshots, newest first; of one source where it is given. What a killed process left collecting
// has failed by then.
func Snapshots(ctx context.Context, p *project.Project, source string) ([]state.Snapshot, error) {
	if err := p.CloseUnfinished(ctx); err != nil {
		return nil, err
	}
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	all, err := migration.Snapshots()
	if err != nil {
		return nil, err
	}
	return filtered(all, func(s state.Snapshot) bool { return source == "" || s.Source == source }), nil
}

// Assessments lists the assessments, newest first; of one source and one snapshot where those are given. What a killed
// process left assessing has failed by then.
func Assessments(ctx context.Context, p *project.Project, source, snapshot string) ([]state.Assessment, error) {
	if err := p.CloseUnfinished(ctx); err != nil {
		return nil, err
	}
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	all, err := migration.Assessments()
	if err != nil {
		return nil, err
	}
	return filtered(all, func(a state.Assessment) bool {
		return (source == "" || a.Source == source) && (snapshot == "" || a.Snapshot == snapshot)
	}), nil
}

// filtered is never nil, so that JSON says [] and not null.
func filtered[T any](all []T, keep func(T) bool) []T {
	chosen := []T{}
	for _, one := range all {
		if keep(one) {
			chosen = append(chosen, one)
		}
	}
	return chosen
}

// FindSnapshot understands an id, the beginning or end of one, latest and previous. Errors have the codes
// history-ambiguous and history-unknown.
func FindSnapshot(ctx context.Context, p *project.Project, word, source string) (state.Snapshot, error) {
	all, err := Snapshots(ctx, p, source)
	if err != nil {
		return state.Snapshot{}, err
	}
	return snapshotsKept().find(all, word, source)
}

// FindAssessment understands an id, the beginning or end of one, latest and previous. Errors are those of FindSnapshot.
func FindAssessment(ctx context.Context, p *project.Project, word, source string) (state.Assessment, error) {
	all, err := Assessments(ctx, p, source, "")
	if err != nil {
		return state.Assessment{}, err
	}
	return assessmentsKept().find(all, word, source)
}

func (k kept[T]) find(all []T, word, source string) (T, error) {
	switch word {
	case Latest:
		return k.newest(all, 0, "completed "+k.noun, source)
	case Previous:
		return k.newest(all, 1, "completed "+k.noun+" before the newest one", source)
	}
	return ByID(k.noun, word, all, k.id)
}

func (k kept[T]) newest(all []T, index int, what, source string) (T, error) {
	var none T
	completed := filtered(all, k.completed)
	sources := map[string]bool{}
	for _, one := range completed {
		sources[k.source(one)] = true
	}
	if len(sources) > 1 {
		return none, diag.Errorf("history-ambiguous", "Which source is not clear",
			"There are completed %ss of %s; say which with -source.", k.noun,
			strings.Join(slices.Sorted(maps.Keys(sources)), ", "))
	}
	if len(completed) <= index {
		if source != "" {
			what += " of " + source
		}
		return none, diag.Errorf("history-unknown", title(k.noun)+" is not there",
			"There is no %s; rehome %s list shows what there is.", what, k.noun)
	}
	return completed[index], nil
}

// shortestPart is how many characters of an id name it at least.
const shortestPart = 4

// ByID finds the one entry whose id is the word, or begins with it, or ends with it. Errors have the codes
// history-ambiguous and history-unknown.
func ByID[T any](noun, word string, all []T, id func(T) string) (T, error) {
	var found []T
	var ids []string
	for _, one := range all {
		if id(one) == word {
			return one, nil
		}
		part := strings.HasPrefix(id(one), word) || strings.HasSuffix(id(one), word)
		if len(word) >= shortestPart && part {
			found, ids = append(found, one), append(ids, id(one))
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	var none T
	if len(found) > 1 {
		return none, diag.Errorf("history-ambiguous", "ID is not unique", "%q is part of the id of %s.", word,
			strings.Join(ids, ", "))
	}
	return none, diag.Errorf("history-unknown", title(noun)+" is not there",
		"There is no %s %q; rehome %s list shows what there is.", noun, word, noun)
}

func title(noun string) string { return strings.ToUpper(noun[:1]) + noun[1:] }

// ParseKind reads a kind of item; the error names the kinds there are.
func ParseKind(text string) (identity.Kind, error) {
	names := make([]string, 0, len(identity.Kinds()))
	for _, kind := range identity.Kinds() {
		if string(kind) == text {
			return kind, nil
		}
		names = append(names, string(kind))
	}
	return "", diag.Errorf("usage", "Command line is wrong", "There is no kind %q; the kinds are %s.", text,
		strings.Join(names, ", "))
}

// ParseItem reads source/kind/id or kind/id; the source must be the given one.
func ParseItem(text, source string) (identity.ItemID, error) {
	rest := strings.TrimPrefix(text, source+"/")
	name, id, found := strings.Cut(rest, "/")
	if !found || id == "" {
		return identity.ItemID{}, diag.Errorf("usage", "Command line is wrong",
			"Item %q is not kind/id or source/kind/id, such as %s/application/0oa1f4k2.", text, source)
	}
	kind, err := ParseKind(name)
	if err != nil {
		if address, other := identity.ParseAddress(text); other == nil && address.Source != source {
			return identity.ItemID{}, diag.Errorf("usage", "Command line is wrong",
				"Item %q is of another source; this is %s.", text, source)
		}
		return identity.ItemID{}, err
	}
	return identity.ItemID{Kind: kind, ID: id}, nil
}

// notKept says in words of the command what the state does not hold.
func notKept(err error, what, where string) error {
	if errors.Is(err, state.ErrNotFound) {
		return diag.Errorf("history-unknown", "It is not there", "%s is not in %s.", what, where)
	}
	return err
}
