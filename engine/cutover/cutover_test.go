package cutover_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/cutover"
	"github.com/rehome-iam/rehome/engine/delivering"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/engine/standing"
	"github.com/rehome-iam/rehome/engine/switchover"
	"github.com/rehome-iam/rehome/engine/undoing"
	"github.com/rehome-iam/rehome/providers/realmfile"
	"github.com/rehome-iam/rehome/providers/sdk"
)

const wiki = "fake.corp/application/a1"

// tenant has an application that a group uses, and one that cannot be moved.
func tenant(t *testing.T) []identity.Item {
	t.Helper()
	return append(projecttest.Groups(t, "Engineering"),
		projecttest.Item(t, identity.KindApplication, "a1", "Wiki", kinds.Application{
			Name: "Wiki", Status: "active", Protocol: "oidc", Access: "assigned", AssignedGroups: 1, ClientID: "wiki",
			ClientType: "confidential", ClientAuthentication: "client_secret_basic", ClaimsKnown: true,
			RedirectURIs: []string{"https://wiki.example/cb"}, GrantTypes: []string{"authorization_code"},
		}),
		projecttest.Item(t, identity.KindApplication, "a2", "Fax", kinds.Application{
			Name: "Fax", Status: "active", Protocol: "other", Mode: "SECURE_PASSWORD_STORE", Access: "assigned",
		}),
		projecttest.Item(t, identity.KindAppAssignment, "x1", "Engineering -> Wiki", kinds.AppAssignment{
			Application: "a1", Principal: "g1", PrincipalKind: "group", Direct: true, Status: "active",
		}))
}

// stage is a place whose clock goes on, and whose sides can tell of connections and sign-ins.
type stage struct {
	*projecttest.Place
	signIns    []observation.SignInActivity // at the incumbent
	unreadable error                        // of the log of the target
	atTarget   []observation.SignInActivity // at the target
	certified  string                       // what the target signs with
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{Place: projecttest.New(t, "acme", tenant(t)...)}
	var ticks atomic.Int64
	s.Now = func() time.Time { return s.At.Add(time.Duration(ticks.Add(1)) * time.Second) }
	s.Write("owners.rehome.hcl", `application "wiki" {
  where     = item.name == "Wiki"
  owner     = "Ana"
  contact   = "ana@acme.example"
  switch_on = "2026-12-01"
}
`)
	s.Local["fake"] = sdk.LocalSource(func() sdk.Source { return incumbent{stage: s} })
	s.Local["realmfile"] = sdk.LocalTarget(func() sdk.Target { return &server{Target: realmfile.New("1.0.0"), stage: s} })
	return s
}

// planned makes a plan of which every impact is accepted.
func (s *stage) planned(t *testing.T) string {
	t.Helper()
	report, err := planning.Plan(t.Context(), s.Open(), planning.Input{}, "")
	if err != nil {
		t.Fatal(err)
	}
	var blocks strings.Builder
	for _, impact := range report.Plan.Impacts {
		fmt.Fprintf(&blocks, "acknowledge %q {\n  reason = \"announced\"\n}\n", impact.ID)
	}
	s.Write("impacts.rehome.hcl", blocks.String())
	if report, err = planning.Plan(t.Context(), s.Open(), planning.Input{}, ""); err != nil || report.Draft() {
		t.Fatalf("%+v %v", report, err)
	}
	return report.Plan.PlanHash
}

func (s *stage) applied(t *testing.T) {
	t.Helper()
	report, err := applying.Apply(t.Context(), s.Open(), applying.Input{
		Hash: s.planned(t), Workers: 2, Back: undoing.Way{}, Secrets: delivering.Destination{Terminal: io.Discard},
	})
	if err != nil || report.Undone() > 0 {
		t.Fatalf("%+v %v", report, err)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var d diag.Diagnostic
	if !errors.As(err, &d) || d.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestSheets_TellBothSidesAndRememberWhatTheyTold(t *testing.T) {
	s := newStage(t)
	_, err := cutover.Sheets(t.Context(), s.Open(), "")
	wantCode(t, err, "application-unknown")
	s.planned(t)
	_, err = cutover.Sheets(t.Context(), s.Open(), "Wiki")
	wantCode(t, err, "sheet-not-in-target")
	_, err = cutover.Sheets(t.Context(), s.Open(), "")
	wantCode(t, err, "sheet-not-in-target")
	s.applied(t)
	report, err := cutover.Sheets(t.Context(), s.Open(), "")
	if err != nil || len(report.Sheets) != 1 || len(report.Missing) != 0 {
		t.Fatalf("%+v %v", report, err)
	}
	sheet := report.Sheets[0]
	if sheet.Owner != "Ana" || sheet.SwitchOn != "2026-12-01" || !strings.HasSuffix(sheet.Target, "realm.json#acme") || sheet.Problem != "" {
		t.Errorf("the sheet says %+v", sheet)
	}
	both := slices.ContainsFunc(sheet.Lines, func(l switchover.SheetLine) bool {
		return l.Old.Text == "https://old.example" && l.New.Text == "https://new.example/wiki"
	})
	if !both {
		t.Errorf("the lines are %+v", sheet.Lines)
	}
	p := s.Open()
	if _, err := cutover.Sheets(t.Context(), p, wiki); err != nil {
		t.Fatal(err)
	}
	records, err := p.Migration().Cutovers()
	if err != nil || len(records) != 1 || records[0].Written == nil || records[0].Written.Digest != sheet.Digest ||
		records[0].Written.At != sheet.WrittenAt {
		t.Errorf("the state remembers %+v %v", records, err)
	}
}

func TestSheets_ATargetThatIsAFileHasNone(t *testing.T) {
	s := newStage(t)
	s.applied(t)
	s.Local["realmfile"] = sdk.LocalTarget(func() sdk.Target { return realmfile.New("1.0.0") })
	_, err := cutover.Sheets(t.Context(), s.Open(), "Wiki")
	wantCode(t, err, "sheet-needs-live-target")
}

func TestRecord_WalksAnApplicationToItsConfirmation(t *testing.T) {
	s := newStage(t)
	s.applied(t)
	p := s.Open()
	_, err := cutover.Record(t.Context(), p, cutover.Delivery{Application: "Wiki", To: "Ana"})
	wantCode(t, err, "sheet-not-written")
	if _, err := cutover.Sheets(t.Context(), p, "Wiki"); err != nil {
		t.Fatal(err)
	}
	withdrawal := cutover.Confirmation{Application: wiki, By: "Ana", Note: "broken", Withdraw: true}
	_, err = cutover.Confirm(t.Context(), p, withdrawal)
	wantCode(t, err, "not-confirmed")
	for _, secret := range []bool{false, true} {
		got, err := cutover.Record(t.Context(), p, cutover.Delivery{Application: "wiki", To: "Ana", Secret: secret})
		if err != nil || got.Application != wiki || got.Name != "Wiki" {
			t.Fatalf("%+v %v", got, err)
		}
	}
	confirmed, err := cutover.Confirm(t.Context(), p, cutover.Confirmation{Application: wiki, By: "Ana", Note: "works"})
	if err != nil || confirmed.Cutover.Stage != switchover.StageConfirmed {
		t.Fatalf("%+v %v", confirmed, err)
	}
	if diff := cmp.Diff([]string{"no sign-in at the target was seen"}, confirmed.Cutover.Missing); diff != "" {
		t.Error(diff)
	}
	back, err := cutover.Confirm(t.Context(), p, withdrawal)
	if err != nil || back.Cutover.Stage != switchover.StageEnabled {
		t.Errorf("%+v %v", back, err)
	}
	_, err = cutover.Record(t.Context(), p, cutover.Delivery{Application: "Fax", To: "Ana"})
	wantCode(t, err, "application-not-moved")
}

func TestConfirm_WhatIsNotThereConfirmsNothing(t *testing.T) {
	s := newStage(t)
	s.planned(t)
	_, err := cutover.Confirm(t.Context(), s.Open(), cutover.Confirmation{Application: "Wiki", By: "Ana"})
	wantCode(t, err, "application-not-open")
}

func TestApplications_WhatCannotBeReadIsAQuestion(t *testing.T) {
	s := newStage(t)
	s.applied(t)
	s.signIns = []observation.SignInActivity{{
		Item: identity.ItemID{Kind: identity.KindApplication, ID: "a1"}, SignIns: 2, PeopleCount: 2,
		Last: "2026-11-22T07:00:00Z", People: []string{"zoe@acme.example", "zed"},
	}}
	s.unreadable = &contract.ProviderError{
		Code: contract.ErrorForbidden, Message: "the log is closed", Permission: "view-events",
	}
	p := s.Open()
	overview, err := cutover.Applications(t.Context(), p, s.At.Add(-time.Hour))
	if err != nil || len(overview.Applications) != 1 || overview.NotMoved != 1 || len(overview.Sides) != 2 {
		t.Fatalf("%+v %v", overview, err)
	}
	one := overview.Applications[0]
	if one.Target != nil || one.Incumbent == nil || one.Incumbent.SignIns != 2 || one.Owner != "Ana" ||
		one.Stage != switchover.StageEnabled {
		t.Errorf("%+v", one)
	}
	target := overview.Sides[0]
	if target.Readable || !strings.Contains(target.Reason, "the log is closed") ||
		!strings.Contains(target.Reason, "view-events") {
		t.Errorf("%+v", target)
	}
	if overview.Since != "2026-11-22T07:00:00Z" {
		t.Error(overview.Since)
	}
	records, err := p.Migration().Cutovers()
	if err != nil || len(records) != 1 || records[0].Incumbent.SignIns != 2 || records[0].Target.Problem == "" {
		t.Errorf("%+v %v", records, err)
	}
	if diff := cmp.Diff([]string{"zoe@acme.example", "zed"}, one.Incumbent.Names); diff != "" {
		t.Errorf("nobody is hidden yet: %s", diff)
	}
	overview.HideUsers(pseudonym.New(make([]byte, pseudonym.KeySize), nil))
	for _, name := range one.Incumbent.Names {
		if strings.HasPrefix(name, "z") {
			t.Errorf("%s is named", name)
		}
	}
}

func TestApplications_TellsOfANewKeyAfterASheetWasDelivered(t *testing.T) {
	s := newStage(t)
	s.applied(t)
	s.certified = "first key"
	p := s.Open()
	if _, err := cutover.Sheets(t.Context(), p, "Wiki"); err != nil {
		t.Fatal(err)
	}
	if _, err := cutover.Record(t.Context(), p, cutover.Delivery{Application: "Wiki", To: "Ana"}); err != nil {
		t.Fatal(err)
	}
	tells := func() bool {
		t.Helper()
		overview, err := cutover.Applications(t.Context(), p, s.At.Add(-time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(overview.Applications[0].Questions, func(text string) bool {
			return strings.Contains(text, "than the sheet that was delivered")
		})
	}
	if tells() {
		t.Error("nothing has changed, and the sheet counts as outdated")
	}
	s.certified = "another key"
	if !tells() {
		t.Error("nobody tells of the new key")
	}
}

func TestApplications_OneIsNotSwitchedByWhoOnlyTriesIt(t *testing.T) {
	s := newStage(t)
	s.Write("verify.rehome.hcl", `verify {
  members    = { "Wiki" = "ana@acme.example" }
  stranger   = "probe@acme.example"
  strangers  = { "Wiki" = "other@acme.example" }
}
`)
	s.applied(t)
	stage := func(people ...string) (switchover.Stage, []string) {
		t.Helper()
		s.atTarget = []observation.SignInActivity{{Resource: identity.ResourceID{Type: "client", Key: "wiki"}, Failures: 3,
			SignIns: len(people), PeopleCount: len(people), People: people, Last: "2026-11-23T07:00:00Z"}}
		overview, err := cutover.Applications(t.Context(), s.Open(), s.At.Add(-time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return overview.Applications[0].Stage, overview.Applications[0].Questions
	}
	got, questions := stage("Ana@acme.example", "probe@acme.example", "other@acme.example")
	if got != switchover.StageEnabled || !slices.ContainsFunc(questions, func(text string) bool {
		return strings.Contains(text, "3 tries to sign in at the target failed")
	}) {
		t.Errorf("tried by its testers, it is %s: %v", got, questions)
	}
	if got, _ := stage("probe@acme.example", "zoe@acme.example"); got != switchover.StageSwitched {
		t.Errorf("used by Zoe, it is %s", got)
	}
}

func TestMoved_IsWhatTheStateKnows(t *testing.T) {
	s := newStage(t)
	s.applied(t)
	p := s.Open()
	kept, _, err := planning.Show(t.Context(), p, "")
	if err != nil {
		t.Fatal(err)
	}
	s.Local["realmfile"], s.Local["fake"] = nil, nil // no plugin is started
	applications, err := cutover.Moved(t.Context(), p, kept)
	if err != nil || len(applications) != 1 {
		t.Fatalf("%+v %v", applications, err)
	}
	if a := applications[0]; a.Address != wiki || a.State != switchover.StageEnabled ||
		a.Owner != "Ana" || a.Date != "2026-12-01" {
		t.Errorf("%+v", a)
	}
}

func TestStatus_FollowsTheMove(t *testing.T) {
	s := newStage(t)
	next := func() *standing.Report {
		t.Helper()
		now, err := standing.Of(t.Context(), s.Open(), undoing.CostOf, true)
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	if now := next(); now.Next != "rehome collect" || now.Sources[0].LastInventory != nil ||
		now.Plan != nil || now.LastRun != nil {
		t.Errorf("at first it says %+v", now)
	}
	hash := s.planned(t)
	if now := next(); now.Next != "rehome apply -plan-hash="+hash || now.PlanHash != hash || now.Sources[0].Items != 4 ||
		now.Acknowledged != now.UnavoidableChangeCount || now.Classes["native_import"] != 2 {
		t.Errorf("planned, it says %+v", now)
	}
	s.applied(t)
	now := next()
	if now.LastRun == nil || now.LastRun.PlanHash != hash || now.Next != "rehome verify" {
		t.Errorf("applied, it says %+v", now)
	}
	if c := now.RollbackCost; c == nil || c.Deletes == 0 || c.Checked == nil || c.Checked.Deletes > c.Deletes {
		t.Errorf("going back costs %+v", c)
	}
	if want := len(now.FollowUps); now.OpenFollowUps != want || want == 0 {
		t.Errorf("%d follow-ups of %d are open", now.OpenFollowUps, want)
	}
}

// incumbent has the items of its stage, and tells how its application is connected and used.
type incumbent struct{ stage *stage }

// Schema implements sdk.Source.
func (incumbent) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{
		Name: "fake", Version: "1.0.0", Doc: "Has what a test gives it.", Kinds: identity.Kinds(),
	}
}

// Configure implements sdk.Source.
func (incumbent) Configure(context.Context, map[string]any) diag.List { return nil }

// Identify implements sdk.Source.
func (incumbent) Identify(context.Context) (contract.SourceIdentity, error) {
	return contract.SourceIdentity{Tenant: "corp"}, nil
}

// Collect implements sdk.Source.
func (i incumbent) Collect(ctx context.Context, sink sdk.Sink) error {
	return sink.Items(ctx, slices.Clone(i.stage.Items)...)
}

// Secret implements sdk.Source.
func (incumbent) Secret(context.Context, identity.ItemID, string) (string, error) { return "", nil }

// Connection implements sdk.SourceConnector.
func (incumbent) Connection(context.Context, identity.Item) ([]observation.ConnectionFact, error) {
	return []observation.ConnectionFact{{Name: observation.ConnectionIssuer, Value: "https://old.example"}}, nil
}

// SignIns implements sdk.SignInReader.
func (i incumbent) SignIns(_ context.Context, since string) (observation.SignInReport, error) {
	return observation.SignInReport{Covers: since, Applications: i.stage.signIns, Requests: 1}, nil
}

// server is a realm file that answers as a server does.
type server struct {
	*realmfile.Target
	stage *stage
}

// Connection implements sdk.TargetConnector.
func (s *server) Connection(ctx context.Context, resource identity.Resource) ([]observation.ConnectionFact, error) {
	exists := false
	_, err := s.Read(ctx, func(r identity.Resource) error {
		exists = exists || r.ID() == resource.ID()
		return nil
	})
	if err == nil && !exists {
		err = &contract.ProviderError{Code: contract.ErrorNotFound, Message: "there is no " + resource.ID().String()}
	}
	return []observation.ConnectionFact{{Name: observation.ConnectionIssuer,
		Value: "https://new.example/" + resource.Key}, {Name: observation.ConnectionCertificate,
		Value: s.stage.certified}}, err
}

// SignIns implements sdk.SignInReader.
func (s *server) SignIns(_ context.Context, since string) (observation.SignInReport, error) {
	return observation.SignInReport{Covers: since, Applications: s.stage.atTarget}, s.stage.unreadable
}
