package plan

import (
	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/history"
)

// Record is what is remembered of the plan: what it is bound to and how its gate stands.
func (p *Plan) Record() history.PlanRecord {
	record := history.PlanRecord{
		Hash: p.PlanHash, Migration: p.Migration.Name, Status: p.Status,
		Handoff: p.Handoff.Status, Inputs: []history.PlanSnapshot{}, Classifier: assess.ClassifierVersion,
	}
	if p.Part != nil {
		record.Wave = p.Part.Wave
	}
	for _, blocker := range p.Handoff.Blockers {
		record.Blockers = append(record.Blockers, blocker.Code)
	}
	for _, snapshot := range p.Snapshots {
		record.Snapshots = append(record.Snapshots, snapshot.ID)
		record.Inputs = append(record.Inputs, history.PlanSnapshot{
			Source: snapshot.Source, Snapshot: snapshot.ID, Assessment: snapshot.Assessment,
		})
	}
	return record.Dated(p.CreatedAt, p.ExpiresAt)
}
