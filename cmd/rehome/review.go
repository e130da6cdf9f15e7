package main

import (
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/state"
)

// recordReview keeps what a plan says about impacts and overlaps, so that both are read back without planning again.
func recordReview(s *session, p *plan.Plan) error {
	review := state.Review{Partial: p.Part != nil, Assessments: map[string]string{}, Impacts: p.Impacts, Overlaps: p.Overlaps}
	for _, snapshot := range p.Snapshots {
		review.Assessments[snapshot.Source] = snapshot.Assessment
	}
	return s.store.PutReview(review, s.event("", "", nil))
}
