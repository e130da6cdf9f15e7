package main

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/state"
)

func snapshotCommand() Command {
	return Command{
		Path:  "snapshot",
		Group: groupRecords,
		Short: "Look into what was collected",
		Long: `A snapshot is one read of one source: its items and the redacted pages that prove them. Where an ID is asked for, the beginning of one is
enough, and so is latest (the newest completed one) or previous (the one before it). What is shown may name people.`,
		Example: "  rehome snapshot list\n  rehome snapshot show latest -kind=application\n  rehome snapshot diff previous latest",
		Takes:   cobra.NoArgs,
	}
}

func snapshotListCommand() Command {
	source := ""
	return Command{
		Path:    "snapshot list",
		Class:   classRead,
		Short:   "List the snapshots, newest first",
		Example: "  rehome snapshot list\n  rehome snapshot list -source=okta.corp -json",
		Takes:   noArguments,
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&source, "source", "", "only those of this source")
		},
		Run: func(ctx context.Context, r *call) error {
			return r.withHistory(ctx, func(s *session) error { return runSnapshotList(s, source) })
		},
	}
}

func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError(c, fmt.Errorf("%s takes no argument, got %q", c.Name(), args[0]))
	}
	return nil
}

func runSnapshotList(s *session, source string) error {
	snapshots, err := snapshotsOf(s.store, source)
	if err != nil {
		return err
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": eventFormat, "snapshots": snapshots})
	}
	if len(snapshots) == 0 {
		fmt.Fprintln(s.env.out, "No snapshots.")
		s.next("rehome collect")
		return nil
	}
	rows := make([][]string, 0, len(snapshots))
	for _, p := range snapshots {
		reason := p.Reason
		if p.Page != "" && !strings.Contains(reason, p.Page) {
			reason = p.Page + ": " + reason
		}
		rows = append(rows, []string{p.ID, p.Source, p.Status, view.Count(p.Total()), view.Count(p.Pages), view.Count(len(p.Gaps)), view.Ago(p.StartedAt, s.env.now()), shortened(reason)})
	}
	return view.Table(s.env.out, []view.Column{{Title: "ID"}, {Title: "SOURCE"}, {Title: "STATUS"}, {Title: "ITEMS", Right: true}, {Title: "PAGES", Right: true},
		{Title: "GAPS", Right: true}, {Title: "BEGUN"}, {Title: "REASON"}}, rows)
}

// shortened keeps a line of a list readable; show has the whole text.
func shortened(text string) string {
	const limit = 80
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}

func snapshotsOf(store *state.Migration, source string) ([]state.Snapshot, error) {
	all, err := store.Snapshots()
	if err != nil {
		return nil, err
	}
	chosen := []state.Snapshot{}
	for _, snapshot := range all {
		if source == "" || snapshot.Source == source {
			chosen = append(chosen, snapshot)
		}
	}
	return chosen, nil
}

// findSnapshot understands an id, the beginning of one, latest and previous.
func findSnapshot(s *session, word, source string) (state.Snapshot, error) {
	snapshots, err := snapshotsOf(s.store, source)
	if err != nil {
		return state.Snapshot{}, err
	}
	if word == "latest" || word == "previous" {
		return newestCompleted(snapshots, word, source)
	}
	return oneByID("snapshot", word, snapshots, func(p state.Snapshot) string { return p.ID })
}

func newestCompleted(snapshots []state.Snapshot, word, source string) (state.Snapshot, error) {
	var completed []state.Snapshot
	sources := map[string]bool{}
	for _, snapshot := range snapshots {
		if snapshot.Status == state.SnapshotCompleted {
			completed = append(completed, snapshot)
			sources[snapshot.Source] = true
		}
	}
	index := map[string]int{"latest": 0, "previous": 1}[word]
	switch {
	case len(sources) > 1:
		return state.Snapshot{}, diag.Errorf("history-ambiguous", "Which source is not clear", "There are completed snapshots of %s; say which with -source.", strings.Join(sortedNames(sources), ", "))
	case len(completed) <= index:
		return state.Snapshot{}, diag.Errorf("history-unknown", "Snapshot is not there", "There is no %s%s; rehome snapshot list shows what there is.", map[string]string{"latest": "completed snapshot", "previous": "completed snapshot before the newest one"}[word], ofSource(source))
	}
	return completed[index], nil
}

func ofSource(source string) string {
	if source == "" {
		return ""
	}
	return " of " + source
}

func sortedNames(set map[string]bool) []string {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// oneByID finds the one entry whose id is the word, or begins with it, or ends with it.
func oneByID[T any](what, word string, all []T, id func(T) string) (T, error) {
	var found []T
	var ids []string
	for _, one := range all {
		if id(one) == word {
			return one, nil
		}
		if len(word) >= 4 && (strings.HasPrefix(id(one), word) || strings.HasSuffix(id(one), word)) {
			found, ids = append(found, one), append(ids, id(one))
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	var none T
	if len(found) > 1 {
		return none, diag.Errorf("history-ambiguous", "ID is not unique", "%q is part of the id of %s.", word, strings.Join(ids, ", "))
	}
	return none, diag.Errorf("history-unknown", strings.ToUpper(what[:1])+what[1:]+" is not there", "There is no %s %q; rehome %s list shows what there is.", what, word, what)
}

// next names the command to run now, where a person reads.
func (s *session) next(command string) {
	if !s.global.json && !s.env.automation() {
		fmt.Fprintf(s.env.out, "Next: %s\n", command)
	}
}

// parseKind reads a kind of item, with the nearest right name in the error.
func parseKind(text string) (identity.Kind, error) {
	names := make([]string, 0, len(identity.Kinds()))
	for _, kind := range identity.Kinds() {
		if string(kind) == text {
			return kind, nil
		}
		names = append(names, string(kind))
	}
	return "", diag.Errorf("usage", "Command line is wrong", "There is no kind %q; the kinds are %s.", text, strings.Join(names, ", "))
}

// parseItem reads source/kind/id or kind/id; the source must be that of the snapshot.
func parseItem(text, source string) (identity.ItemID, error) {
	rest := strings.TrimPrefix(text, source+"/")
	name, id, found := strings.Cut(rest, "/")
	if !found || id == "" {
		return identity.ItemID{}, diag.Errorf("usage", "Command line is wrong", "Item %q is not kind/id or source/kind/id, such as %s/application/0oa1f4k2.", text, source)
	}
	kind, err := parseKind(name)
	if err != nil {
		if address, other := identity.ParseAddress(text); other == nil && address.Source != source {
			return identity.ItemID{}, diag.Errorf("usage", "Command line is wrong", "Item %q is of another source; this is %s.", text, source)
		}
		return identity.ItemID{}, err
	}
	return identity.ItemID{Kind: kind, ID: id}, nil
}

// notInState says in words of the command what the state does not hold.
func notInState(err error, what, where string) error {
	if errors.Is(err, state.ErrNotFound) {
		return diag.Errorf("history-unknown", "It is not there", "%s is not in %s.", what, where)
	}
	return err
}
