package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/client"
)

func options(t *testing.T, role string) client.Options {
	t.Helper()
	t.Setenv(roleVariable, role)
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return client.Options{Path: path, Name: "fake", Environ: os.Environ(), Variables: []string{roleVariable}}
}

func source(t *testing.T, behaviour string) *client.Source {
	t.Helper()
	return sourceWith(t, options(t, "source"), behaviour)
}

func sourceWith(t *testing.T, o client.Options, behaviour string) *client.Source {
	t.Helper()
	running, err := client.LaunchSource(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	if list := running.Configure(t.Context(), map[string]any{"behaviour": behaviour}); list.HasErrors() {
		t.Fatal(list)
	}
	return running
}

func target(t *testing.T) *client.Target {
	t.Helper()
	running, err := client.LaunchTarget(t.Context(), options(t, "target"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	return running
}

// kept gathers what a collection gives.
type kept struct {
	pages []identity.PageEvidence
	items []identity.Item
	gaps  []identity.Gap
	stop  error
}

func (k *kept) Page(page identity.PageEvidence) error { k.pages = append(k.pages, page); return nil }

func (k *kept) Items(items []identity.Item) error { k.items = append(k.items, items...); return k.stop }

func (k *kept) Gap(gap identity.Gap) error { k.gaps = append(k.gaps, gap); return nil }

func wantCode(t *testing.T, err error, code string) diag.Diagnostic {
	t.Helper()
	var d diag.Diagnostic
	if !errors.As(err, &d) || d.Code != code {
		t.Fatalf("error is %v, want the diagnostic %s", err, code)
	}
	return d
}

func TestASourceAnswersEveryCall(t *testing.T) {
	running := source(t, "good")
	schema, err := running.Schema(t.Context())
	if err != nil || !reflect.DeepEqual(schema, (&fakeSource{}).Schema()) {
		t.Errorf("schema is %+v, %v", schema, err)
	}
	found, err := running.Identify(t.Context())
	if err != nil || found.Tenant != "acme[2J" {
		t.Errorf("identity is %+v, %v", found, err)
	}
	secret, err := running.Secret(t.Context(), identity.ItemID{Kind: identity.KindGroup, ID: "1"}, "token")
	if err != nil || secret != "value of group/1 token" {
		t.Errorf("secret is %q, %v", secret, err)
	}
	var all kept
	if err := running.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	if len(all.pages) != 2 || len(all.items) != largeCount || len(all.gaps) != 1 {
		t.Fatalf("%d pages, %d items, %d gaps", len(all.pages), len(all.items), len(all.gaps))
	}
	want := group("1200", 1)
	want.Name = "Group[31m 1200"
	if got := all.items[1200]; !reflect.DeepEqual(got, want) {
		t.Errorf("item is %+v, want %+v", got, want)
	}
	if all.pages[1].Sequence != 2 || all.gaps[0].Reason != "no permission" {
		t.Errorf("page %+v, gap %+v", all.pages[1], all.gaps[0])
	}
}

func TestDiagnosticsOfAConfigurationCrossUnchanged(t *testing.T) {
	running := source(t, "good")
	list := running.Configure(t.Context(), nil)
	if len(list) != 1 || list[0] != (diag.Diagnostic{Severity: diag.Error, Code: "config-invalid",
		Summary: "Argument missing", Detail: "Say how.", Address: "behaviour"}) {
		t.Errorf("diagnostics are %+v", list)
	}
	list = running.Configure(t.Context(), map[string]any{"behaviour": "good", "list": []any{"a", "b"}})
	if len(list) != 1 || list[0].Severity != diag.Warning || list[0].Detail != "b" {
		t.Errorf("diagnostics are %+v", list)
	}
}

func TestAProviderErrorCrossesUnchanged(t *testing.T) {
	_, err := source(t, "forbidden").Identify(t.Context())
	want := &contract.ProviderError{
		Code: contract.ErrorForbidden, Message: "reading the org", Permission: "okta.orgs.read", Page: "GET /api/v1/org",
		Live: identity.Attributes{"id": "x", "n": 3.0},
	}
	if !reflect.DeepEqual(err, want) {
		t.Errorf("error is %#v", err)
	}
	_, err = source(t, "plain").Identify(t.Context())
	var failure *contract.ProviderError
	if !errors.As(err, &failure) || failure.Code != contract.ErrorInternal || failure.Message != "something broke" {
		t.Errorf("error is %#v", err)
	}
}

func TestATargetAnswersEveryCall(t *testing.T) {
	running, fake, ctx := target(t), &fakeTarget{}, t.Context()
	schema, err := running.Schema(ctx)
	if err != nil || !reflect.DeepEqual(schema, fake.Schema()) {
		t.Errorf("schema is %+v, %v", schema, err)
	}
	if list := running.Configure(ctx, map[string]any{}); list != nil {
		t.Error(list)
	}
	found, err := running.Identify(ctx)
	if err != nil || found.Summary != "Fake 1" {
		t.Errorf("identity is %+v, %v", found, err)
	}
	items := make([]identity.Item, largeCount)
	for n := range items {
		items[n] = group(fmt.Sprint(n), 0)
	}
	translations, err := running.Translate(ctx, items)
	if err != nil || len(translations) != largeCount || !reflect.DeepEqual(translations[777], fake.Translate(items[777])) {
		t.Errorf("%d translations, %v", len(translations), err)
	}
	var live []identity.Resource
	summary, err := running.Read(ctx, func(r identity.Resource) error { live = append(live, r); return nil })
	if err != nil || len(live) != largeCount || summary != (contract.ReadSummary{Resources: largeCount, Requests: 2}) {
		t.Errorf("%d resources, %+v, %v", len(live), summary, err)
	}
	if live[3].Attributes == nil || live[3].ServerID != "s" || live[3].Tag != "t" {
		t.Errorf("resource is %#v", live[3])
	}
}

func TestATargetChecksAppliesAndKeepsAMarker(t *testing.T) {
	running, ctx := target(t), t.Context()
	large := make([]identity.Resource, 9)
	for n := range large {
		large[n] = identity.Resource{Type: "group", Key: fmt.Sprint(n),
			Attributes: identity.Attributes{"text": strings.Repeat("x", 1<<20)}}
	}
	findings, err := running.Check(ctx, large, large[:2])
	if err != nil || len(findings) != 1 || findings[0].Finding.Summary != "9 desired, 2 live" {
		t.Errorf("findings are %+v, %v", findings, err)
	}
	step := contract.StepRequest{StepID: "group:/a", Action: "create",
		Resource: identity.ResourceID{Type: "group", Key: "/a"}, Secrets: map[string]string{"secret": "s3"}}
	result, err := running.Apply(ctx, step)
	if err != nil || !reflect.DeepEqual(result, contract.StepResult{ServerID: "new", Already: true, Requests: 3,
		Generated: map[string]string{"secret": "s3!"}}) {
		t.Errorf("result is %+v, %v", result, err)
	}
	step.Before = identity.Attributes{}
	var failure *contract.ProviderError
	if _, err = running.Apply(ctx, step); !errors.As(err, &failure) || failure.Live["name"] != "other" {
		t.Errorf("error is %#v", err)
	}
	step.Action = "destroy"
	if _, err = running.Apply(ctx, step); !errors.As(err, &failure) || failure.Code != contract.ErrorInvalid {
		t.Errorf("error is %#v", err)
	}
	marker, revision, err := running.ReadMarker(ctx)
	if err != nil || revision != "" || !reflect.DeepEqual(marker, contract.Marker{}) {
		t.Errorf("marker is %+v %q, %v", marker, revision, err)
	}
	marker = contract.Marker{Migration: "m", Tenant: "t", AppliedPlan: "b", AppliedMade: "a", Revoked: []string{"x", "y"},
		Run: "r", RunHost: "h", Lease: contract.Lease{ID: "l", Run: "r", Actor: "a", Host: "h", PID: 1, Command: "c",
			Since: "s", Expires: "e"}, Fence: 1 << 60, Bindings: map[string]string{"x": "y"}}
	if revision, err = running.WriteMarker(ctx, marker, ""); err != nil || revision != "1" {
		t.Errorf("revision is %q, %v", revision, err)
	}
	if again, _, err := running.ReadMarker(ctx); err != nil || !reflect.DeepEqual(again, marker) {
		t.Errorf("marker is %+v, %v", again, err)
	}
	if _, err = running.WriteMarker(ctx, marker, "0"); !errors.As(err, &failure) ||
		failure.Code != contract.ErrorConflict {
		t.Errorf("error is %#v", err)
	}
}

func TestAnErrorOfTheReceiverEndsTheStream(t *testing.T) {
	full := errors.New("disk full")
	if err := source(t, "endless").Collect(t.Context(), &kept{stop: full}); !errors.Is(err, full) {
		t.Errorf("error is %v", err)
	}
	if _, err := target(t).Read(t.Context(), func(identity.Resource) error { return full }); !errors.Is(err, full) {
		t.Errorf("error is %v", err)
	}
}

func TestLogsArriveWithTheirLevelAndPrintsArriveToo(t *testing.T) {
	var log bytes.Buffer
	o := options(t, "source")
	o.Logger = hclog.New(&hclog.LoggerOptions{Output: hclog.NewLeveledWriter(&log, nil), Level: hclog.Trace})
	running := sourceWith(t, o, "killed")
	wantCode(t, running.Collect(context.Background(), &kept{}), "plugin-died")
	running.Close()
	if text := log.String(); !strings.Contains(text, "[ERROR]") || !strings.Contains(text, "about to fall over") ||
		strings.Contains(text, "received data") {
		t.Errorf("log is %s", text)
	}
}
