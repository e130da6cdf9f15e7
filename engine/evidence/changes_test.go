package evidence_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/changes"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
)

// provenBundle is one whose run is proven by the target's record.
func provenBundle(t *testing.T) []byte {
	t.Helper()
	p := samplePlan()
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	run := map[string]any{"id": "r-1", "plan_hash": p.PlanHash, "status": "completed", "started_at": start,
		"completed_at": start.Add(time.Minute)}
	var lines []changes.Line
	for _, step := range p.Steps {
		lines = append(lines, changes.Line{StepID: step.ID, Resource: step.Resource, Outcome: "applied",
			At: start.Add(time.Second)})
	}
	type row struct {
		Order int `json:"order"`
		changes.Line
	}
	var rows []row
	var reported []audit.Event
	for i, line := range lines {
		rows = append(rows, row{i + 1, line})
		reported = append(reported, audit.Event{Name: audit.StepApplied, Target: line.StepID})
	}
	run["steps"] = rows
	record := observation.ChangeReport{Covers: start.Format(time.RFC3339), Requests: 3, Events: []observation.ChangeEvent{
		{ID: "e-1", At: start.Add(time.Second).Format(time.RFC3339), Operation: "create", Path: "clients/1", ByUs: true,
			About: []identity.ResourceID{{Type: "client", Key: "crm"}}},
		{ID: "e-2", At: start.Add(time.Second).Format(time.RFC3339), Operation: "create", Path: "users/1", ByUs: true,
			About: []identity.ResourceID{{Type: "user"}}},
		{ID: "e-3", At: start.Add(2 * time.Second).Format(time.RFC3339), Operation: "update", Path: "groups/1",
			By: "somebody"},
	}}
	digest, err := changes.Digest(record)
	if err != nil {
		t.Fatal(err)
	}
	verdict, err := changes.Check(p, changes.Run{ID: "r-1", StartedAt: start, CompletedAt: start.Add(time.Minute),
		Steps: lines}, record)
	if err != nil {
		t.Fatal(err)
	}
	chain, head := chainOf(t, p.PlanHash, "completed", func(audit.Event) bool { return false }, append(reported,
		audit.Event{Name: evidence.EventVerified, Target: "v-1", Facts: map[string]string{evidence.FactDigest: digest}})...)
	hashes, err := evidence.Steps(p, p)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = evidence.Write(&out, evidence.Manifest{Migration: "acme", PlanHash: p.PlanHash, Run: "r-1",
		AuditHead: head, People: "named"}, map[string]any{
		evidence.FilePlan: p, evidence.FileHashes: hashes, evidence.FileRun: run,
		evidence.FileAudit:   chain,
		evidence.FileChanges: evidence.Changes{Verification: "v-1", Digest: digest, Record: record, Verdict: verdict},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestBundle_TheTargetsRecordIsCheckedOffline(t *testing.T) {
	whole := provenBundle(t)
	found := check(t, whole, nil)
	if len(found.Problems) > 0 || found.Changes == nil || !found.Changes.Proven() || found.Changes.Recorded != 2 ||
		len(found.Changes.Loosely) != 1 || len(found.Changes.Others) != 1 {
		t.Fatalf("%+v, record %+v", found, found.Changes)
	}
	replace := func(old, with string) func([]byte) []byte {
		return func(content []byte) []byte { return []byte(strings.Replace(string(content), old, with, 1)) }
	}
	for name, c := range map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"an event changed":         {replace(`"clients/1"`, `"clients/9"`), "does not have the digest"},
		"a write by others hidden": {replace(`"by": "somebody"`, `"by": "nobody"`), "does not have the digest"},
		"a verdict made better": {replace(`"others": [`, `"others": [],"x": [`),
			"not what plan, run and record give"},
		"a verification that nobody audited": {replace(`"v-1"`, `"v-2"`), "does not tell of verification"},
		"another record with its own digest": {replace(`"digest": "sha256:`, `"digest": "sha256:0`),
			"does not have the digest"},
		"no JSON": {func([]byte) []byte { return []byte("{") }, "does not read"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := check(t, rewrite(t, whole, map[string]func([]byte) []byte{evidence.FileChanges: c.change}), nil)
			reported := ""
			for _, p := range broken.Problems {
				reported += p.File + " " + p.Detail + "\n"
			}
			if !strings.Contains(reported, c.want) || !strings.Contains(reported, evidence.FileChanges) {
				t.Errorf("told %q", reported)
			}
		})
	}
}
