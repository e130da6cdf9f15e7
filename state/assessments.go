package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sort"
	"time"
)

// Statuses of an assessment.
const (
	assessmentAssessing = "assessing"
	AssessmentCompleted = "completed"
	AssessmentFailed    = "failed"
)

// Assessment is one classification of one snapshot.
type Assessment struct {
	ID            string         `json:"id"`
	Snapshot      string         `json:"snapshot"`
	Source        string         `json:"source"`
	Status        string         `json:"status"`
	Classifier    string         `json:"classifier"`
	Target        string         `json:"target"`                  // keycloak.portal
	Provider      string         `json:"provider,omitempty"`      // version of the target's plugin, which translates
	Configuration string         `json:"configuration,omitempty"` // digest of the map blocks that were in force
	StartedAt     time.Time      `json:"started_at"`
	CompletedAt   time.Time      `json:"completed_at,omitzero"`
	Classes       map[string]int `json:"classes"`
	Reason        string         `json:"reason,omitempty"` // why it failed
}

// Total is the number of items that were classified.
func (a Assessment) Total() int {
	total := 0
	for _, n := range a.Classes {
		total += n
	}
	return total
}

// BeginAssessment records an assessment as assessing. It fails with *BusyError while another one of the snapshot is,
// and when the snapshot is not completed.
func (m *Migration) BeginAssessment(assessment Assessment) error {
	assessment.Status = assessmentAssessing
	err := m.store.backend.Update(func(tx Tx) error {
		if err := m.mayUse(tx, assessment.Source); err != nil {
			return err
		}
		var snapshot Snapshot
		if err := m.read(tx, bucketRecords, "snapshot/"+assessment.Snapshot, &snapshot); err != nil {
			return err
		}
		if snapshot.Status != SnapshotCompleted {
			return fmt.Errorf("snapshot %s is %s; only a completed one is assessed", snapshot.ID, snapshot.Status)
		}
		others, err := recordsIn[Assessment](m.space, tx, bucketRecords, "assessment/")
		if err != nil {
			return err
		}
		for _, other := range others {
			if other.Snapshot == assessment.Snapshot && other.Status == assessmentAssessing {
				return &BusyError{What: "assessment of snapshot " + other.Snapshot, ID: other.ID, Since: other.StartedAt}
			}
		}
		return m.put(tx, bucketRecords, "assessment/"+assessment.ID, assessment)
	})
	if err != nil {
		return fmt.Errorf("recording assessment %s: %w", assessment.ID, err)
	}
	return nil
}

// PutAssessment records how an assessment ended, with its audit record.
func (m *Migration) PutAssessment(assessment Assessment, event Event) error {
	key := "assessment/" + assessment.ID
	return m.putGuarded(key, assessment, event, func(tx Tx) error {
		var kept Assessment
		err := m.read(tx, bucketRecords, key, &kept)
		if err == nil && kept.Status == AssessmentFailed && kept.Reason == abandonedReason {
			return fmt.Errorf("assessment %s is %s already: %w", kept.ID, kept.Status, ErrTakenOver)
		}
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
}

// Assessments lists all assessments, newest first.
func (m *Migration) Assessments() ([]Assessment, error) {
	all, err := records[Assessment](m.space, "assessment/")
	if err != nil {
		return nil, err
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].StartedAt.After(all[j].StartedAt) })
	return all, nil
}

// Assessment reads one by id, or ErrNotFound.
func (m *Migration) Assessment(id string) (Assessment, error) {
	var assessment Assessment
	return assessment, m.get(bucketRecords, "assessment/"+id, &assessment)
}

// PutResults stores one chunk of the results of an assessment; chunk counts from 0.
func (m *Migration) PutResults(assessment string, chunk int, results any) error {
	key := fmt.Sprintf("%s/%08d", assessment, chunk)
	if err := m.store.backend.Update(func(tx Tx) error { return m.put(tx, bucketResults, key, results) }); err != nil {
		return fmt.Errorf("writing results of assessment %s: %w", assessment, err)
	}
	return nil
}

// Results streams the chunks of the results of an assessment, each a JSON array. The results have the order of the
// items: kinds as identity.Kinds lists them, each sorted by id.
func (m *Migration) Results(assessment string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		keys, err := m.keys(bucketResults, assessment+"/")
		if err != nil {
			yield(nil, err)
			return
		}
		for _, key := range keys {
			var chunk json.RawMessage
			err := m.get(bucketResults, key, &chunk)
			if !yield(chunk, err) || err != nil {
				return
			}
		}
	}
}
