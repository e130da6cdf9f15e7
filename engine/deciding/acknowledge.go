package deciding

import (
	"context"
	"strings"

	"github.com/rehome-iam/rehome/config/writing"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/pseudonym"
)

// AcknowledgementsFile is the file of the folder that acknowledgements are written into.
const AcknowledgementsFile = "acknowledgements.rehome.hcl"

// Acknowledgement accepts impacts, for one reason.
type Acknowledgement struct {
	IDs       []string
	Reason    string
	Reference string // change ticket or announcement
}

// Acknowledged is what came of it: ids in the order given, each once.
type Acknowledged struct {
	FormatVersion string   `json:"format_version"`
	File          string   `json:"file"`
	Written       []string `json:"written"`
	Already       []string `json:"already"` // acknowledged by a block before
}

// Acknowledge writes an acknowledge block for each impact, all or none. An id that the last plan did not find is
// refused: a block for it would do nothing.
func Acknowledge(ctx context.Context, p *project.Project, in Acknowledgement) (*Acknowledged, error) {
	cfg, err := p.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	blocks := map[string]plan.Acknowledgement{}
	for _, a := range cfg.Acknowledgements {
		blocks[a.ID] = a
	}
	result := &Acknowledged{
		FormatVersion: FormatVersion, File: AcknowledgementsFile, Written: []string{}, Already: []string{},
	}
	seen := map[string]bool{}
	for _, id := range in.IDs {
		switch {
		case seen[id]:
			p.Note("%s is named twice; it is written once.", id)
		case blocks[id].ID != "":
			place := blocks[id].Range
			p.Note("%s is acknowledged already, at %s line %d; nothing is written for it.", id, place.File, place.Start.Line)
			result.Already = append(result.Already, id)
		default:
			result.Written = append(result.Written, id)
		}
		seen[id] = true
	}
	if len(result.Written) == 0 {
		return result, nil
	}
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	found, err := migration.Impacts()
	if err != nil {
		return nil, err
	}
	if err := unknown(result.Written, found).Err(); err != nil {
		return nil, err
	}
	return result, appendBlocks(p, AcknowledgementsFile, len(result.Written),
		func(source []byte, i int) ([]byte, diag.List) {
			return writing.AppendAcknowledge(source, AcknowledgementsFile,
				plan.Acknowledgement{ID: result.Written[i], Reason: in.Reason, Reference: in.Reference})
		})
}

// unknown says of each id why the last plan does not find it.
func unknown(ids []string, found []lifecycle.ImpactRow) diag.List {
	known := map[string]lifecycle.ImpactRow{}
	for _, row := range found {
		known[row.ID] = row
	}
	var problems diag.List
	for _, id := range ids {
		if !known[id].Current {
			problems = append(problems, unknownImpact(id, known[id], found))
		}
	}
	return problems
}

func unknownImpact(id string, old lifecycle.ImpactRow, rows []lifecycle.ImpactRow) diag.Diagnostic {
	const code, title = "impact-unknown", "Impact is not known"
	var current, successors []string
	for _, row := range rows {
		if !row.Current {
			continue
		}
		current = append(current, row.ID)
		if row.Code == old.Code && row.Audience == old.Audience {
			successors = append(successors, row.ID)
		}
	}
	switch {
	case len(rows) == 0:
		return diag.Errorf(code, title,
			"No plan of this migration found an impact yet, so %q cannot be one.\nRun rehome plan, "+
				"then acknowledge what it lists.", id)
	case old.ID != "" && len(successors) > 0:
		return diag.Errorf(code, title, "The impact %s changed and has a new id: %s.\nRead it with rehome acknowledge, then "+
			"acknowledge it anew.", id, strings.Join(successors, ", "))
	case old.ID != "":
		return diag.Errorf(code, title,
			"The last plan does not find the impact %s any more, so there is nothing to acknowledge.",
			id)
	}
	return diag.Errorf(code, title, "The last plan found no impact %q; it found %s.\nRead them with rehome acknowledge.",
		id,
		strings.Join(current, ", "))
}

// ImpactList is what the last plan found, and who accepted it.
type ImpactList struct {
	FormatVersion string                `json:"format_version"`
	Migration     string                `json:"migration"`
	Found         int                   `json:"found"`
	Acknowledged  int                   `json:"acknowledged"`
	Impacts       []lifecycle.ImpactRow `json:"impacts"`
}

// Impacts reads back what the last plan found; with history, also what no plan finds any more.
func Impacts(ctx context.Context, p *project.Project, history bool) (*ImpactList, error) {
	migration, err := p.State(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := migration.Impacts()
	if err != nil {
		return nil, err
	}
	list := &ImpactList{FormatVersion: FormatVersion, Migration: migration.Name(), Impacts: []lifecycle.ImpactRow{}}
	for _, row := range rows {
		if row.Current {
			list.Found++
			if row.Acknowledged {
				list.Acknowledged++
			}
		}
		if row.Current || history {
			list.Impacts = append(list.Impacts, row)
		}
	}
	return list, nil
}

// Hide replaces the people among the items by pseudonyms. A nil masker names them.
func (l *ImpactList) Hide(m *pseudonym.Masker) {
	if m == nil {
		return
	}
	for i := range l.Impacts {
		for j, item := range l.Impacts[i].Items {
			l.Impacts[i].Items[j] = m.Address(item)
		}
	}
}
