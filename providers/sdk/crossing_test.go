package sdk_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/providers/sdk"
)

// plainSource and plainTarget have none of the optional abilities.
type plainSource struct{ fault error }

func (s *plainSource) Schema() contract.ProviderSchema { return schemaOf("source") }

func (s *plainSource) Configure(_ context.Context, config map[string]any) diag.List {
	return echo(config)
}

func (s *plainSource) Identify(context.Context) (contract.SourceIdentity, error) {
	return contract.SourceIdentity{Tenant: "acme", Detail: "a practice tenant"}, s.fault
}

func (s *plainSource) Collect(ctx context.Context, sink sdk.Sink) error {
	page, err := sink.Page(ctx, identity.PageEvidence{Method: "GET", Path: "/groups", Status: 200})
	if err != nil {
		return err
	}
	if err := sink.Items(ctx, group("1", page), group("2", page)); err != nil {
		return err
	}
	if err := sink.Gap(ctx, identity.Gap{Kind: identity.KindRole, Path: "/roles", Status: 403}); err != nil {
		return err
	}
	return s.fault
}

func (s *plainSource) Secret(_ context.Context, item identity.ItemID, field string) (string, error) {
	return "value of " + item.String() + " " + field, s.fault
}

type plainTarget struct{ fault error }

func (p *plainTarget) Schema() contract.ProviderSchema { return schemaOf("target") }

func (p *plainTarget) Configure(_ context.Context, config map[string]any) diag.List {
	return echo(config)
}

func (p *plainTarget) Identify(context.Context) (contract.TargetIdentity, error) {
	return contract.TargetIdentity{Identity: "realm acme", Summary: "a practice realm"}, p.fault
}

func (p *plainTarget) Translate(item identity.Item) contract.Translation {
	return contract.Translation{Contract: "group", Resources: []identity.Resource{live(item.ID)}}
}

func (p *plainTarget) Read(_ context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	for _, key := range []string{"a", "b"} {
		if err := each(live(key)); err != nil {
			return contract.ReadSummary{}, err
		}
	}
	return contract.ReadSummary{Resources: 2, Requests: 3}, p.fault
}

func (p *plainTarget) Check(desired, exists []identity.Resource) []contract.CheckFinding {
	var findings []contract.CheckFinding
	for _, r := range slices.Concat(desired, exists) {
		findings = append(findings, contract.CheckFinding{
			Resource: r.ID(), Finding: fidelity.Finding{Type: fidelity.Lost, Summary: "seen"},
		})
	}
	return findings
}

func (p *plainTarget) Apply(_ context.Context, step contract.StepRequest) (contract.StepResult, error) {
	return contract.StepResult{ServerID: step.StepID, Already: true, Requests: 2, Generated: step.Secrets}, p.fault
}

func (p *plainTarget) ReadMarker(context.Context) (contract.Marker, contract.MarkerRevision, error) {
	return contract.Marker{Migration: "acme"}, "7", p.fault
}

func (p *plainTarget) WriteMarker(
	_ context.Context, marker contract.Marker, basedOn contract.MarkerRevision,
) (contract.MarkerRevision, error) {
	return basedOn + contract.MarkerRevision(marker.Migration), p.fault
}

// able has every optional ability that both sides may have.
type able struct{ fault error }

func (a able) Permissions(context.Context) ([]observation.PermissionCheck, error) {
	return []observation.PermissionCheck{{Name: "read", State: observation.PermissionGranted}}, a.fault
}

func (a able) SignIns(_ context.Context, since string) (observation.SignInReport, error) {
	return observation.SignInReport{Covers: since, Requests: 1}, a.fault
}

type ableSource struct {
	plainSource
	able
}

func (s *ableSource) Connection(_ context.Context, item identity.Item) ([]observation.ConnectionFact, error) {
	return []observation.ConnectionFact{{Name: "client_id", Value: item.ID}}, s.able.fault
}

type ableTarget struct {
	plainTarget
	able
}

func (a *ableTarget) ConfigureOffline(_ context.Context, config map[string]any) diag.List {
	config["offline"] = true
	return echo(config)
}

func (a *ableTarget) Connection(_ context.Context, r identity.Resource) ([]observation.ConnectionFact, error) {
	return []observation.ConnectionFact{{Name: "client_id", Value: r.Key}}, a.able.fault
}

func (a *ableTarget) Probe(_ context.Context, request observation.ProbeRequest) ([]observation.ProbeResult, error) {
	return []observation.ProbeResult{{Probe: "opens", Resource: request.Resource, Status: observation.ProbePassed,
		Evidence: map[string]string{}}}, a.able.fault
}

func (a *ableTarget) Usage(_ context.Context, questions []observation.UsageQuestion) ([]observation.Usage, error) {
	var usages []observation.Usage
	for _, q := range questions {
		usages = append(usages, observation.Usage{Resource: q.Resource.ID(), Used: q.Opened})
	}
	return usages, a.able.fault
}

func (a *ableTarget) Changes(
	_ context.Context, since, until string, each func(observation.ChangeEvent) error,
) (observation.ChangeReport, error) {
	for _, at := range []string{since, until} {
		if err := each(observation.ChangeEvent{At: at, Operation: "create"}); err != nil {
			return observation.ChangeReport{}, err
		}
	}
	return observation.ChangeReport{Covers: since, Requests: 4}, a.able.fault
}

func (a *ableTarget) Blueprint(_ context.Context, name string) (observation.Blueprint, error) {
	return observation.Blueprint{Name: name, Document: []byte("{}"), Stripped: []string{"keys"}}, a.able.fault
}

func schemaOf(name string) contract.ProviderSchema {
	return contract.ProviderSchema{Name: name, Version: "1.0.0", Kinds: []identity.Kind{identity.KindGroup}}
}

// echo warns of each argument that arrived.
func echo(config map[string]any) diag.List {
	var list diag.List
	for name := range config {
		list = append(list, diag.Warningf("seen", "Seen", "%s", name))
	}
	slices.SortFunc(list, func(a, b diag.Diagnostic) int { return strings.Compare(a.Detail, b.Detail) })
	return list
}

func group(id string, page int) identity.Item {
	return identity.Item{Kind: identity.KindGroup, ID: id, Name: "group " + id, Attributes: []byte(`{}`), Page: page}
}

func live(key string) identity.Resource {
	return identity.Resource{Type: "group", Key: key, Attributes: identity.Attributes{"name": key}}
}

// gathered takes what a collection gives.
type gathered struct {
	Pages []identity.PageEvidence
	Found []identity.Item
	Gaps  []identity.Gap
}

func (g *gathered) Page(page identity.PageEvidence) error {
	g.Pages = append(g.Pages, page)
	return nil
}
func (g *gathered) Items(items []identity.Item) error {
	g.Found = append(g.Found, items...)
	return nil
}
func (g *gathered) Gap(gap identity.Gap) error { g.Gaps = append(g.Gaps, gap); return nil }

func source(t *testing.T, s sdk.Source) *client.Source {
	t.Helper()
	running, err := client.LaunchSource(t.Context(), client.Options{
		Name: "source", Dial: sdk.LocalSource(func() sdk.Source { return s }),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	return running
}

func target(t *testing.T, s sdk.Target) *client.Target {
	t.Helper()
	running, err := client.LaunchTarget(t.Context(), client.Options{
		Name: "target", Dial: sdk.LocalTarget(func() sdk.Target { return s }),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	return running
}

// answer is one call through the protocol with what must come back.
type answer struct {
	name string
	call func(context.Context) (any, error)
	want any
}

// of makes a call without the type of its answer.
func of[T any](got T, err error) (any, error) { return got, err }

func check(t *testing.T, answers []answer) {
	t.Helper()
	for _, a := range answers {
		t.Run(a.name, func(t *testing.T) {
			got, err := a.call(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(a.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const since, until = "2026-11-01T00:00:00Z", "2026-11-22T00:00:00Z"

func sourceAnswers(s *client.Source) []answer {
	return []answer{
		{"schema", func(ctx context.Context) (any, error) { return of(s.Schema(ctx)) }, schemaOf("source")},
		{"configure", func(ctx context.Context) (any, error) {
			return s.Configure(ctx, map[string]any{"url": "x", "many": []any{"a"}}), nil
		}, diag.List{diag.Warningf("seen", "Seen", "many"), diag.Warningf("seen", "Seen", "url")}},
		{
			"identify", func(ctx context.Context) (any, error) { return of(s.Identify(ctx)) },
			contract.SourceIdentity{Tenant: "acme", Detail: "a practice tenant"},
		},
		{"secret", func(ctx context.Context) (any, error) {
			return of(s.Secret(ctx, identity.ItemID{Kind: identity.KindGroup, ID: "1"}, "token"))
		}, "value of group/1 token"},
		{"collect", func(ctx context.Context) (any, error) {
			var g gathered
			err := s.Collect(ctx, &g)
			return g, err
		}, gathered{
			Pages: []identity.PageEvidence{{Sequence: 1, Method: "GET", Path: "/groups", Status: 200}},
			Found: []identity.Item{group("1", 1), group("2", 1)},
			Gaps:  []identity.Gap{{Kind: identity.KindRole, Path: "/roles", Status: 403}},
		}},
	}
}

func TestSource_EveryCallCrosses(t *testing.T) {
	check(t, sourceAnswers(source(t, &plainSource{})))
}

func targetAnswers(p *client.Target) []answer {
	step := contract.StepRequest{
		StepID: "group:a", Action: contract.ActionCreate, Resource: live("a").ID(), Secrets: map[string]string{"secret": "s"},
	}
	return []answer{
		{"schema", func(ctx context.Context) (any, error) { return of(p.Schema(ctx)) }, schemaOf("target")},
		{
			"configure", func(ctx context.Context) (any, error) { return p.Configure(ctx, map[string]any{"url": "x"}), nil },
			diag.List{diag.Warningf("seen", "Seen", "url")},
		},
		{
			"identify", func(ctx context.Context) (any, error) { return of(p.Identify(ctx)) },
			contract.TargetIdentity{Identity: "realm acme", Summary: "a practice realm"},
		},
		{
			"translate", func(ctx context.Context) (any, error) { return of(p.Translate(ctx, []identity.Item{group("1", 0)})) },
			[]contract.Translation{{Contract: "group", Resources: []identity.Resource{live("1")}}},
		},
		{"read", func(ctx context.Context) (any, error) {
			var keys []string
			summary, err := p.Read(ctx, func(r identity.Resource) error { keys = append(keys, r.Key); return nil })
			return []any{keys, summary}, err
		}, []any{[]string{"a", "b"}, contract.ReadSummary{Resources: 2, Requests: 3}}},
		{
			"check", func(ctx context.Context) (any, error) {
				return of(p.Check(ctx, []identity.Resource{live("a")}, []identity.Resource{live("b")}))
			},
			(&plainTarget{}).Check([]identity.Resource{live("a")}, []identity.Resource{live("b")}),
		},
		{
			"apply", func(ctx context.Context) (any, error) { return of(p.Apply(ctx, step)) },
			contract.StepResult{ServerID: "group:a", Already: true, Requests: 2, Generated: map[string]string{"secret": "s"}},
		},
		{"read the marker", func(ctx context.Context) (any, error) {
			marker, revision, err := p.ReadMarker(ctx)
			return []any{marker, revision}, err
		}, []any{contract.Marker{Migration: "acme"}, contract.MarkerRevision("7")}},
		{
			"write the marker", func(ctx context.Context) (any, error) {
				return of(p.WriteMarker(ctx, contract.Marker{Migration: "acme"}, "7-"))
			}, contract.MarkerRevision("7-acme"),
		},
	}
}

func TestTarget_EveryCallCrosses(t *testing.T) {
	check(t, targetAnswers(target(t, &plainTarget{})))
}

func sourceAbilities(s *client.Source) []answer {
	return []answer{
		{
			"permissions", func(ctx context.Context) (any, error) { return of(s.Permissions(ctx)) },
			[]observation.PermissionCheck{{Name: "read", State: observation.PermissionGranted}},
		},
		{
			"sign-ins", func(ctx context.Context) (any, error) { return of(s.SignIns(ctx, since)) },
			observation.SignInReport{Covers: since, Requests: 1},
		},
		{
			"connection", func(ctx context.Context) (any, error) { return of(s.Connection(ctx, group("1", 0))) },
			[]observation.ConnectionFact{{Name: "client_id", Value: "1"}},
		},
	}
}

func targetAbilities(p *client.Target) []answer {
	question := observation.UsageQuestion{Resource: live("a"), Opened: true}
	return []answer{
		{
			"permissions", func(ctx context.Context) (any, error) { return of(p.Permissions(ctx)) },
			[]observation.PermissionCheck{{Name: "read", State: observation.PermissionGranted}},
		},
		{
			"sign-ins", func(ctx context.Context) (any, error) { return of(p.SignIns(ctx, since)) },
			observation.SignInReport{Covers: since, Requests: 1},
		},
		{
			"connection", func(ctx context.Context) (any, error) { return of(p.Connection(ctx, live("a"))) },
			[]observation.ConnectionFact{{Name: "client_id", Value: "a"}},
		},
		{
			"probe", func(ctx context.Context) (any, error) {
				return of(p.Probe(ctx, observation.ProbeRequest{Resource: live("a").ID()}))
			},
			[]observation.ProbeResult{{
				Probe: "opens", Resource: live("a").ID(), Status: observation.ProbePassed, Evidence: map[string]string{},
			}},
		},
		{
			"usage", func(ctx context.Context) (any, error) { return of(p.Usage(ctx, []observation.UsageQuestion{question})) },
			[]observation.Usage{{Resource: live("a").ID(), Used: true}},
		},
		{
			"changes", func(ctx context.Context) (any, error) { return of(p.Changes(ctx, since, until)) },
			observation.ChangeReport{Covers: since, Requests: 4, Events: []observation.ChangeEvent{
				{At: since, Operation: "create"}, {At: until, Operation: "create"},
			}},
		},
		{
			"blueprint", func(ctx context.Context) (any, error) { return of(p.Blueprint(ctx, "scratch")) },
			observation.Blueprint{Name: "scratch", Document: []byte("{}"), Stripped: []string{"keys"}},
		},
	}
}

func TestAbilities_CrossWhereAProviderHasThem(t *testing.T) {
	check(t, sourceAbilities(source(t, &ableSource{})))
	check(t, targetAbilities(target(t, &ableTarget{})))
	got := target(t, &ableTarget{}).ConfigureOffline(t.Context(), map[string]any{"url": "x"})
	want := diag.List{diag.Warningf("seen", "Seen", "offline"), diag.Warningf("seen", "Seen", "url")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A provider without an ability says so; that is never taken for an empty answer.
func TestAbilities_AreUnsupportedWhereAProviderDoesNotHaveThem(t *testing.T) {
	calls := append(sourceAbilities(source(t, &plainSource{})), targetAbilities(target(t, &plainTarget{}))...)
	for _, a := range calls {
		if _, err := a.call(t.Context()); !client.Unsupported(err) {
			t.Errorf("%s: error %v", a.name, err)
		}
	}
	if list := target(t, &plainTarget{}).ConfigureOffline(t.Context(), nil); !list.HasErrors() {
		t.Error("a target that cannot plan offline was configured to")
	}
}

// A fault keeps its code, page and permission on the way, in every call.
func TestFaults_CrossUnchanged(t *testing.T) {
	fault := &contract.ProviderError{
		Code: contract.ErrorForbidden, Message: "not allowed", Permission: "groups.read", Page: "GET /groups",
	}
	broken := able{fault: fault}
	s := source(t, &ableSource{plainSource: plainSource{fault}, able: broken})
	p := target(t, &ableTarget{plainTarget: plainTarget{fault}, able: broken})
	calls := slices.Concat(sourceAnswers(s)[2:], targetAnswers(p)[2:], sourceAbilities(s), targetAbilities(p))
	for _, a := range calls {
		if a.name == "translate" || a.name == "check" {
			continue // pure: they cannot fail
		}
		_, err := a.call(t.Context())
		var got *contract.ProviderError
		if !errors.As(err, &got) {
			t.Errorf("%s: error %v", a.name, err)
			continue
		}
		if diff := cmp.Diff(fault, got); diff != "" {
			t.Errorf("%s: %s", a.name, diff)
		}
	}
}
