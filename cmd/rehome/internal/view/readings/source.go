package readings

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/standing"
	"github.com/rehome-iam/rehome/state"
)

// Sources lists sources in a table.
func Sources(w io.Writer, sources []standing.Source, now time.Time) error {
	rows := make([][]string, 0, len(sources))
	for _, s := range sources {
		rows = append(rows, []string{s.Source, s.Status, lastRead(s, now), phrase.Count(s.Items), phrase.Count(s.Gaps)})
	}
	return layout.Table(w, []layout.Heading{{Title: "SOURCE"}, {Title: "STATUS"}, {Title: "LAST READ"},
		{Title: "ITEMS", Right: true}, {Title: "GAPS", Right: true}}, rows)
}

func lastRead(s standing.Source, now time.Time) string {
	text := "never"
	if s.LastInventory != nil {
		text = phrase.Ago(*s.LastInventory, now)
	}
	switch {
	case s.Collecting != nil:
		return text + ", being read since " + phrase.Moment(*s.Collecting)
	case s.LastFailure != "":
		return text + ", failed since"
	}
	return text
}

// shownSnapshots is how many snapshots of a source are named.
const shownSnapshots = 5

// Source writes how a source is reached and what was read of it.
func Source(w io.Writer, c *standing.Connection, now time.Time) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Source    %s   %s\n", phrase.Clean(c.Source.Source), c.Status)
	if c.File != "" {
		fmt.Fprintf(&b, "Declared  %s:%d\n", phrase.Clean(c.File), c.Line)
	} else {
		b.WriteString("Declared  no more: the configuration has no such block\n")
	}
	fmt.Fprintf(&b, "Last read %s\n", lastRead(c.Source, now))
	if c.LastFailure != "" {
		fmt.Fprintf(&b, "Failed    %s\n", phrase.Clean(c.LastFailure))
	}
	width := 0
	for name := range c.Arguments {
		width = max(width, len(name))
	}
	for _, name := range c.Withheld {
		width = max(width, len(name))
	}
	b.WriteString("\n")
	for _, name := range slices.Sorted(maps.Keys(c.Arguments)) {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, phrase.Clean(name), argument(c.Arguments[name]))
	}
	for _, name := range c.Withheld {
		fmt.Fprintf(&b, "  %-*s  (set, and not shown)\n", width, phrase.Clean(name))
	}
	b.WriteString("\n")
	for i, snapshot := range c.Snapshots {
		if i == shownSnapshots {
			fmt.Fprintf(&b, "… and %s; rehome snapshot list names them\n",
				phrase.Plural(len(c.Snapshots)-i, "snapshot", "snapshots"))
			break
		}
		fmt.Fprintf(&b, "Snapshot  %s   %s   %s items, %s\n", snapshot.ID, snapshot.Status,
			phrase.Count(snapshot.Total()), readAt(snapshot))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func readAt(snapshot state.Snapshot) string {
	if snapshot.CompletedAt.IsZero() {
		return "begun " + phrase.Moment(snapshot.StartedAt)
	}
	return phrase.Moment(snapshot.CompletedAt)
}

func argument(value any) string {
	if text := phrase.Clean(fmt.Sprint(value)); text != "" {
		return text
	}
	return `""`
}
