package main

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/state"
)

// impactList is the document of acknowledge -list -json.
type impactList struct {
	FormatVersion string            `json:"format_version"`
	Migration     string            `json:"migration"`
	Found         int               `json:"found"`
	Acknowledged  int               `json:"acknowledged"`
	Impacts       []state.ImpactRow `json:"impacts"`
}

// listImpacts reads back what the last plan found; with all, also what no plan finds any more.
func listImpacts(s *session, all bool) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	store, err := s.openState()
	if err != nil {
		return err
	}
	rows, err := store.Impacts()
	if err != nil {
		return err
	}
	list := impactList{FormatVersion: eventFormat, Migration: cfg.Migration.Name, Impacts: []state.ImpactRow{}}
	for _, row := range rows {
		if row.Current {
			list.Found++
			if row.Acknowledged {
				list.Acknowledged++
			}
		}
		if row.Current || all {
			list.Impacts = append(list.Impacts, row)
		}
	}
	if s.global.json {
		if err := hidePeople(s, list.Impacts); err != nil {
			return err
		}
		return s.document(list)
	}
	printImpacts(s, list)
	return nil
}

// hidePeople replaces the ids of people among the items, unless -show-people.
func hidePeople(s *session, rows []state.ImpactRow) error {
	m, err := s.masker(nil)
	if err != nil || m == nil {
		return err
	}
	for i := range rows {
		for j, item := range rows[i].Items {
			rows[i].Items[j] = m.Address(item)
		}
	}
	return nil
}

func printImpacts(s *session, list impactList) {
	w, style := s.env.out, s.env.style(s.global.noColor)
	if len(list.Impacts) == 0 {
		fmt.Fprintln(w, "No plan found an impact yet. Run rehome plan.")
		return
	}
	fmt.Fprintf(w, "%s found, %d acknowledged\n", view.Plural(list.Found, "impact", "impacts"), list.Acknowledged)
	for _, row := range list.Impacts {
		fmt.Fprintf(w, "\n%s\n", view.ImpactHead(row.Impact, row.Current, style))
		fmt.Fprintf(w, "    %s (%s)\n", view.Clean(row.Summary), view.Plural(row.Count, "item", "items"))
		if row.Tell != "" {
			fmt.Fprintf(w, "    tell them: %s\n", view.Clean(row.Tell))
		}
		if a := row.Acknowledgement; a != nil {
			reference := ""
			if a.Reference != "" {
				reference = " (" + view.Clean(a.Reference) + ")"
			}
			fmt.Fprintf(w, "    acknowledged %s by %s: %s%s\n", view.Moment(a.At), view.Clean(a.By), view.Clean(a.Reason), reference)
		}
		fmt.Fprintf(w, "    items %s\n", firstItems(row.Items, row.Count))
	}
}

// firstItems names a few items of a long list.
func firstItems(items []string, count int) string {
	const most = 3
	names := make([]string, 0, most)
	for _, item := range items[:min(most, len(items))] {
		names = append(names, view.Clean(item))
	}
	text := strings.Join(names, ", ")
	if count > len(names) {
		text += fmt.Sprintf(" and %s more; -json lists them", view.Count(count-len(names)))
	}
	return text
}
