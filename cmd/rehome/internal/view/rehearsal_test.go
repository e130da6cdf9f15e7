package view_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
)

func TestRehearsal_WhatWentWrongComesFirst(t *testing.T) {
	report := &history.Rehearsal{
		Target: history.RehearsalTarget{Address: "keycloak.scratch", Summary: "Keycloak, realm x"},
		Parts: []history.RehearsalPart{
			{Name: history.PartApply, Steps: 1, Requests: 3, Millis: 1200,
				Failures: []history.RehearsalFailure{{What: "client:a", Reason: "400 illegal\x1b[31m"}}},
			{Name: history.PartVerify, Steps: 2, Skipped: 1},
		},
		Differences: make([]history.RehearsalDifference, 12),
		Unsaid:      "no step was carried out",
	}
	for i := range report.Differences {
		report.Differences[i] = history.RehearsalDifference{
			Resource: identity.ResourceID{Type: "group", Key: "/left"}, Summary: "the rehearsal left it",
		}
	}
	var out bytes.Buffer
	if err := view.Rehearsal(&out, report, false, view.Readers{}); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{"! Apply: client:a   400 illegal", "! … and 2 more (-v)", "12 differences from before",
		"no estimate: no step was carried out", "The rehearsal did not pass."} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") || strings.Index(text, "! Apply") > strings.Index(text, "Verify") ||
		strings.Contains(text, "Next:") {
		t.Errorf("the report is out of order:\n%s", text)
	}
}
