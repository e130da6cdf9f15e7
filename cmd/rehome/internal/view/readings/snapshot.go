package readings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
)

// Collected shows a snapshot that was just made: items by kind, gaps.
func Collected(w io.Writer, p state.Snapshot) {
	fmt.Fprintf(w, "%s  %s on %s, snapshot %s\n", p.Source, phrase.Plural(p.Total(), "item", "items"),
		phrase.Plural(p.Pages, "page", "pages"), p.ID)
	for _, kind := range slices.Sorted(maps.Keys(p.Items)) {
		fmt.Fprintf(w, "  %-20s %7s\n", kind, phrase.Count(p.Items[kind]))
	}
	for _, gap := range p.Gaps {
		fmt.Fprintf(w, "! gap  %s\n", gapLine(gap))
	}
}

// Snapshots lists snapshots in a table.
func Snapshots(w io.Writer, snapshots []state.Snapshot, now time.Time) error {
	rows := make([][]string, 0, len(snapshots))
	for _, p := range snapshots {
		reason := p.Reason
		if p.Page != "" && !strings.Contains(reason, p.Page) {
			reason = p.Page + ": " + reason
		}
		rows = append(rows, []string{p.ID, p.Source, p.Status, phrase.Count(p.Total()), phrase.Count(p.Pages),
			phrase.Count(len(p.Gaps)),
			phrase.Ago(p.StartedAt, now), layout.Shortened(reason)})
	}
	return layout.Table(w, []layout.Heading{{Title: "ID"}, {Title: "SOURCE"}, {Title: "STATUS"}, {Title: "ITEMS", Right: true},
		{Title: "PAGES", Right: true}, {Title: "GAPS", Right: true}, {Title: "BEGUN"}, {Title: "REASON"}}, rows)
}

// Snapshot shows what one snapshot holds.
func Snapshot(w io.Writer, d reading.SnapshotDetail, now time.Time) {
	p := d.Snapshot
	fmt.Fprintf(w, "Snapshot  %s of %s", p.ID, p.Source)
	if p.Tenant != "" {
		fmt.Fprintf(w, ", tenant %s", phrase.Clean(p.Tenant))
	}
	fmt.Fprintf(w, "\nStatus    %s, begun %s, %s", p.Status, phrase.Moment(p.StartedAt), phrase.Ago(p.StartedAt, now))
	if !p.CompletedAt.IsZero() {
		fmt.Fprintf(w, ", took %s", phrase.Took(p.CompletedAt.Sub(p.StartedAt)))
	}
	fmt.Fprintln(w)
	if p.Status == state.SnapshotFailed {
		fmt.Fprintf(w, "! reason  %s\n", phrase.Clean(p.Reason))
		if p.Page != "" {
			fmt.Fprintf(w, "! page    %s\n", phrase.Clean(p.Page))
		}
	}
	snapshotHolds(w, p)
	snapshotPages(w, p, d.Pages)
	for _, a := range d.Assessments {
		fmt.Fprintf(w, "Assessed  %s, %s, %s, classifier %s\n", a.ID, a.Status, phrase.Ago(a.StartedAt, now), a.Classifier)
	}
}

func snapshotHolds(w io.Writer, p state.Snapshot) {
	fmt.Fprintf(w, "\nItems     %s\n", phrase.Count(p.Total()))
	for _, kind := range identity.Kinds() {
		if n := p.Items[kind]; n > 0 {
			fmt.Fprintf(w, "  %-20s %7s\n", kind, phrase.Count(n))
		}
	}
	if len(p.Gaps) == 0 {
		fmt.Fprintln(w, "Gaps      none: everything that was asked for could be read")
	}
	for _, gap := range p.Gaps {
		fmt.Fprintf(w, "! gap     %s\n", gapLine(gap))
	}
	if len(p.Unread) == 0 {
		return
	}
	names := make([]string, 0, len(p.Unread))
	for _, unread := range p.Unread {
		names = append(names, unread.Name)
	}
	fmt.Fprintf(w, "Not read  %s; rehome assess asks about them\n", phrase.Clean(strings.Join(names, ", ")))
}

func snapshotPages(w io.Writer, p state.Snapshot, pages []reading.PageGroup) {
	size := 0
	for _, g := range pages {
		size += g.Bytes
	}
	fmt.Fprintf(w, "Pages     %s, %s as received\n", phrase.Count(p.Pages), phrase.Bytes(size))
	for _, g := range pages {
		fmt.Fprintf(w, "  %-44s %7s  %-14s %9s\n", phrase.Clean(g.Path), phrase.Count(g.Pages),
			phrase.Plural(g.Items, "item", "items"),
			phrase.Bytes(g.Bytes))
	}
}

func gapLine(gap identity.Gap) string {
	text := fmt.Sprintf("%s: %s", gap.Kind, phrase.Clean(gap.Reason))
	if gap.Permission != "" {
		text += " (needs " + phrase.Clean(gap.Permission) + ")"
	}
	return text
}

// Items lists the items of a kind, one a line.
func Items(w io.Writer, snapshot state.Snapshot, kind identity.Kind, items iter.Seq2[identity.Item, error]) error {
	for item, err := range items {
		if err != nil {
			return err
		}
		gone := ""
		if item.Deleted {
			gone = "  (gone while it was read)"
		}
		if _, err := fmt.Fprintf(w, "%-24s %s%s\n", phrase.Clean(item.ID), phrase.Clean(item.Name), gone); err != nil {
			return err
		}
	}
	if snapshot.Items[kind] == 0 {
		fmt.Fprintf(w, "Snapshot %s holds no %s.\n", snapshot.ID, kind)
	}
	return nil
}

// Item shows one item with its fields, its redacted raw payload and the page that it came from.
func Item(w io.Writer, item identity.Item, page *identity.PageEvidence) error {
	itemHead(w, item, page)
	var attributes map[string]json.RawMessage
	if err := item.Decode(&attributes); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nFields")
	for _, name := range fieldOrder(item.Kind, attributes) {
		fmt.Fprintf(w, "  %-26s %s\n", phrase.Clean(name), phrase.Clean(string(attributes[name])))
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
		if _, err := fmt.Fprintln(w, phrase.Clean(line)); err != nil {
			return err
		}
	}
	return nil
}

func itemHead(w io.Writer, item identity.Item, page *identity.PageEvidence) {
	fmt.Fprintf(w, "Item      %s %q\n", phrase.Clean(item.Address().String()), phrase.Clean(item.Name))
	if item.Deleted {
		fmt.Fprintln(w, "!         it was listed and was gone when its details were asked for")
	}
	if page != nil {
		location := page.Path
		if page.Query != "" {
			location += "?" + page.Query
		}
		fmt.Fprintf(w, "Page      %d: %s %s\n", page.Sequence, page.Method, phrase.Clean(location))
	}
	for _, reference := range item.References {
		fmt.Fprintf(w, "Refers    %s: %s/%s\n", phrase.Clean(reference.Role), reference.Kind, phrase.Clean(reference.ID))
	}
	for _, secret := range item.Secrets {
		fmt.Fprintf(w, "Secret    %s, kept by the source and asked for when apply needs it\n", phrase.Clean(secret.Field))
	}
	for _, gap := range item.Gaps {
		fmt.Fprintf(w, "! gap     %s: the source does not tell\n", phrase.Clean(gap))
	}
}

// fieldOrder is that of the kind; what the kind does not know comes last, sorted.
func fieldOrder(kind identity.Kind, attributes map[string]json.RawMessage) []string {
	var names []string
	rest := maps.Clone(attributes)
	for _, field := range kinds.Fields(kind) {
		if _, has := attributes[field.Name]; has {
			names = append(names, field.Name)
		}
		delete(rest, field.Name)
	}
	return append(names, slices.Sorted(maps.Keys(rest))...)
}

// Pruned shows which snapshots went or would go, and why the others stay.
func Pruned(w io.Writer, found []state.Pruning, dryRun bool, now time.Time) {
	verb := "deleted"
	if dryRun {
		verb = "would be deleted"
	}
	gone := 0
	for _, p := range found {
		what := fmt.Sprintf("%s  %s, %s, begun %s, %s", p.Snapshot.ID, p.Snapshot.Source, p.Snapshot.Status,
			phrase.Ago(p.Snapshot.StartedAt, now), phrase.Plural(p.Snapshot.Total(), "item", "items"))
		if p.Kept != "" {
			fmt.Fprintf(w, "= %s: stays, as %s\n", what, phrase.Clean(p.Kept))
			continue
		}
		gone++
		if n := len(p.Assessments); n > 0 {
			what += ", " + phrase.Plural(n, "assessment", "assessments")
		}
		fmt.Fprintf(w, "- %s\n", what)
	}
	fmt.Fprintf(w, "%s %s, %s all the same.\n", phrase.Plural(gone, "snapshot", "snapshots"), verb,
		phrase.Plural(len(found)-gone, "stays", "stay"))
}
