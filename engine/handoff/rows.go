package handoff

import (
	"fmt"
	"sort"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Row is one step that rehome does not do. It stays in every report: a person who closed it adds a word, the row does
// not go.
type Row struct {
	ID          string           `json:"id"` // of the step
	Title       string           `json:"title"`
	Disposition plan.Disposition `json:"disposition"` // manual_follow_up or blocked
	Items       []merge.ItemName `json:"items"`
	Count       int              `json:"count"` // items that the row stands for
	Reason      string           `json:"reason"`
	ToDo        string           `json:"to_do,omitempty"`
	FollowUp    string           `json:"follow_up,omitempty"` // its id in rehome run follow-up
	Closed      *Closing         `json:"closed"`              // null while open
}

// FollowUp is what is kept about a step that people must do, over all runs of a migration.
type FollowUp struct {
	ID      string
	StepID  string
	Title   string
	Reason  string
	ToDo    string
	LastRun string // the newest run whose plan lists it
	Closed  *Closing
}

// Closing is a person's word that a row is done.
type Closing struct {
	At   string `json:"at"` // RFC 3339
	By   string `json:"by"`
	Note string `json:"note"`
}

// Rows lists every manual and blocked step of the plan, manual first, in the order of the plan, and then the follow-ups
// of earlier plans that this plan does not have.
func Rows(p *plan.Plan, followUps []FollowUp) []Row {
	kept := map[string]FollowUp{}
	for _, f := range followUps {
		kept[f.StepID] = f
	}
	rows := []Row{}
	for _, step := range p.Steps {
		if step.Disposition != plan.DispositionManual && step.Disposition != plan.DispositionBlocked {
			continue
		}
		row := Row{ID: step.ID, Title: title(step), Disposition: step.Disposition, Items: step.Items, Count: len(step.Items),
			Reason: step.Reason, ToDo: step.ToDo}
		if step.Crowd != nil {
			row.Count = step.Crowd.Count
		}
		if f, found := kept[step.ID]; found {
			row.FollowUp, row.Closed = f.ID, f.Closed
			delete(kept, step.ID)
		}
		rows = append(rows, row)
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].Disposition > rows[j].Disposition })
	for _, f := range followUps {
		if _, left := kept[f.StepID]; left {
			rows = append(rows, Row{ID: f.StepID, Title: f.Title, Disposition: plan.DispositionManual, Items: []merge.ItemName{},
				Reason: f.Reason + " (of run " + f.LastRun + ", not in this plan)",
				ToDo:   f.ToDo, FollowUp: f.ID, Closed: f.Closed})
		}
	}
	return rows
}

func title(step plan.Step) string {
	if len(step.Items) == 0 {
		return step.ID
	}
	first := step.Items[0]
	if step.Crowd != nil {
		return fmt.Sprintf("%d of kind %s in %s", step.Crowd.Count, first.Kind, first.Source)
	}
	return fmt.Sprintf("%s %q", first.Kind, first.Name)
}

// Moved lists the applications that the plan moves, by name: those with a resource that is created, changed, mapped or
// already right.
func Moved(p *plan.Plan) []Application {
	seen := map[string]bool{}
	applications := []Application{}
	for _, step := range p.Steps {
		if step.Resource.Type == "" || (step.Disposition != plan.DispositionPlanned &&
			step.Disposition != plan.DispositionUnchanged) {
			continue
		}
		for _, item := range step.Items {
			address := identity.Address{Source: item.Source, Kind: item.Kind, ID: item.ID}.String()
			if item.Kind != identity.KindApplication || seen[address] {
				continue
			}
			seen[address] = true
			applications = append(applications, Application{Address: address, Name: item.Name})
		}
	}
	sort.SliceStable(applications, func(i, j int) bool { return applications[i].Name < applications[j].Name })
	return applications
}
