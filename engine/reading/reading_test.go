package reading

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/inventory"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/providers/realmfile"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/state"
)

// directory is an incumbent in this process: groups by id, and people by id.
type directory struct {
	tenant         string
	groups, people map[string]string
	broken         error // what a read ends with, after the first page
}

func (*directory) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{Name: "directory", Version: "1.0.0", Doc: "A directory.",
		Kinds:  []identity.Kind{identity.KindGroup, identity.KindUser},
		Unread: []identity.Unread{{Name: "hooks", Question: "Does anything listen?"}}}
}

func (*directory) Configure(context.Context, map[string]any) diag.List { return nil }

func (d *directory) Identify(context.Context) (contract.SourceIdentity, error) {
	return contract.SourceIdentity{Tenant: d.tenant}, nil
}

func (d *directory) Collect(ctx context.Context, sink sdk.Sink) error {
	body := []byte(`{"groups":[]}`)
	digest := sha256.Sum256(body)
	page, err := sink.Page(ctx, identity.PageEvidence{Method: "GET", Path: "/groups/0123456789abcdef/all", Status: 200,
		ItemCount: len(d.groups), Bytes: len(body), SHA256: hex.EncodeToString(digest[:]), Body: body})
	if err != nil {
		return err
	}
	for id, name := range d.groups {
		err := d.send(ctx, sink, page, identity.KindGroup, id, name, kinds.Group{Name: name, Type: "local", Origin: "local"})
		if err != nil {
			return err
		}
	}
	for id, name := range d.people {
		err := d.send(ctx, sink, page, identity.KindUser, id, name, kinds.User{Username: name, Status: "active"})
		if err != nil {
			return err
		}
	}
	return d.broken
}

func (*directory) send(ctx context.Context, sink sdk.Sink, page int, kind identity.Kind, id, name string,
	fields any) error {
	item, err := identity.NewItem(kind, id, name, fields)
	if err != nil {
		return err
	}
	item.Page = page
	return sink.Items(ctx, item)
}

func (*directory) Secret(context.Context, identity.ItemID, string) (string, error) {
	return "", errors.New("there is none")
}

// opened is a project of a tenant whose incumbent is the directory and whose target is a realm file. The clock goes on
// by a minute at each look, so that ids and orders are as in life.
func opened(t *testing.T, tenant string, of *directory) *project.Project {
	t.Helper()
	dir := t.TempDir()
	configuration := fmt.Sprintf(`migration %q {
  tenant = %q
  mode   = "first_run_adoption"
}
source "directory" "corp" {}
target "realmfile" "portal" {
  path  = %q
  realm = %q
}
`, tenant, tenant, filepath.Join(dir, "realm.json"), tenant)
	if err := os.WriteFile(filepath.Join(dir, "main.rehome.hcl"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := state.MakeIdentity(filepath.Join(dir, ".rehome", "identity.txt")); err != nil {
		t.Fatal(err)
	}
	var clock sync.Mutex
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	p := project.New(project.Settings{
		Folder: dir, Command: "rehome test", Environ: []string{"PATH=" + os.Getenv("PATH")},
		Host: "host", Account: "operator", PID: os.Getpid(),
		Now: func() time.Time {
			clock.Lock()
			defer clock.Unlock()
			now = now.Add(time.Minute)
			return now
		},
		Backend: projecttest.Backend,
		Local: map[string]func(context.Context) (net.Conn, error){
			"directory": sdk.LocalSource(func() sdk.Source { return of }),
			"realmfile": sdk.LocalTarget(func() sdk.Target { return realmfile.New("1.0.0") }),
		},
	})
	t.Cleanup(p.Close)
	return p
}

func collect(t *testing.T, p *project.Project) state.Snapshot {
	t.Helper()
	var made []state.Snapshot
	err := CollectNamed(t.Context(), p, nil, func(s state.Snapshot) { made = append(made, s) })
	if err != nil || len(made) != 1 {
		t.Fatalf("%d snapshots, %v", len(made), err)
	}
	return made[0]
}

func code(err error) string {
	var d diag.Diagnostic
	if errors.As(err, &d) {
		return d.Code
	}
	return fmt.Sprint(err)
}

func TestCollect_KeepsWhatTheIncumbentHas(t *testing.T) {
	p := opened(t, "acme", &directory{tenant: "acme.example", groups: map[string]string{"g1": "Sales", "g2": "Staff"}})
	made := collect(t, p)
	kept, err := FindSnapshot(t.Context(), p, Latest, "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, kept); diff != "" {
		t.Errorf("what is kept differs from what was told:\n%s", diff)
	}
	if kept.Status != state.SnapshotCompleted || kept.Tenant != "acme.example" || kept.Items[identity.KindGroup] != 2 {
		t.Errorf("%+v", kept)
	}
	detail, err := Detail(t.Context(), p, kept)
	want := []PageGroup{{Path: "GET /groups/*/all", Pages: 1, Items: 2, Bytes: 13, Status: []int{200}}}
	if diff := cmp.Diff(want, detail.Pages); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	item, page, err := Item(t.Context(), p, kept, "group/g2")
	if err != nil || item.Name != "Staff" || page == nil || page.Path != "/groups/0123456789abcdef/all" {
		t.Errorf("%+v %+v %v", item, page, err)
	}
	if _, _, err := Item(t.Context(), p, kept, "group/g9"); code(err) != "history-unknown" {
		t.Errorf("an item that is not there: %v", err)
	}
}

func TestCollect_KeepsAFailureWithItsReason(t *testing.T) {
	of := &directory{tenant: "acme.example", groups: map[string]string{"g1": "Sales"},
		broken: errors.New("the line is cut")}
	p := opened(t, "acme", of)
	err := CollectNamed(t.Context(), p, nil, func(s state.Snapshot) { t.Errorf("told as complete: %+v", s) })
	if err == nil || !strings.Contains(err.Error(), "the line is cut") ||
		!strings.Contains(err.Error(), "directory.corp") {
		t.Errorf("got %v", err)
	}
	all, err := Snapshots(t.Context(), p, "directory.corp")
	if err != nil || len(all) != 1 || all[0].Status != state.SnapshotFailed ||
		!strings.Contains(all[0].Reason, "the line is cut") {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := FindSnapshot(t.Context(), p, Latest, ""); code(err) != "history-unknown" {
		t.Errorf("a failed read is taken for the latest: %v", err)
	}
}

// What was read of one organisation must not be compared with what was made of another, unless the block says so.
func TestCollect_RefusesASourceThatAnswersAsAnotherOrganisation(t *testing.T) {
	of := &directory{tenant: "old.example", groups: map[string]string{"g1": "Sales"}}
	p := opened(t, "acme", of)
	before := collect(t, p)
	of.tenant = "new.example"
	for _, said := range []string{"", "other.example", "new.example"} {
		p.Config().SourceBlocks()[0].MovedFrom = said
		err := CollectNamed(t.Context(), p, nil, func(state.Snapshot) { t.Error("it was read") })
		if code(err) != "source-moved" || !strings.Contains(err.Error(), "old.example") ||
			!strings.Contains(err.Error(), "new.example") {
			t.Errorf("moved_from %q: %v", said, err)
		}
	}
	if latest, err := FindSnapshot(t.Context(), p, Latest, ""); err != nil || latest.ID != before.ID {
		t.Errorf("the latest is %s of %s, %v", latest.ID, latest.Tenant, err)
	}
	p.Config().SourceBlocks()[0].MovedFrom = "old.example"
	for range 2 { // once it has moved, the block may stay
		if made := collect(t, p); made.Tenant != "new.example" {
			t.Errorf("it was read from %s", made.Tenant)
		}
	}
}

func TestCollect_RefusesASourceThatTheConfigurationDoesNotHave(t *testing.T) {
	p := opened(t, "acme", &directory{})
	err := CollectNamed(t.Context(), p, []string{"okta.corp"}, func(state.Snapshot) {})
	if code(err) != "source-unknown" {
		t.Errorf("got %v", err)
	}
}

func TestAssess_JudgesEachItemOnceAndCountsIt(t *testing.T) {
	of := &directory{groups: map[string]string{"g1": "Sales", "g2": "Staff"},
		people: map[string]string{"u1": "ana@acme.example"}}
	p := opened(t, "acme", of)
	snapshot := collect(t, p)
	var reported []string
	var done []state.Assessment
	err := AssessNamed(t.Context(), p, "", Observer{
		Result: func(r assess.Result) { reported = append(reported, r.Address.String()) },
		Done:   func(a state.Assessment, _ state.Snapshot) { done = append(done, a) },
	})
	if err != nil || len(done) != 1 {
		t.Fatalf("%d assessments, %v", len(done), err)
	}
	if len(reported) != 3 || done[0].Total() != 3 || done[0].Snapshot != snapshot.ID {
		t.Errorf("told %v, counted %+v", reported, done[0])
	}
	kinds, err := ClassesByKind(t.Context(), p, done[0].ID)
	if err != nil || kinds[identity.KindGroup][assess.ClassNative] != 2 {
		t.Errorf("%v %v", kinds, err)
	}
	if r, err := Result(t.Context(), p, done[0], "directory.corp/group/g1"); err != nil || r.Name != "Sales" {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := Result(t.Context(), p, done[0], "okta.corp/group/g1"); code(err) != "usage" {
		t.Errorf("an item of another source: %v", err)
	}
}

func TestNewestAssessment_IsReusedWhileNothingChanged(t *testing.T) {
	p := opened(t, "acme", &directory{groups: map[string]string{"g1": "Sales"}})
	snapshot := collect(t, p)
	target, _, err := p.Target(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	first, err := NewestAssessment(t.Context(), p, target, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := NewestAssessment(t.Context(), p, target, snapshot); err != nil || again.ID != first.ID {
		t.Errorf("judged again as %s, %v", again.ID, err)
	}
	if other, err := NewestAssessment(t.Context(), p, target, collect(t, p)); err != nil || other.ID == first.ID {
		t.Errorf("another snapshot has the same assessment: %v", err)
	}
}

func TestDiff_StreamsWhatChangedBetweenTwoReads(t *testing.T) {
	of := &directory{tenant: "acme.example", groups: map[string]string{"g1": "Sales", "g2": "Staff"}}
	p := opened(t, "acme", of)
	collect(t, p)
	of.groups = map[string]string{"g1": "Sales North", "g3": "Audit"}
	collect(t, p)
	d, err := DiffNamed(t.Context(), p, Previous, Latest, "")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]inventory.ChangeType{}
	for change, err := range d.Changes {
		if err != nil {
			t.Fatal(err)
		}
		got[change.ID] = change.Type
	}
	want := map[string]inventory.ChangeType{"g1": inventory.Changed, "g2": inventory.Removed, "g3": inventory.Added}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := FindSnapshot(t.Context(), p, d.Before.ID[:4], ""); code(err) != "history-ambiguous" {
		t.Errorf("the beginning of two ids: %v", err)
	}
	if found, err := FindSnapshot(t.Context(), p, d.Before.ID[len(d.Before.ID)-6:], ""); err != nil ||
		found.ID != d.Before.ID {
		t.Errorf("the end of an id: %v", err)
	}
}

func TestReading_TwoTenantsSideBySideSeeOnlyTheirOwn(t *testing.T) {
	for _, tenant := range []string{"acme", "beta"} {
		t.Run(tenant, func(t *testing.T) {
			t.Parallel()
			p := opened(t, tenant, &directory{tenant: tenant, groups: map[string]string{"g-" + tenant: tenant}})
			collect(t, p)
			err := AssessNamed(t.Context(), p, "", Observer{Result: func(r assess.Result) {
				if r.Name != tenant {
					t.Errorf("%s was shown %s", tenant, r.Name)
				}
			}})
			if all, listed := Assessments(t.Context(), p, "", ""); err != nil || listed != nil || len(all) != 1 {
				t.Errorf("%s: %d assessments, %v %v", tenant, len(all), err, listed)
			}
		})
	}
}
