package readings

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/inventory"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/engine/reading"
)

// peopleShown is how many changes of people are shown of each kind and type unless all are asked for.
const peopleShown = 10

// folding counts changes of people by kind and type, so that only the first are listed.
type folding struct {
	verbose bool
	seen    map[string]int
}

func (f *folding) lists(c inventory.Change) bool {
	if f.verbose || !c.Kind.IsPeople() {
		return true
	}
	key := string(c.Kind) + " " + string(c.Type)
	f.seen[key]++
	return f.seen[key] <= peopleShown
}

func (f *folding) left(kind identity.Kind, change inventory.ChangeType) int {
	return max(0, f.seen[string(kind)+" "+string(change)]-peopleShown)
}

// SnapshotDiff shows for people what changed between two snapshots, as the changes come.
func SnapshotDiff(w io.Writer, d reading.SnapshotDiff, verbose bool) (inventory.Tally, error) {
	snapshotDiffHead(w, d)
	fold, tally := &folding{verbose, map[string]int{}}, inventory.Tally{}
	for change, err := range d.Changes {
		if err != nil {
			return tally, err
		}
		tally.Add(change)
		if !fold.lists(change) {
			continue
		}
		if err := snapshotChange(w, change); err != nil {
			return tally, err
		}
	}
	return tally, snapshotDiffEnd(w, fold, tally)
}

func snapshotDiffHead(w io.Writer, d reading.SnapshotDiff) {
	before, after := d.Before, d.After
	fmt.Fprintf(w, "%s  %s (%s) -> %s (%s)\n", before.Source, before.ID, phrase.Moment(before.StartedAt), after.ID,
		phrase.Moment(after.StartedAt))
	if before.Tenant != after.Tenant {
		fmt.Fprintf(w, "! the source is another tenant now: %s, before %s\n", phrase.Clean(after.Tenant),
			phrase.Clean(before.Tenant))
	}
	for _, gap := range d.Opened {
		fmt.Fprintf(w, "! not readable now  %s; what is missing of it below may still be there\n", gapLine(gap))
	}
	for _, gap := range d.Closed {
		fmt.Fprintf(w, "! readable again    %s; what is new of it below may have been there\n", gapLine(gap))
	}
	fmt.Fprintln(w)
}

func snapshotChange(w io.Writer, c inventory.Change) error {
	sign := map[inventory.ChangeType]string{inventory.Added: "+", inventory.Removed: "-", inventory.Changed: "~"}[c.Type]
	_, err := fmt.Fprintf(w, "%s %s %q (%s)\n", sign, c.Kind, phrase.Clean(c.Name), phrase.Clean(c.ID))
	for _, f := range c.Fields {
		err = fieldChange(w, f)
	}
	return err
}

// fieldChange shows lists by their elements and everything else both ways.
func fieldChange(w io.Writer, f inventory.FieldChange) error {
	before, after, lists := listElements(f)
	switch {
	case f.OrderOnly:
		_, err := fmt.Fprintf(w, "    %-22s the same elements in another order\n", phrase.Clean(f.Field))
		return err
	case !lists:
		_, err := fmt.Fprintf(w, "    %-22s %s -> %s\n", phrase.Clean(f.Field), phrase.Clean(string(f.Before)),
			phrase.Clean(string(f.After)))
		return err
	}
	fmt.Fprintf(w, "    %s\n", phrase.Clean(f.Field))
	for _, element := range without(after, before) {
		fmt.Fprintf(w, "      + %s\n", phrase.Clean(element))
	}
	var err error
	for _, element := range without(before, after) {
		_, err = fmt.Fprintf(w, "      - %s\n", phrase.Clean(element))
	}
	return err
}

func listElements(f inventory.FieldChange) (before, after []string, lists bool) {
	var old, renewed []json.RawMessage
	if json.Unmarshal(f.Before, &old) != nil || json.Unmarshal(f.After, &renewed) != nil || len(old)+len(renewed) == 0 {
		return nil, nil, false
	}
	for _, element := range old {
		before = append(before, string(element))
	}
	for _, element := range renewed {
		after = append(after, string(element))
	}
	return before, after, true
}

// without lists the elements of a that b does not have, as often as it lacks them.
func without(a, b []string) []string {
	counts := map[string]int{}
	for _, element := range b {
		counts[element]++
	}
	var rest []string
	for _, element := range a {
		if counts[element]--; counts[element] < 0 {
			rest = append(rest, element)
		}
	}
	return rest
}

func changeTypes() []inventory.ChangeType {
	return []inventory.ChangeType{inventory.Added, inventory.Removed, inventory.Changed}
}

func snapshotDiffEnd(w io.Writer, fold *folding, tally inventory.Tally) error {
	for _, kind := range identity.Kinds() {
		for _, change := range changeTypes() {
			if n := fold.left(kind, change); n > 0 {
				fmt.Fprintf(w, "  … and %s more of kind %s %s (-verbose lists them)\n", phrase.Count(n), kind, change)
			}
		}
	}
	if tally.Total() == 0 {
		_, err := fmt.Fprintln(w, "Nothing changed.")
		return err
	}
	fmt.Fprintln(w)
	for _, kind := range identity.Kinds() {
		if counts, has := tally[kind]; has {
			fmt.Fprintf(w, "%-20s %s\n", kind, changeCounts(counts))
		}
	}
	all := map[inventory.ChangeType]int{}
	for _, change := range changeTypes() {
		all[change] = tally.Total(change)
	}
	_, err := fmt.Fprintf(w, "%-20s %s\n", "Changes", changeCounts(all))
	return err
}

func changeCounts(counts map[inventory.ChangeType]int) string {
	return fmt.Sprintf("%s added, %s removed, %s changed", phrase.Count(counts[inventory.Added]),
		phrase.Count(counts[inventory.Removed]),
		phrase.Count(counts[inventory.Changed]))
}

// SnapshotDiffJSON writes what changed between two snapshots as one document of a format, as the changes come. People
// are hidden by mask, unless that is nil.
func SnapshotDiffJSON(w io.Writer, d reading.SnapshotDiff, format string, verbose bool, mask *pseudonym.Masker,
) (inventory.Tally, error) {
	list, err := layout.BeginList(w, mask.JSON, map[string]any{
		"format_version": format, "source": d.Before.Source, "before": d.Before.ID, "after": d.After.ID,
		"gaps_opened": d.Opened, "gaps_closed": d.Closed,
	}, "changes")
	if err != nil {
		return nil, err
	}
	fold, tally := &folding{verbose, map[string]int{}}, inventory.Tally{}
	for change, err := range d.Changes {
		if err != nil {
			return tally, err
		}
		tally.Add(change)
		if !fold.lists(change) {
			continue
		}
		if err := list.Add(mask.Change(change)); err != nil {
			return tally, err
		}
	}
	return tally, list.End(map[string]any{"total": tally.Total(), "summary": tally})
}
