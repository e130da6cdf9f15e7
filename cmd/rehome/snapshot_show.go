package main

import (
	"context"
	"io"
	"iter"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/readings"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/state"
)

type snapshotShowOptions struct{ source, kind, item string }

func snapshotShowCommand() Command {
	var o snapshotShowOptions
	return Command{
		Path: "snapshot show", Args: "[ID]",
		Class: classRead,
		Short: "Show a snapshot, its items, or one item",
		Long: `Show tells what a snapshot holds: items by kind, gaps, pages. With -kind it lists the items of a kind, sorted by id; with -item it shows one
with its fields and its redacted raw payload. A failed snapshot says why it failed and on which page.`,
		Example: "  rehome snapshot show\n  rehome snapshot show latest -kind=application\n" +
			"  rehome snapshot show latest -item=application/0oa1f4k2",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.source, "source", "", "the source that latest and previous speak of")
			f.StringVar(&o.kind, "kind", "", "list the items of this kind")
			f.StringVar(&o.item, "item", "", "show one item: kind/id or source/kind/id")
		},
		Settled: true,
		Run: func(ctx context.Context, r *call) error {
			return runSnapshotShow(ctx, r, wordOr(r.args, "latest"), o)
		},
	}
}

// wordOr is the first argument, or what stands for none.
func wordOr(args []string, otherwise string) string {
	if len(args) == 0 {
		return otherwise
	}
	return args[0]
}

func runSnapshotShow(ctx context.Context, r *call, word string, o snapshotShowOptions) error {
	snapshot, err := reading.FindSnapshot(ctx, r.Project, word, o.source)
	if err != nil {
		return err
	}
	switch {
	case o.item != "":
		return showSnapshotItem(ctx, r, snapshot, o.item)
	case o.kind != "":
		return listSnapshotItems(ctx, r, snapshot, o.kind)
	}
	detail, err := reading.Detail(ctx, r.Project, snapshot)
	if err != nil {
		return err
	}
	if r.global.json {
		return r.document(map[string]any{"format_version": eventFormat, "snapshot": snapshot, "pages": detail.Pages,
			"assessments": detail.Assessments})
	}
	readings.Snapshot(r.env.out, detail, r.Now())
	return nil
}

func listSnapshotItems(ctx context.Context, r *call, snapshot state.Snapshot, name string) error {
	kind, err := reading.ParseKind(name)
	if err != nil {
		return err
	}
	items, err := reading.Items(ctx, r.Project, snapshot, kind)
	if err != nil {
		return err
	}
	if !r.global.json {
		return layout.Buffered(r.env.out, func(w io.Writer) error { return readings.Items(w, snapshot, kind, items) })
	}
	head := map[string]any{"format_version": eventFormat, "snapshot": snapshot.ID, "source": snapshot.Source, "kind": kind}
	return writeList(r, head, "items", items, func(m *pseudonym.Masker, item identity.Item) identity.Item {
		item.Raw = nil
		return m.Item(item)
	})
}

// writeList writes one JSON document with a list in it as it streams, each element hidden as it says.
func writeList[T any](r *call, head map[string]any, name string, stream iter.Seq2[T, error],
	hide func(*pseudonym.Masker, T) T) error {
	mask, err := r.jsonMask()
	if err != nil {
		return err
	}
	return layout.Stream(r.env.out, mask.JSON, head, name, stream, func(element T) any { return hide(mask, element) })
}

// jsonMask hides people in JSON; nil in text, and where people are to be shown.
func (r *call) jsonMask() (*pseudonym.Masker, error) {
	if !r.global.json {
		return nil, nil
	}
	return r.Masker(nil)
}

func showSnapshotItem(ctx context.Context, r *call, snapshot state.Snapshot, text string) error {
	item, page, err := reading.Item(ctx, r.Project, snapshot, text)
	if err != nil {
		return err
	}
	if !r.global.json {
		return readings.Item(r.env.out, item, page)
	}
	mask, err := r.Masker(nil)
	if err != nil {
		return err
	}
	return r.document(map[string]any{"format_version": eventFormat, "snapshot": snapshot.ID,
		"item": mask.Item(item), "page": page})
}
