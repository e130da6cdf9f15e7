package sdk_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/providers/sdk"
)

// plainSource and plainTarget have none of the optional abilities.
type plainSource struct{ fault error }

func (s *plainSource) Schema() identity.ProviderSchema { return schemaOf("source") }

func (s *plainSource) Configure(_ context.Context, config map[string]any) diag.List {
	return echo(config)
}

func (s *plainSource) Identify(context.Context) (identity.SourceIdentity, error) {
	return identity.SourceIdentity{Tenant: "acme", Detail: "a practice tenant"}, s.fault
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

func (p *plainTarget) Schema() identity.ProviderSchema { return schemaOf("target") }

func (p *plainTarget) Configure(_ context.Context, config map[string]any) diag.List {
	return echo(config)
}

func (p *plainTarget) Identify(context.Context) (identity.TargetIdentity, error) {
	return identity.TargetIdentity{Identity: "realm acme", Summary: "a practice realm"}, p.fault
}

func (p *plainTarget) Translate(item identity.Item) identity.Translation {
	return identity.Translation{Contract: "group", Resources: []identity.Resource{live(item.ID)}}
}

func (p *plainTarget) Read(_ context.Context, each func(identity.Resource) error) (identity.ReadSummary, error) {
	for _, key := range []string{"a", "b"} {
		if err := each(live(key)); err != nil {
			return identity.ReadSummary{}, err
		}
	}
	return identity.ReadSummary{Resources: 2, Requests: 3}, p.fault
}

func (p *plainTarget) Check(desired, there []identity.Resource) []identity.CheckFinding {
	var findings []identity.CheckFinding
	for _, r := range slices.Concat(desired, there) {
		findings = append(findings, identity.CheckFinding{
			Resource: r.ID(), Finding: identity.Finding{Type: identity.FindingLost, Summary: "seen"},
		})
	}
	return findings
}

func (p *plainTarget) Apply(_ context.Context, step identity.StepRequest) (identity.StepResult, error) {
	return identity.StepResult{ServerID: step.StepID, Already: true, Requests: 2, Generated: step.Secrets}, p.fault
}

func (p *plainTarget) ReadMarker(context.Context) (identity.Marker, identity.MarkerRevision, error) {
	return identity.Marker{Migration: "acme"}, "7", p.fault
}

func (p *plainTarget) WriteMarker(
	_ context.Context, marker identity.Marker, basedOn identity.MarkerRevision,
) (identity.MarkerRevision, error) {
	return basedOn + identity.MarkerRevision(marker.Migration), p.fault
}

// able has every optional ability that both sides may have.
type able struct{ fault error }

func (a able) Permissions(context.Context) ([]identity.PermissionCheck, error) {
	return []identity.PermissionCheck{{Name: "read", State: identity.PermissionGranted}}, a.fault
}

func (a able) SignIns(_ context.Context, since string) (identity.SignInReport, error) {
	return identity.SignInReport{Covers: since, Requests: 1}, a.fault
}

type ableSource struct {
	plainSource
	able
}

func (s *ableSource) Connection(_ context.Context, item identity.Item) ([]identity.ConnectionFact, error) {
	return []identity.ConnectionFact{{Name: "client_id", Value: item.ID}}, s.able.fault
}

type ableTarget struct {
	plainTarget
	able
}

func (a *ableTarget) ConfigureOffline(_ context.Context, config map[string]any) diag.List {
	config["offline"] = true
	return echo(config)
}

func (a *ableTarget) Connection(_ context.Context, r identity.Resource) ([]identity.ConnectionFact, error) {
	return []identity.ConnectionFact{{Name: "client_id", Value: r.Key}}, a.able.fault
}

func (a *ableTarget) Probe(_ context.Context, request identity.ProbeRequest) ([]identity.ProbeResult, error) {
	return []identity.ProbeResult{{Probe: "opens", Resource: request.Resource, Status: identity.ProbePassed,
		Evidence: map[string]string{}}}, a.able.fault
}

func (a *ableTarget) Usage(_ context.Context, questions []identity.UsageQuestion) ([]identity.Usage, error) {
	var usages []identity.Usage
	for _, q := range questions {
		usages = append(usages, identity.Usage{Resource: q.Resource.ID(), Used: q.Opened})
	}
	return usages, a.able.fault
}

func (a *ableTarget) Changes(
	_ context.Context, since, until string, each func(identity.ChangeEvent) error,
) (identity.ChangeReport, error) {
	for _, at := range []string{since, until} {
		if err := each(identity.ChangeEvent{At: at, Operation: "create"}); err != nil {
			return identity.ChangeReport{}, err
		}
	}
	return identity.ChangeReport{Covers: since, Requests: 4}, a.able.fault
}

func (a *ableTarget) Blueprint(_ context.Context, name string) (identity.Blueprint, error) {
	return identity.Blueprint{Name: name, Document: []byte("{}"), Stripped: []string{"keys"}}, a.able.fault
}

func schemaOf(name string) identity.ProviderSchema {
	return identity.ProviderSchema{Name: name, Version: "1.0.0", Kinds: []identity.Kind{identity.KindGroup}}
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
		Name: "here", Dial: sdk.LocalSource(func() sdk.Source { return s }),
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
		Name: "here", Dial: sdk.LocalTarget(func() sdk.Target { return s }),
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
			identity.SourceIdentity{Tenant: "acme", Detail: "a practice tenant"},
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
	step := identity.StepRequest{
		StepID: "group:a", Action: identity.ActionCreate, Resource: live("a").ID(), Secrets: map[string]string{"secret": "s"},
	}
	return []answer{
		{"schema", func(ctx context.Context) (any, error) { return of(p.Schema(ctx)) }, schemaOf("target")},
		{
			"configure", func(ctx context.Context) (any, error) { return p.Configure(ctx, map[string]any{"url": "x"}), nil },
			diag.List{diag.Warningf("seen", "Seen", "url")},
		},
		{
			"identify", func(ctx context.Context) (any, error) { return of(p.Identify(ctx)) },
			identity.TargetIdentity{Identity: "realm acme", Summary: "a practice realm"},
		},
		{
			"translate", func(ctx context.Context) (any, error) { return of(p.Translate(ctx, []identity.Item{group("1", 0)})) },
			[]identity.Translation{{Contract: "group", Resources: []identity.Resource{live("1")}}},
		},
		{"read", func(ctx context.Context) (any, error) {
			var keys []string
			summary, err := p.Read(ctx, func(r identity.Resource) error { keys = append(keys, r.Key); return nil })
			return []any{keys, summary}, err
		}, []any{[]string{"a", "b"}, identity.ReadSummary{Resources: 2, Requests: 3}}},
		{
			"check", func(ctx context.Context) (any, error) {
				return of(p.Check(ctx, []identity.Resource{live("a")}, []identity.Resource{live("b")}))
			},
			(&plainTarget{}).Check([]identity.Resource{live("a")}, []identity.Resource{live("b")}),
		},
		{
			"apply", func(ctx context.Context) (any, error) { return of(p.Apply(ctx, step)) },
			identity.StepResult{ServerID: "group:a", Already: true, Requests: 2, Generated: map[string]string{"secret": "s"}},
		},
		{"read the marker", func(ctx context.Context) (any, error) {
			marker, revision, err := p.ReadMarker(ctx)
			return []any{marker, revision}, err
		}, []any{identity.Marker{Migration: "acme"}, identity.MarkerRevision("7")}},
		{
			"write the marker", func(ctx context.Context) (any, error) {
				return of(p.WriteMarker(ctx, identity.Marker{Migration: "acme"}, "7-"))
			}, identity.MarkerRevision("7-acme"),
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
			[]identity.PermissionCheck{{Name: "read", State: identity.PermissionGranted}},
		},
		{
			"sign-ins", func(ctx context.Context) (any, error) { return of(s.SignIns(ctx, since)) },
			identity.SignInReport{Covers: since, Requests: 1},
		},
		{
			"connection", func(ctx context.Context) (any, error) { return of(s.Connection(ctx, group("1", 0))) },
			[]identity.ConnectionFact{{Name: "client_id", Value: "1"}},
		},
	}
}

func targetAbilities(p *client.Target) []answer {
	question := identity.UsageQuestion{Resource: live("a"), Opened: true}
	return []answer{
		{
			"permissions", func(ctx context.Context) (any, error) { return of(p.Permissions(ctx)) },
			[]identity.PermissionCheck{{Name: "read", State: identity.PermissionGranted}},
		},
		{
			"sign-ins", func(ctx context.Context) (any, error) { return of(p.SignIns(ctx, since)) },
			identity.SignInReport{Covers: since, Requests: 1},
		},
		{
			"connection", func(ctx context.Context) (any, error) { return of(p.Connection(ctx, live("a"))) },
			[]identity.ConnectionFact{{Name: "client_id", Value: "a"}},
		},
		{
			"probe", func(ctx context.Context) (any, error) {
				return of(p.Probe(ctx, identity.ProbeRequest{Resource: live("a").ID()}))
			},
			[]identity.ProbeResult{{
				Probe: "opens", Resource: live("a").ID(), Status: identity.ProbePassed, Evidence: map[string]string{},
			}},
		},
		{
			"usage", func(ctx context.Context) (any, error) { return of(p.Usage(ctx, []identity.UsageQuestion{question})) },
			[]identity.Usage{{Resource: live("a").ID(), Used: true}},
		},
		{
			"changes", func(ctx context.Context) (any, error) { return of(p.Changes(ctx, since, until)) },
			identity.ChangeReport{Covers: since, Requests: 4, Events: []identity.ChangeEvent{
				{At: since, Operation: "create"}, {At: until, Operation: "create"},
			}},
		},
		{
			"blueprint", func(ctx context.Context) (any, error) { return of(p.Blueprint(ctx, "scratch")) },
			identity.Blueprint{Name: "scratch", Document: []byte("{}"), Stripped: []string{"keys"}},
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
	fault := &identity.ProviderError{
		Code: identity.ErrorForbidden, Message: "not allowed", Permission: "groups.read", Page: "GET /groups",
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
		var got *identity.ProviderError
		if !errors.As(err, &got) {
			t.Errorf("%s: error %v", a.name, err)
			continue
		}
		if diff := cmp.Diff(fault, got); diff != "" {
			t.Errorf("%s: %s", a.name, diff)
		}
	}
}
