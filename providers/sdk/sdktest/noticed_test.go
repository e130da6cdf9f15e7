package sdktest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
)

// witness hears what a check complains of, instead of failing the test that asks.
type witness struct {
	testing.TB
	heard []string
}

func (w *witness) Helper() {}

func (w *witness) Error(args ...any) { w.heard = append(w.heard, fmt.Sprint(args...)) }

func (w *witness) Errorf(format string, args ...any) {
	w.heard = append(w.heard, fmt.Sprintf(format, args...))
}

func (w *witness) Fatal(args ...any) { w.Error(args...); runtime.Goexit() }

func (w *witness) Fatalf(format string, args ...any) { w.Errorf(format, args...); runtime.Goexit() }

// complaints of a check.
func complaints(t *testing.T, check func(testing.TB)) string {
	t.Helper()
	w, ended := &witness{TB: t}, make(chan struct{})
	go func() { defer close(ended); check(w) }()
	<-ended
	return strings.Join(w.heard, "\n")
}

// badSource is a good one with one of its answers made wrong.
type badSource struct {
	goodSource
	schema    func(*contract.ProviderSchema)
	configure diag.List
	identify  error
	collect   func(context.Context, sdk.Sink) error
}

func (b badSource) Schema() contract.ProviderSchema {
	schema := b.goodSource.Schema()
	if b.schema != nil {
		b.schema(&schema)
	}
	return schema
}

func (b badSource) Configure(context.Context, map[string]any) diag.List { return b.configure }

func (b badSource) Identify(ctx context.Context) (contract.SourceIdentity, error) {
	if b.identify != nil {
		return contract.SourceIdentity{}, b.identify
	}
	return b.goodSource.Identify(ctx)
}

func (b badSource) Collect(ctx context.Context, sink sdk.Sink) error {
	if b.collect != nil {
		return b.collect(ctx, sink)
	}
	return b.goodSource.Collect(ctx, sink)
}

func TestSource_NoticesWhatBreaksTheContract(t *testing.T) {
	group := func(change func(*identity.Item)) func(context.Context, sdk.Sink) error {
		return func(ctx context.Context, sink sdk.Sink) error {
			item := identity.Item{Kind: identity.KindGroup, ID: "1", Attributes: []byte("{}")}
			change(&item)
			return errors.Join(ctx.Err(), sink.Items(ctx, item))
		}
	}
	argument := func(list ...contract.ConfigAttribute) func(*contract.ProviderSchema) {
		return func(s *contract.ProviderSchema) { s.Config = list }
	}
	for name, c := range map[string]struct {
		source badSource
		want   string
	}{
		"no version": {badSource{schema: func(s *contract.ProviderSchema) { s.Version = "" }}, "no name, version or text"},
		"no kind":    {badSource{schema: func(s *contract.ProviderSchema) { s.Kinds = nil }}, "names no kind"},
		"an argument twice": {badSource{schema: argument(contract.ConfigAttribute{Name: "a", Type: "string", Doc: "A."},
			contract.ConfigAttribute{Name: "a", Type: "string", Doc: "A."})}, `argument "a" is there twice`},
		"an argument of no type": {badSource{schema: argument(contract.ConfigAttribute{Name: "a", Type: "text", Doc: "A."})},
			`its type "text" is not known`},
		"arguments refused": {badSource{configure: diag.List{diag.Errorf("x", "X", "x")}}, "arguments that work are refused"},
		"no identity":       {badSource{identify: errors.New("who?")}, "who?"},
		"a fault": {badSource{collect: func(context.Context, sdk.Sink) error { return errors.New("broken") }},
			"collecting: broken"},
		"deaf to an end": {badSource{collect: func(_ context.Context, sink sdk.Sink) error {
			return sink.Items(context.Background(), identity.Item{Kind: identity.KindGroup, ID: "1", Attributes: []byte("{}")})
		}}, "cancelled ended without an error"},
		"a kind that it does not name": {badSource{collect: group(func(i *identity.Item) { i.Kind = identity.KindUser })},
			"of a kind that the schema does not name"},
		"a secret in an item": {badSource{collect: group(func(i *identity.Item) { i.Raw = []byte(`{"t":"hunter2"}`) })},
			"holds a secret"},
		"a secret in a page": {badSource{collect: func(ctx context.Context, sink sdk.Sink) error {
			_, err := sink.Page(ctx, identity.PageEvidence{Method: "GET", Path: "/", SHA256: "00", Query: "token=hunter2"})
			return errors.Join(ctx.Err(), err)
		}}, "page 1 (/) holds a secret"},
		"a page without a sum": {badSource{collect: func(ctx context.Context, sink sdk.Sink) error {
			_, err := sink.Page(ctx, identity.PageEvidence{Method: "GET", Path: "/x"})
			return errors.Join(ctx.Err(), err)
		}}, "no method, path or sum: /x"},
		"an item twice": {badSource{collect: func(ctx context.Context, sink sdk.Sink) error {
			item := identity.Item{Kind: identity.KindGroup, ID: "1", Attributes: []byte("{}")}
			return errors.Join(ctx.Err(), sink.Items(ctx, item, item))
		}}, "came twice"},
	} {
		got := complaints(t, func(tb testing.TB) { sdktest.Source(tb, c.source, nil, "hunter2") })
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: heard %q, want %q", name, got, c.want)
		}
	}
	if got := complaints(t, func(tb testing.TB) { sdktest.Source(tb, goodSource{}, nil, "hunter2") }); got != "" {
		t.Errorf("a good source is complained of: %s", got)
	}
}

// badTarget is a good one with one of its answers made wrong.
type badTarget struct {
	*goodTarget
	schema    func(*contract.ProviderSchema)
	names     []string // identities, one after the other
	translate func(identity.Item) contract.Translation
	read      func(each func(identity.Resource) error) (contract.ReadSummary, error)
	keep      func(*contract.Marker)
	asked     int
}

func (b *badTarget) Schema() contract.ProviderSchema {
	schema := b.goodTarget.Schema()
	if b.schema != nil {
		b.schema(&schema)
	}
	return schema
}

func (b *badTarget) Identify(context.Context) (contract.TargetIdentity, error) {
	if b.names == nil {
		return contract.TargetIdentity{Identity: "one"}, nil
	}
	b.asked++
	return contract.TargetIdentity{Identity: b.names[b.asked-1]}, nil
}

func (b *badTarget) Translate(item identity.Item) contract.Translation {
	if b.translate != nil {
		return b.translate(item)
	}
	return b.goodTarget.Translate(item)
}

func (b *badTarget) Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	if b.read != nil {
		return b.read(each)
	}
	return b.goodTarget.Read(ctx, each)
}

func (b *badTarget) WriteMarker(ctx context.Context, m contract.Marker,
	on contract.MarkerRevision) (contract.MarkerRevision, error) {
	if b.keep != nil {
		b.keep(&m)
		on = b.name()
	}
	return b.goodTarget.WriteMarker(ctx, m, on)
}

func TestTarget_NoticesWhatBreaksTheContract(t *testing.T) {
	becomes := func(r identity.Resource) func(identity.Item) contract.Translation {
		return func(identity.Item) contract.Translation {
			return contract.Translation{Resources: []identity.Resource{r}}
		}
	}
	count := 0
	for name, c := range map[string]struct {
		target badTarget
		want   string
	}{
		"no types": {badTarget{schema: func(s *contract.ProviderSchema) { s.Resources = nil }}, "names no resource type"},
		"no key": {badTarget{schema: func(s *contract.ProviderSchema) { s.Resources[0].KeyFormat = "" }},
			"is there twice or has no key"},
		"no name":   {badTarget{names: []string{"", ""}}, "identity is"},
		"two names": {badTarget{names: []string{"one", "two"}}, `identity changed from "one" to "two"`},
		"drops items": {badTarget{translate: func(identity.Item) contract.Translation { return contract.Translation{} }},
			"is dropped without a word"},
		"another type": {badTarget{translate: becomes(identity.Resource{Type: "team", Key: "/a"})}, `becomes a "team"`},
		"another attribute": {badTarget{translate: becomes(identity.Resource{Type: "group", Key: "/a",
			Attributes: identity.Attributes{"colour": "red"}})}, "attribute colour of group"},
		"two answers": {badTarget{translate: func(identity.Item) contract.Translation {
			count++
			return contract.Translation{Contract: fmt.Sprint(count), Resources: []identity.Resource{{Type: "group", Key: "/a"}}}
		}}, "two translations of"},
		"reads twice": {badTarget{read: func(each func(identity.Resource) error) (contract.ReadSummary, error) {
			r := identity.Resource{Type: "group", Key: "/a"}
			return contract.ReadSummary{Resources: 2}, errors.Join(each(r), each(r))
		}}, "came twice"},
		"counts wrongly": {badTarget{read: func(each func(identity.Resource) error) (contract.ReadSummary, error) {
			return contract.ReadSummary{Resources: 7}, each(identity.Resource{Type: "group", Key: "/a"})
		}}, "the summary counts 7"},
		"reads another type": {badTarget{read: func(each func(identity.Resource) error) (contract.ReadSummary, error) {
			return contract.ReadSummary{Resources: 1}, each(identity.Resource{Type: "team", Key: "/a"})
		}}, "of a type that the schema does not name"},
		"goes on after an error": {badTarget{read: func(each func(identity.Resource) error) (contract.ReadSummary, error) {
			_ = each(identity.Resource{Type: "group", Key: "/a"})
			return contract.ReadSummary{Resources: 1}, nil
		}}, "the error of the reader became <nil>"},
	} {
		c.target.goodTarget = &goodTarget{}
		if got := complaints(t, func(tb testing.TB) { sdktest.Target(tb, &c.target, nil) }); !strings.Contains(got, c.want) {
			t.Errorf("%s: heard %q, want %q", name, got, c.want)
		}
	}
}

func TestMarker_NoticesALostFieldAndABlindWrite(t *testing.T) {
	forgetful := &badTarget{goodTarget: &goodTarget{}, keep: func(m *contract.Marker) { m.Fence = 0 }}
	got := complaints(t, func(tb testing.TB) { sdktest.Marker(tb, forgetful) })
	for _, want := range []string{"marker is", "a write based on an old revision gave <nil>, want a conflict"} {
		if !strings.Contains(got, want) {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
}

func TestGolden_NamesTheFirstLineThatDiffers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "items.golden")
	collected := sdktest.NewCollected()
	items := []identity.Item{
		{Kind: identity.KindApplication, ID: "b", Name: "https://127.0.0.1:7/x", Attributes: []byte("{}"), Raw: []byte("{}")},
		{Kind: identity.KindGroup, ID: "2", Attributes: []byte("{}")},
		{Kind: identity.KindGroup, ID: "1", Attributes: []byte("{}")},
	}
	if err := collected.Sink().Items(t.Context(), items...); err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, item := range collected.Sorted() {
		order = append(order, item.ID)
	}
	if at := slices.Index(order, "1"); at < 0 || order[at+1] != "2" {
		t.Errorf("items of one kind are in the order %q", order)
	}
	compare := func(tb testing.TB) { collected.GoldenItems(tb, path, "https://127.0.0.1:7") }
	if got := complaints(t, compare); !strings.Contains(got, "set "+sdktest.UpdateGolden+"=1 to write it") {
		t.Errorf("without a file: %q", got)
	}
	t.Setenv(sdktest.UpdateGolden, "1")
	compare(t)
	t.Setenv(sdktest.UpdateGolden, "")
	if got := complaints(t, compare); got != "" {
		t.Errorf("what was just written differs: %s", got)
	}
	content, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(content), "127.0.0.1") || strings.Contains(string(content), `"raw":"`) {
		t.Errorf("the file holds %s, %v", content, err)
	}
	lines := strings.Split(string(content), "\n")
	changed := strings.Join(append(lines[:1:1], "{}"), "\n")
	got := complaints(t, func(tb testing.TB) { sdktest.Golden(tb, path, changed) })
	if !strings.Contains(got, ", line 2:") {
		t.Errorf("heard %q", got)
	}
	got = complaints(t, func(tb testing.TB) { sdktest.Golden(tb, path, lines[0]) })
	if !strings.Contains(got, "got  (the end)") {
		t.Errorf("of a text that ends early: %q", got)
	}
}

func TestSink_KeepsGaps(t *testing.T) {
	collected := sdktest.NewCollected()
	gap := identity.Gap{Kind: identity.KindGroup, Path: "/groups", Status: 403}
	if err := collected.Sink().Gap(t.Context(), gap); err != nil || len(collected.Gaps) != 1 || collected.Gaps[0] != gap {
		t.Errorf("gaps are %+v, %v", collected.Gaps, err)
	}
}
