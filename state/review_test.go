package state_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/state"
)

func reviewStore(t *testing.T) opened {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "state.db"), newIdentity(t))
}

// countEvents is how often each of the two events is in the audit chain.
func countEvents(t *testing.T, s opened) (acknowledged, resolved int) {
	t.Helper()
	chain, err := s.Audit()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range chain {
		switch record.Event.Name {
		case audit.ImpactsAcknowledged:
			acknowledged++
		case audit.DecisionResolved:
			resolved++
		}
	}
	return acknowledged, resolved
}

func TestPutReview_KeepsWhoAcknowledgedAndRecordsItOnce(t *testing.T) {
	s := reviewStore(t)
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	impact := fidelity.Impact{ID: "ocm-1", Code: "secret_changes", Severity: fidelity.SeverityHigh,
		Audience: fidelity.AudienceAppOwners, Tell: "enter it", Count: 2}
	put := func(hours int, actor string, impacts ...fidelity.Impact) lifecycle.ImpactRow {
		t.Helper()
		r := state.Review{Assessments: map[string]string{"okta.corp": "a-1"}, Impacts: impacts}
		if err := s.PutReview(r, state.Event{At: at.Add(time.Duration(hours) * time.Hour), Actor: actor,
			Tenant: "acme"}); err != nil {
			t.Fatal(err)
		}
		rows, err := s.Impacts()
		if err != nil || len(rows) != 1 {
			t.Fatalf("%+v %v", rows, err)
		}
		return rows[0]
	}
	if row := put(0, "ana", impact); row.Acknowledgement != nil || !row.Current || row.Tell != "enter it" {
		t.Errorf("%+v", row)
	}
	impact.Acknowledged, impact.Reason, impact.Reference = true, "announced", "CHG-1"
	put(1, "ana", impact)
	if err := s.PutReview(state.Review{Partial: true}, state.Event{At: at}); err != nil {
		t.Fatal(err)
	}
	if rows, err := s.Impacts(); err != nil || !rows[0].Current || rows[0].Count != 2 {
		t.Errorf("a plan for a part forgot the rest: %+v %v", rows, err)
	}
	row := put(2, "ben", impact)
	if a := row.Acknowledgement; a == nil || a.By != "ana" || !a.At.Equal(at.Add(time.Hour)) || a.Reason != "announced" ||
		a.Reference != "CHG-1" || !row.FirstSeen.Equal(at) || !row.LastSeen.Equal(at.Add(2*time.Hour)) {
		t.Errorf("%+v", row)
	}
	if n, _ := countEvents(t, s); n != 1 {
		t.Errorf("%d events for one acknowledgement", n)
	}
	impact.Reason = "announced again"
	if a := put(3, "ben", impact).Acknowledgement; a.By != "ben" {
		t.Errorf("%+v", a)
	}
	if n, _ := countEvents(t, s); n != 2 {
		t.Errorf("%d events for two acknowledgements", n)
	}
	if row := put(4, "ben"); row.Current || row.Acknowledgement == nil {
		t.Errorf("an impact that is gone lost its record: %+v", row)
	}
	impact.Acknowledged, impact.Reason = false, ""
	if row := put(5, "ben", impact); row.Acknowledgement != nil || !row.Current {
		t.Errorf("%+v", row)
	}
}

func TestPutReview_KeepsMatchedResourcesAndEachDecisionOnce(t *testing.T) {
	s := reviewStore(t)
	eng := identity.ResourceID{Type: "group", Key: "/eng"}
	overlap := merge.Overlap{
		Item: merge.ItemName{Source: "okta.corp", Kind: identity.KindGroup, ID: "g1", Name: "eng"}, Wanted: eng,
		Status:  merge.OverlapPending,
		Matches: []merge.Candidate{{Resource: eng, Score: 100, Reasons: []string{"same key"}}},
	}
	put := func(assessment string, overlaps ...merge.Overlap) {
		t.Helper()
		r := state.Review{Assessments: map[string]string{"okta.corp": assessment}, Overlaps: overlaps}
		if err := s.PutReview(r, state.Event{At: time.Now(), Actor: "ana"}); err != nil {
			t.Fatal(err)
		}
	}
	put("a-1", overlap)
	if rows, err := s.Decisions(); err != nil || len(rows) != 0 {
		t.Errorf("a pending overlap is no decision: %+v %v", rows, err)
	}
	overlap.Status, overlap.Decision, overlap.Resource, overlap.DecidedBy = merge.OverlapDecided, "map_to_existing", &eng,
		&merge.Place{File: "m.hcl", Line: 3}
	put("a-2", overlap)
	put("a-2", overlap)
	if _, n := countEvents(t, s); n != 1 {
		t.Errorf("%d events for one decision", n)
	}
	overlap.Decision = "skip"
	put("a-2", overlap)
	put("a-2")
	rows, err := s.Decisions()
	if _, n := countEvents(t, s); n != 2 || err != nil || len(rows) != 1 || rows[0].Current || rows[0].By != "ana" ||
		rows[0].Decision != "skip" {
		t.Errorf("%d events, %+v %v", n, rows, err)
	}
	first, err := s.MatchedResources("a-1")
	if err != nil || len(first) != 1 || first[0].Status != merge.OverlapPending || first[0].Matches[0].Score != 100 {
		t.Errorf("%+v %v", first, err)
	}
	if none, err := s.MatchedResources("a-2"); err != nil || len(none) != 0 {
		t.Errorf("%+v %v", none, err)
	}
	if _, err := s.MatchedResources("a-3"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("%v", err)
	}
}
