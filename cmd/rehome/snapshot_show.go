package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/state"
)

type snapshotShowOptions struct{ source, kind, item string }

func snapshotShowCommand() Command {
	var o snapshotShowOptions
	return Command{
		Path: "snapshot show", Args: "[ID]",
		Class: classRead,
		Short: "Show a snapshot, its items, or one item",
		Long: `Show tells what a snapshot holds: items by kind, gaps, pages. With -kind it lists the items of a kind, sorted by id; with -item it shows one
with its fields and its redacted raw payload. A failed snapshot says why it failed and on which page.`,
		Example: "  rehome snapshot show\n  rehome snapshot show latest -kind=application\n  rehome snapshot show latest -item=application/0oa1f4k2",
		Takes:   cobra.MaximumNArgs(1),
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.source, "source", "", "the source that latest and previous speak of")
			f.StringVar(&o.kind, "kind", "", "list the items of this kind")
			f.StringVar(&o.item, "item", "", "show one item: kind/id or source/kind/id")
		},
		Run: func(ctx context.Context, r *call) error {
			return r.withHistory(ctx, func(s *session) error { return runSnapshotShow(s, wordOr(r.args, "latest"), o) })
		},
	}
}

// wordOr is the first argument, or what stands for none.
func wordOr(args []string, otherwise string) string {
	if len(args) == 0 {
		return otherwise
	}
	return args[0]
}

func runSnapshotShow(s *session, word string, o snapshotShowOptions) error {
	snapshot, err := findSnapshot(s, word, o.source)
	if err != nil {
		return err
	}
	switch {
	case o.item != "":
		return showSnapshotItem(s, snapshot, o.item)
	case o.kind != "":
		return listSnapshotItems(s, snapshot, o.kind)
	}
	pages, err := summarisePages(s.store, snapshot.ID)
	if err != nil {
		return err
	}
	assessments, err := assessmentsOf(s.store, "", snapshot.ID)
	if err != nil {
		return err
	}
	if s.global.json {
		return s.document(map[string]any{"format_version": eventFormat, "snapshot": snapshot, "pages": pages, "assessments": assessments})
	}
	printSnapshotDetail(s, snapshot, pages, assessments)
	return nil
}

// pageGroup sums up the pages of one path, in which ids are written *.
type pageGroup struct {
	Path   string `json:"path"`
	Pages  int    `json:"pages"`
	Items  int    `json:"items"`
	Bytes  int    `json:"bytes"` // as they came
	Status []int  `json:"status"`
}

func summarisePages(store *state.Migration, snapshot string) ([]pageGroup, error) {
	groups := map[string]*pageGroup{}
	for page, err := range store.PageHeads(snapshot) {
		if err != nil {
			return nil, fmt.Errorf("reading the pages of snapshot %s: %w", snapshot, err)
		}
		path := page.Method + " " + withoutIDs(page.Path)
		g := groups[path]
		if g == nil {
			g = &pageGroup{Path: path, Status: []int{}}
			groups[path] = g
		}
		g.Pages, g.Items, g.Bytes = g.Pages+1, g.Items+page.ItemCount, g.Bytes+page.Bytes
		if i := sort.SearchInts(g.Status, page.Status); i == len(g.Status) || g.Status[i] != page.Status {
			g.Status = append(g.Status, page.Status)
			sort.Ints(g.Status)
		}
	}
	sorted := make([]pageGroup, 0, len(groups))
	for _, g := range groups {
		sorted = append(sorted, *g)
	}
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].Path < sorted[j].Path })
	return sorted, nil
}

// withoutIDs writes * for the parts of a path that look like ids: long, with a digit in them.
func withoutIDs(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if len(part) >= 16 && strings.ContainsAny(part, "0123456789") {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

func printSnapshotDetail(s *session, p state.Snapshot, pages []pageGroup, assessments []state.Assessment) {
	w := s.env.out
	fmt.Fprintf(w, "Snapshot  %s of %s", p.ID, p.Source)
	if p.Tenant != "" {
		fmt.Fprintf(w, ", tenant %s", view.Clean(p.Tenant))
	}
	fmt.Fprintf(w, "\nStatus    %s, begun %s, %s", p.Status, view.Moment(p.StartedAt), view.Ago(p.StartedAt, s.env.now()))
	if !p.CompletedAt.IsZero() {
		fmt.Fprintf(w, ", took %s", view.Took(p.CompletedAt.Sub(p.StartedAt)))
	}
	fmt.Fprintln(w)
	if p.Status == state.SnapshotFailed {
		fmt.Fprintf(w, "! reason  %s\n", view.Clean(p.Reason))
		if p.Page != "" {
			fmt.Fprintf(w, "! page    %s\n", view.Clean(p.Page))
		}
	}
	fmt.Fprintf(w, "\nItems     %s\n", view.Count(p.Total()))
	for _, kind := range identity.Kinds() {
		if n := p.Items[kind]; n > 0 {
			fmt.Fprintf(w, "  %-20s %7s\n", kind, view.Count(n))
		}
	}
	if len(p.Gaps) == 0 {
		fmt.Fprintln(w, "Gaps      none: everything that was asked for could be read")
	}
	for _, gap := range p.Gaps {
		fmt.Fprintf(w, "! gap     %s\n", gapText(gap))
	}
	if len(p.Unread) > 0 {
		names := make([]string, 0, len(p.Unread))
		for _, unread := range p.Unread {
			names = append(names, unread.Name)
		}
		fmt.Fprintf(w, "Not read  %s; rehome assess asks about them\n", view.Clean(strings.Join(names, ", ")))
	}
	size := 0
	for _, g := range pages {
		size += g.Bytes
	}
	fmt.Fprintf(w, "Pages     %s, %s as received\n", view.Count(p.Pages), view.Bytes(size))
	for _, g := range pages {
		fmt.Fprintf(w, "  %-44s %7s  %-14s %9s\n", view.Clean(g.Path), view.Count(g.Pages), view.Plural(g.Items, "item", "items"), view.Bytes(g.Bytes))
	}
	for _, a := range assessments {
		fmt.Fprintf(w, "Assessed  %s, %s, %s, classifier %s\n", a.ID, a.Status, view.Ago(a.StartedAt, s.env.now()), a.Classifier)
	}
}

func gapText(gap identity.Gap) string {
	text := fmt.Sprintf("%s: %s", gap.Kind, view.Clean(gap.Reason))
	if gap.Permission != "" {
		text += " (needs " + view.Clean(gap.Permission) + ")"
	}
	return text
}

func listSnapshotItems(s *session, snapshot state.Snapshot, name string) error {
	kind, err := parseKind(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(s.env.out)
	if err := writeItems(out, s, snapshot, kind); err != nil {
		return err
	}
	return out.Flush()
}

func writeItems(w io.Writer, s *session, snapshot state.Snapshot, kind identity.Kind) error {
	if s.global.json {
		mask, err := s.masker(nil)
		if err != nil {
			return err
		}
		list, err := beginList(w, mask, map[string]any{"format_version": eventFormat, "snapshot": snapshot.ID, "source": snapshot.Source, "kind": kind}, "items")
		if err != nil {
			return err
		}
		for item, err := range s.store.Items(snapshot.ID, kind) {
			if err != nil {
				return fmt.Errorf("reading snapshot %s: %w", snapshot.ID, err)
			}
			item.Raw = nil
			if err := list.add(hideItem(mask, item)); err != nil {
				return err
			}
		}
		return list.end(nil)
	}
	for item, err := range s.store.Items(snapshot.ID, kind) {
		if err != nil {
			return fmt.Errorf("reading snapshot %s: %w", snapshot.ID, err)
		}
		gone := ""
		if item.Deleted {
			gone = "  (gone while it was read)"
		}
		if _, err := fmt.Fprintf(w, "%-24s %s%s\n", view.Clean(item.ID), view.Clean(item.Name), gone); err != nil {
			return err
		}
	}
	if snapshot.Items[kind] == 0 {
		fmt.Fprintf(w, "Snapshot %s holds no %s.\n", snapshot.ID, kind)
	}
	return nil
}

func showSnapshotItem(s *session, snapshot state.Snapshot, text string) error {
	id, err := parseItem(text, snapshot.Source)
	if err != nil {
		return err
	}
	item, err := s.store.Item(snapshot.ID, id)
	if err != nil {
		return notInState(err, "Item "+id.String(), "snapshot "+snapshot.ID)
	}
	page, err := pageOf(s.store, snapshot.ID, item.Page)
	if err != nil {
		return err
	}
	if s.global.json {
		mask, err := s.masker(nil)
		if err != nil {
			return err
		}
		return s.document(map[string]any{"format_version": eventFormat, "snapshot": snapshot.ID, "item": hideItem(mask, item), "page": page})
	}
	return printItem(s.env.out, item, page)
}

func pageOf(store *state.Migration, snapshot string, sequence int) (*identity.PageEvidence, error) {
	for page, err := range store.PageHeads(snapshot) {
		if err != nil {
			return nil, fmt.Errorf("reading the pages of snapshot %s: %w", snapshot, err)
		}
		if page.Sequence == sequence {
			return &page, nil
		}
	}
	return nil, nil
}

func printItem(w io.Writer, item identity.Item, page *identity.PageEvidence) error {
	fmt.Fprintf(w, "Item      %s %q\n", view.Clean(item.Address().String()), view.Clean(item.Name))
	if item.Deleted {
		fmt.Fprintln(w, "!         it was listed and was gone when its details were asked for")
	}
	if page != nil {
		location := page.Path
		if page.Query != "" {
			location += "?" + page.Query
		}
		fmt.Fprintf(w, "Page      %d: %s %s\n", page.Sequence, page.Method, view.Clean(location))
	}
	for _, reference := range item.References {
		fmt.Fprintf(w, "Refers    %s: %s/%s\n", view.Clean(reference.Role), reference.Kind, view.Clean(reference.ID))
	}
	for _, secret := range item.Secrets {
		fmt.Fprintf(w, "Secret    %s, kept by the source and asked for when apply needs it\n", view.Clean(secret.Field))
	}
	for _, gap := range item.Gaps {
		fmt.Fprintf(w, "! gap     %s: the source does not tell\n", view.Clean(gap))
	}
	var attributes map[string]json.RawMessage
	if err := item.Decode(&attributes); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nFields")
	for _, name := range fieldOrder(item.Kind, attributes) {
		fmt.Fprintf(w, "  %-26s %s\n", view.Clean(name), view.Clean(string(attributes[name])))
	}
	if len(item.Raw) == 0 {
		fmt.Fprintln(w, "\nRaw       none of its own: see the page")
		return nil
	}
	var raw bytes.Buffer
	if err := json.Indent(&raw, item.Raw, "  ", "  "); err != nil {
		return fmt.Errorf("reading the raw payload of %s: %w", item.Address(), err)
	}
	fmt.Fprintf(w, "\nRaw, redacted\n  ")
	for _, line := range strings.Split(raw.String(), "\n") {
		if _, err := fmt.Fprintln(w, view.Clean(line)); err != nil {
			return err
		}
	}
	return nil
}

// fieldOrder is that of the kind; what the kind does not know comes last, sorted.
func fieldOrder(kind identity.Kind, attributes map[string]json.RawMessage) []string {
	var names, rest []string
	known := map[string]bool{}
	for _, field := range identity.Fields(kind) {
		known[field.Name] = true
		if _, has := attributes[field.Name]; has {
			names = append(names, field.Name)
		}
	}
	for name := range attributes {
		if !known[name] {
			rest = append(rest, name)
		}
	}
	sort.Strings(rest)
	return append(names, rest...)
}
