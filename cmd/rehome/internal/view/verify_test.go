package view_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/verify"
)

func shownVerification(t *testing.T, in *verify.Incumbent, o view.VerificationOptions) string {
	t.Helper()
	var b strings.Builder
	if err := view.Verification(&b, verify.Report{Incumbent: in}, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestVerification_SaysWhatOfTheSourcesIsNotInTheTargetAndHowManyHangOnIt(t *testing.T) {
	in := &verify.Incumbent{
		Snapshots:   []verify.SourceSnapshot{{Source: "okta.corp", CompletedAt: time.Date(2026, 11, 28, 5, 30, 0, 0, time.UTC)}},
		Assignments: 1234, Held: 1220,
		Applications: []verify.Lacking{
			{Name: "Wi\x1bki", Moved: true, People: 1, Others: 2, Groups: []verify.LackingGroup{{Name: "Field\n", Members: 5}}},
			{Name: "News", Everyone: true},
		},
	}
	got := shownVerification(t, in, view.VerificationOptions{})
	for _, want := range []string{
		"Sources   1,220 of 1,234 assignments are in the target (okta.corp as of 28 Nov 2026 05:30 UTC)\n",
		"lacks 1 person assigned directly, group \"Field \" with 5 members, 2 other assignments\n",
		"News   lacks everybody of the source; the application is not in the target\n",
		"  rehome plan says why, and what can be done\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "\x1b") {
		t.Errorf("it writes what a terminal obeys:\n%q", got)
	}
	if quiet := shownVerification(t, in, view.VerificationOptions{Automation: true}); strings.Contains(quiet, "rehome plan") {
		t.Errorf("a script is told to type commands:\n%s", quiet)
	}
}

func TestVerification_NamesTheFirstApplicationsThatLackAndAllOnDemand(t *testing.T) {
	in := &verify.Incumbent{Snapshots: []verify.SourceSnapshot{{Source: "okta.corp"}}}
	for range 12 {
		in.Applications = append(in.Applications, verify.Lacking{
			Application: identity.Address{Source: "okta.corp"}, Name: "App", Moved: true, People: 1})
	}
	for verbose, want := range map[bool]int{false: 10, true: 12} {
		got := shownVerification(t, in, view.VerificationOptions{Verbose: verbose})
		if n := strings.Count(got, "App   lacks"); n != want {
			t.Errorf("verbose %v: %d lines\n%s", verbose, n, got)
		}
		if cut := strings.Contains(got, "… and 2 applications; -v lists them"); cut == verbose {
			t.Errorf("verbose %v: the cut is told: %v", verbose, cut)
		}
	}
}

func TestVerification_WithoutASnapshotSaysThatNothingWasCompared(t *testing.T) {
	got := shownVerification(t, &verify.Incumbent{}, view.VerificationOptions{})
	if !strings.Contains(got, "Sources   not compared: there is no snapshot\n") {
		t.Error(got)
	}
	if got := shownVerification(t, nil, view.VerificationOptions{}); strings.Contains(got, "Sources") {
		t.Errorf("a comparison that nobody asked for is told:\n%s", got)
	}
}
