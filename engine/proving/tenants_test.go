package proving_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/applying"
	"github.com/rehome-iam/rehome/engine/attesting"
	"github.com/rehome-iam/rehome/engine/auditing"
	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/cutover"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/keeping"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/planning"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/issuertest"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/proving"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/engine/recounting"
	"github.com/rehome-iam/rehome/engine/standing"
	"github.com/rehome-iam/rehome/engine/undoing"
	"github.com/rehome-iam/rehome/providers/realmfile"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/state"
)

// incumbent is a source in memory: two groups and a person, all named after their tenant.
type incumbent struct{ tenant string }

func (incumbent) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{
		Name: "incumbent", Version: "1.0.0", Doc: "A source in memory.",
		Kinds: []identity.Kind{identity.KindGroup, identity.KindUser},
	}
}

func (incumbent) Configure(context.Context, map[string]any) diag.List { return nil }

func (s incumbent) Identify(context.Context) (contract.SourceIdentity, error) {
	return contract.SourceIdentity{Tenant: s.tenant}, nil
}

func (s incumbent) Collect(ctx context.Context, sink sdk.Sink) error {
	page, err := sink.Page(ctx, identity.PageEvidence{
		Method: "GET", Path: "/all", Status: 200, ItemCount: 3, Body: []byte("[]"),
		SHA256: "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
	})
	if err != nil {
		return err
	}
	pilot, staff, person := "Pilot of "+s.tenant, "Staff of "+s.tenant, "ada@"+s.tenant+".example"
	for _, one := range []struct {
		kind     identity.Kind
		id, name string
		value    any
	}{
		{identity.KindGroup, "g-pilot", pilot, kinds.Group{Name: pilot, Origin: "local"}},
		{identity.KindGroup, "g-staff", staff, kinds.Group{Name: staff, Origin: "local"}},
		{identity.KindUser, "u-ada", person, kinds.User{Username: person, Email: person}},
	} {
		attributes, err := json.Marshal(one.value)
		if err == nil {
			err = sink.Items(ctx, identity.Item{
				Kind: one.kind, ID: one.id, Name: one.name, Version: 1, Attributes: attributes, Page: page,
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (incumbent) Secret(context.Context, identity.ItemID, string) (string, error) {
	return "", errors.New("there is none")
}

// shared is one state with its key, in which tenants stand side by side.
type shared struct {
	t      *testing.T
	folder string
}

func share(t *testing.T) *shared {
	t.Helper()
	s := &shared{t: t, folder: t.TempDir()}
	if _, _, err := state.MakeIdentity(filepath.Join(s.folder, "identity.txt")); err != nil {
		t.Fatal(err)
	}
	return s
}

// tenant is the folder of one of them.
type tenant struct {
	s     *shared
	name  string
	dir   string
	extra string // blocks that come to the configuration
	token string
}

func (s *shared) tenant(name string) *tenant {
	return &tenant{s: s, name: name, dir: s.t.TempDir()}
}

// open makes the project of one piece of work, as a command or a request does. It is closed at the end of the test.
func (n *tenant) open(t *testing.T, need authorization.Need) *project.Project {
	t.Helper()
	p := project.New(n.settings(t, need))
	t.Cleanup(p.Close)
	return p
}

func (n *tenant) settings(t *testing.T, need authorization.Need) project.Settings {
	t.Helper()
	text := fmt.Sprintf(`rehome {
  state "bbolt" { path = %q }
}
migration %q {
  tenant = %q
  mode   = "first_run_adoption"
}
source "incumbent" %q {}
target "realmfile" "portal" {
  path  = %q
  realm = %q
}
%s`, filepath.Join(n.s.folder, "state.db"), n.name, n.name, "of-"+n.name, filepath.Join(n.dir, "realm.json"), n.name,
		n.extra)
	if err := os.WriteFile(filepath.Join(n.dir, "main.rehome.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return project.Settings{
		Folder: n.dir, Command: "rehome test", Now: time.Now, Host: "host", Account: n.name, PID: os.Getpid(), Need: need,
		Environ: []string{
			"REHOME_IDENTITY_FILE=" + filepath.Join(n.s.folder, "identity.txt"), "REHOME_TOKEN=" + n.token,
		},
		LockTimeout: 30 * time.Second, ShowPeople: true,
		Backend: projecttest.Backend,
		Local: map[string]func(context.Context) (net.Conn, error){
			"incumbent": sdk.LocalSource(func() sdk.Source { return incumbent{n.name} }),
			"realmfile": sdk.LocalTarget(func() sdk.Target { return realmfile.New("1.0.0") }),
		},
	}
}

// approved plans until no gate is open: what is to be acknowledged is.
func (n *tenant) approved(t *testing.T, part planning.Part) *plan.Plan {
	t.Helper()
	for range 2 {
		report, err := planning.Plan(t.Context(), n.open(t, authorization.Manage), planning.Input{Part: part}, "")
		if err != nil {
			t.Fatalf("%s: %v", n.name, err)
		}
		if !report.Draft() {
			return report.Plan
		}
		for _, impact := range report.Plan.Impacts {
			n.extra += fmt.Sprintf("acknowledge %q { reason = \"test\" }\n", impact.ID)
		}
	}
	t.Fatalf("%s: a gate stays open", n.name)
	return nil
}

// moves collects, plans, applies and verifies.
func (n *tenant) moves(t *testing.T) *plan.Plan {
	t.Helper()
	p := n.approved(t, planning.Part{})
	n.applies(t, p)
	if _, err := proving.Verify(t.Context(), n.open(t, authorization.Manage), proving.Input{Workers: 2},
		func(*proving.Report) error { return nil }); err != nil {
		t.Fatalf("%s: %v", n.name, err)
	}
	return p
}

// applies carries out an approved plan.
func (n *tenant) applies(t *testing.T, p *plan.Plan) {
	t.Helper()
	report, err := applying.Apply(t.Context(), n.open(t, authorization.Manage), applying.Input{
		Hash: p.PlanHash, Workers: 2, Back: undoing.Way{},
	})
	if err != nil || report.Undone() > 0 {
		t.Fatalf("%s: %+v, %v", n.name, report, err)
	}
}

// looks asks everything that a project of the tenant can be asked without changing something, and returns all answers
// in one text. A refusal is an answer.
func (n *tenant) looks(t *testing.T) string {
	t.Helper()
	ctx := t.Context()
	p := n.open(t, authorization.Read)
	if _, err := p.State(ctx); err != nil {
		t.Fatal(err)
	}
	m := p.Migration()
	var reported strings.Builder
	tell := func(what string, answer any, err error) {
		if err != nil {
			answer = err.Error()
		}
		encoded, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&reported, "%s: %s\n", what, encoded)
	}
	snapshots, err := reading.Snapshots(ctx, p, "")
	tell("snapshots", snapshots, err)
	latest, err := reading.FindSnapshot(ctx, p, reading.Latest, "")
	tell("latest", latest, err)
	assessments, err := reading.Assessments(ctx, p, "", "")
	tell("assessments", assessments, err)
	names, err := keeping.Credentials(ctx, p)
	tell("credentials", names, err)
	runs, err := m.Runs()
	tell("runs", runs, err)
	plans, err := recounting.Plans(ctx, p)
	tell("plans", plans, err)
	sources, err := standing.Sources(ctx, p)
	tell("sources", sources, err)
	bindings, err := m.Bindings()
	tell("bindings", bindings, err)
	followUps, err := m.FollowUps()
	tell("follow-ups", followUps, err)
	verified, err := m.Verifications()
	tell("verifications", verified, err)
	status, err := standing.Of(ctx, p, undoing.CostOf, true)
	tell("status", status, err)
	done, err := proving.Did(m, "")
	tell("done", done, err)
	proof, err := attesting.Evidence(ctx, p, cutover.Moved)
	if err == nil {
		report, err := proof.Named()
		tell("evidence", report, err)
	} else {
		tell("evidence", nil, err)
	}
	err = auditing.List(ctx, p, auditing.Rule{}, func(r state.AuditRecord) error {
		tell("audit", r, nil)
		return nil
	})
	tell("audit", nil, err)
	return reported.String()
}

func TestTenants_OneSeesAndCountsNothingOfTheOther(t *testing.T) {
	s := share(t)
	acme, beta := s.tenant("acme"), s.tenant("beta")
	if _, err := beta.open(t, authorization.Manage).StateForChange(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := beta.looks(t)
	p := acme.open(t, authorization.Manage)
	if _, err := p.State(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept := p.Event("migration.credential.set", "secret-of-acme", nil)
	if err := p.Migration().PutCredential("secret-of-acme", state.Credential{Value: "x"}, kept); err != nil {
		t.Fatal(err)
	}
	hash := acme.moves(t).PlanHash

	after := beta.looks(t)
	if strings.Contains(after, "acme") || strings.Contains(after, hash) {
		t.Errorf("beta sees acme:\n%s", after)
	}
	if counted := withoutTimes(before); counted != withoutTimes(after) {
		t.Errorf("what beta is told depends on acme:\n%s\nand now:\n%s", before, after)
	}
	if own := acme.looks(t); !strings.Contains(own, hash) || !strings.Contains(own, "secret-of-acme") {
		t.Errorf("acme does not see itself, so that this proves nothing:\n%s", own)
	}

	beta.moves(t)
	if both := beta.looks(t); strings.Contains(both, "acme") || !strings.Contains(both, "Staff of beta") {
		t.Errorf("beta, which moved too, sees:\n%s", both)
	}
}

// withoutTimes leaves out when the question was asked.
func withoutTimes(text string) string {
	return regexp.MustCompile(`20\d\d-\d\d-\d\dT[0-9:.]+Z`).ReplaceAllString(text, "then")
}

// Run with -race: the two share the process, its packages and the file of the state, and nothing else.
func TestTenants_WorkSideBySideInOneProcess(t *testing.T) {
	s := share(t)
	both := []*tenant{s.tenant("acme"), s.tenant("beta")}
	t.Run("at once", func(t *testing.T) {
		for _, n := range both {
			t.Run(n.name, func(t *testing.T) {
				t.Parallel()
				n.moves(t)
			})
		}
	})
	for i, n := range both {
		other := both[1-i].name
		if reported := n.looks(t); strings.Contains(reported, other) || !strings.Contains(reported, "Staff of "+n.name) {
			t.Errorf("%s is told:\n%s", n.name, reported)
		}
		p := n.open(t, authorization.Read)
		if _, err := p.State(t.Context()); err != nil {
			t.Fatal(err)
		}
		if chain, err := auditing.Verify(t.Context(), p, "", ""); err != nil || chain.Records == 0 {
			t.Errorf("the chain that both wrote: %+v, %v", chain, err)
		}
		if counts, err := p.Store().Counts(n.name); err != nil || counts["runs"] != 1 || counts["bindings"] != 2 {
			t.Errorf("%s has %v, %v", n.name, counts, err)
		}
		if verified, err := p.Migration().Verifications(); err != nil || len(verified) != 1 {
			t.Errorf("%s was verified %d times, %v", n.name, len(verified), err)
		}
	}
}

const waves = `wave "pilot" { where = startswith(item.name, "Pilot") }
wave "rest" {
  where = !startswith(item.name, "Pilot")
  after = ["pilot"]
}
`

func TestTenants_AWaveOfOneOpensNoGateOfTheOther(t *testing.T) {
	s := share(t)
	acme, beta := s.tenant("acme"), s.tenant("beta")
	acme.extra, beta.extra = waves, waves
	acme.applies(t, acme.approved(t, planning.Part{Wave: "pilot"}))
	for n, open := range map[*tenant]bool{acme: true, beta: false} {
		rest := planning.Input{Part: planning.Part{Wave: "rest"}}
		report, err := planning.Plan(t.Context(), n.open(t, authorization.Manage), rest, "")
		if err != nil {
			t.Fatal(err)
		}
		waits := slices.ContainsFunc(report.Plan.Handoff.Blockers, func(b plan.Blocker) bool {
			return b.Code == plan.BlockerWaves
		})
		if waits == open {
			t.Errorf("the second wave of %s waits: %t", n.name, waits)
		}
	}
}

// An operator who works for beta once replaced the rules of acme, so that acme's own people were refused.
func TestTenants_AccessRulesOfOneStayWhenAnotherWritesItsOwn(t *testing.T) {
	issuer := issuertest.New()
	t.Cleanup(issuer.Server.Close)
	token := func(of string) string {
		signed, err := issuer.Mint(map[string]any{
			"tenant": of, "permissions": []string{"portal.migrations.manage"},
		}, "ES256")
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	block := func(operator string) string {
		return fmt.Sprintf("access {\n  issuer = %q\n  audience = \"rehome\"\n  operator_tenant = %q\n}\n",
			issuer.Server.URL, operator)
	}
	s := share(t)
	acme, beta := s.tenant("acme"), s.tenant("beta")
	acme.extra, beta.extra = block("platform"), block("others")
	enter := func(n *tenant, of string, need authorization.Need) error {
		n.token = token(of)
		p := n.open(t, need)
		if need == authorization.Read {
			return p.Enter(t.Context())
		}
		_, err := p.StateForChange(t.Context())
		return err
	}
	for _, c := range []struct {
		what    string
		n       *tenant
		of      string
		need    authorization.Need
		refused string
	}{
		{"acme records its rules", acme, "acme", authorization.Manage, ""},
		{"beta records others", beta, "beta", authorization.Manage, ""},
		{"beta's operator works for beta", beta, "others", authorization.Manage, ""},
		{"acme's people are let in still", acme, "acme", authorization.Read, ""},
		{"and so is acme's operator", acme, "platform", authorization.Manage, ""},
		{"beta's people are not", acme, "beta", authorization.Read, "access-denied"},
		{"nor is beta's operator", acme, "others", authorization.Manage, "access-denied"},
		{"acme's people are not let into beta", beta, "acme", authorization.Read, "access-denied"},
	} {
		err := enter(c.n, c.of, c.need)
		var d diag.Diagnostic
		if (err == nil) != (c.refused == "") || err != nil && (!errors.As(err, &d) || d.Code != c.refused) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
