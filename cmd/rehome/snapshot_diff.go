package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/inventory"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/state"
)

// peopleShown is how many changes of people are shown of each kind and type unless all are asked for.
const peopleShown = 10

type snapshotDiffOptions struct {
	source            string
	verbose, detailed bool
}

func snapshotDiffCommand() Command {
	return historyDiffCommand("snapshots", runSnapshotDiff, Command{
		Path:  "snapshot diff",
		Class: classRead,
		Codes: []config.Code{
			{Code: "snapshot-other-source", Cause: "Two snapshots of different sources cannot be compared.", Cure: "Compare two reads of one source."},
			{Code: "snapshot-not-completed", Cause: "A snapshot that failed, or is being collected, is no whole read.", Cure: "Use a completed one."},
		},
		Short: "Show what changed in the incumbent between two snapshots",
		Long: `Diff compares two completed snapshots of one source, item by item and field by field: + came, - went, ~ changed. Without arguments it
compares the newest with the one before it. Of users and memberships it shows the first ten of each sort and counts the rest.`,
		Example: "  rehome snapshot diff\n  rehome snapshot diff s-2026-11-21-5b1f0c2d latest -detailed-exitcode",
	})
}

// historyDiffCommand completes a command that compares two things of the history of one source.
func historyDiffCommand(things string, diff func(s *session, first, second string, o snapshotDiffOptions) error, c Command) Command {
	var o snapshotDiffOptions
	c.Args = "[A B]"
	c.Takes = func(c *cobra.Command, args []string) error {
		if len(args) != 0 && len(args) != 2 {
			return usageError(c, fmt.Errorf("diff takes two %s, the earlier one first, or none", things))
		}
		return nil
	}
	c.Flags = func(f *pflag.FlagSet) {
		f.StringVar(&o.source, "source", "", "the source that latest and previous speak of")
		f.BoolVarP(&o.verbose, "verbose", "v", false, "every user and membership")
		f.BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 when there are changes")
	}
	c.Run = func(ctx context.Context, r *call) error {
		first, second := "previous", "latest"
		if len(r.args) == 2 {
			first, second = r.args[0], r.args[1]
		}
		return r.withHistory(ctx, func(s *session) error { return diff(s, first, second, o) })
	}
	return c
}

func runSnapshotDiff(s *session, first, second string, o snapshotDiffOptions) error {
	before, err := findSnapshot(s, first, o.source)
	if err != nil {
		return err
	}
	after, err := findSnapshot(s, second, o.source)
	if err != nil {
		return err
	}
	if err := comparable(before, after); err != nil {
		return err
	}
	out := bufio.NewWriter(s.env.out)
	tally, err := writeDiff(out, s, before, after, o.verbose)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		return err
	}
	if o.detailed && tally.Total() > 0 {
		return &statusError{status: exitChanges, quiet: true}
	}
	return nil
}

// comparable refuses what would show differences that are none.
func comparable(before, after state.Snapshot) error {
	if before.Source != after.Source {
		return diag.Errorf("snapshot-other-source", "Snapshots are of two sources", "%s is of %s, %s is of %s; only two reads of one source are compared.", before.ID, before.Source, after.ID, after.Source)
	}
	for _, snapshot := range []state.Snapshot{before, after} {
		if snapshot.Status != state.SnapshotCompleted {
			return diag.Errorf("snapshot-not-completed", "Snapshot is not completed", "%s is %s: what it does not hold may still be in the source. Compare completed ones.", snapshot.ID, snapshot.Status)
		}
	}
	return nil
}

func writeDiff(w io.Writer, s *session, before, after state.Snapshot, verbose bool) (inventory.Tally, error) {
	opened, closed := inventory.DiffGaps(before.Gaps, after.Gaps)
	var p diffPrinter = &diffText{w: w, shown: map[string]int{}, verbose: verbose}
	if s.global.json {
		mask, err := s.masker(nil)
		if err != nil {
			return nil, err
		}
		p = &diffDocument{w: w, mask: mask, text: diffText{shown: map[string]int{}, verbose: verbose}}
	}
	if err := p.begin(before, after, opened, closed); err != nil {
		return nil, err
	}
	tally := inventory.Tally{}
	for change, err := range inventory.Diff(s.store.Items(before.ID, identity.Kinds()...), s.store.Items(after.ID, identity.Kinds()...)) {
		if err != nil {
			return nil, fmt.Errorf("comparing %s with %s: %w", before.ID, after.ID, err)
		}
		tally.Add(change)
		if err := p.change(change); err != nil {
			return nil, err
		}
	}
	return tally, p.end(tally)
}

// diffPrinter shows changes as they come.
type diffPrinter interface {
	begin(before, after state.Snapshot, opened, closed []identity.Gap) error
	change(inventory.Change) error
	end(inventory.Tally) error
}

// diffText is for people.
type diffText struct {
	w       io.Writer
	verbose bool
	shown   map[string]int // by kind and type, of people
}

// shows tells whether a change is among those that are listed.
func (d *diffText) shows(c inventory.Change) bool {
	if d.verbose || !c.Kind.IsPeople() {
		return true
	}
	key := string(c.Kind) + " " + string(c.Type)
	d.shown[key]++
	return d.shown[key] <= peopleShown
}

func (d *diffText) begin(before, after state.Snapshot, opened, closed []identity.Gap) error {
	fmt.Fprintf(d.w, "%s  %s (%s) -> %s (%s)\n", before.Source, before.ID, view.Moment(before.StartedAt), after.ID, view.Moment(after.StartedAt))
	if before.Tenant != after.Tenant {
		fmt.Fprintf(d.w, "! the source is another tenant now: %s, before %s\n", view.Clean(after.Tenant), view.Clean(before.Tenant))
	}
	for _, gap := range opened {
		fmt.Fprintf(d.w, "! not readable now  %s; what is missing of it below may still be there\n", gapText(gap))
	}
	for _, gap := range closed {
		fmt.Fprintf(d.w, "! readable again    %s; what is new of it below may have been there\n", gapText(gap))
	}
	_, err := fmt.Fprintln(d.w)
	return err
}

func (d *diffText) change(c inventory.Change) error {
	if !d.shows(c) {
		return nil
	}
	sign := map[inventory.ChangeType]string{inventory.Added: "+", inventory.Removed: "-", inventory.Changed: "~"}[c.Type]
	_, err := fmt.Fprintf(d.w, "%s %s %q (%s)\n", sign, c.Kind, view.Clean(c.Name), view.Clean(c.ID))
	for _, f := range c.Fields {
		err = printFieldChange(d.w, f)
	}
	return err
}

// printFieldChange shows lists by their elements and everything else both ways.
func printFieldChange(w io.Writer, f inventory.FieldChange) error {
	before, after, lists := listElements(f)
	switch {
	case f.OrderOnly:
		_, err := fmt.Fprintf(w, "    %-22s the same elements in another order\n", view.Clean(f.Field))
		return err
	case !lists:
		_, err := fmt.Fprintf(w, "    %-22s %s -> %s\n", view.Clean(f.Field), view.Clean(string(f.Before)), view.Clean(string(f.After)))
		return err
	}
	fmt.Fprintf(w, "    %s\n", view.Clean(f.Field))
	for _, element := range without(after, before) {
		fmt.Fprintf(w, "      + %s\n", view.Clean(element))
	}
	var err error
	for _, element := range without(before, after) {
		_, err = fmt.Fprintf(w, "      - %s\n", view.Clean(element))
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

func (d *diffText) end(tally inventory.Tally) error {
	for _, kind := range identity.Kinds() {
		for _, sort := range []inventory.ChangeType{inventory.Added, inventory.Removed, inventory.Changed} {
			if hidden := d.shown[string(kind)+" "+string(sort)] - peopleShown; hidden > 0 {
				fmt.Fprintf(d.w, "  … and %s more of kind %s %s (-verbose lists them)\n", view.Count(hidden), kind, sort)
			}
		}
	}
	if tally.Total() == 0 {
		_, err := fmt.Fprintln(d.w, "Nothing changed.")
		return err
	}
	fmt.Fprintln(d.w)
	for _, kind := range identity.Kinds() {
		if counts, has := tally[kind]; has {
			fmt.Fprintf(d.w, "%-20s %s\n", kind, countsText(counts))
		}
	}
	_, err := fmt.Fprintf(d.w, "%-20s %s\n", "Changes", countsText(map[inventory.ChangeType]int{
		inventory.Added: tally.Total(inventory.Added), inventory.Removed: tally.Total(inventory.Removed), inventory.Changed: tally.Total(inventory.Changed)}))
	return err
}

func countsText(counts map[inventory.ChangeType]int) string {
	return fmt.Sprintf("%s added, %s removed, %s changed", view.Count(counts[inventory.Added]), view.Count(counts[inventory.Removed]), view.Count(counts[inventory.Changed]))
}

// diffDocument is one JSON document that is written as the changes come.
type diffDocument struct {
	w    io.Writer
	mask *pseudonym.Masker
	text diffText
	list *jsonList
}

func (d *diffDocument) begin(before, after state.Snapshot, opened, closed []identity.Gap) (err error) {
	d.list, err = beginList(d.w, d.mask, map[string]any{
		"format_version": eventFormat, "source": before.Source, "before": before.ID, "after": after.ID,
		"gaps_opened": orEmptyGaps(opened), "gaps_closed": orEmptyGaps(closed),
	}, "changes")
	return err
}

func orEmptyGaps(gaps []identity.Gap) []identity.Gap {
	if gaps == nil {
		return []identity.Gap{}
	}
	return gaps
}

func (d *diffDocument) change(c inventory.Change) error {
	if !d.text.shows(c) {
		return nil
	}
	return d.list.add(hideChange(d.mask, c))
}

func (d *diffDocument) end(tally inventory.Tally) error {
	return d.list.end(map[string]any{"total": tally.Total(), "summary": tally})
}
