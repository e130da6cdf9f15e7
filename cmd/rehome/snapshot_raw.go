package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/reading"
)

func snapshotRawCommand() Command {
	out, source := "", ""
	return Command{
		Path: "snapshot raw", Args: "[ID]",
		Class: classRead,
		Codes: []string{"page-digest-mismatch"},
		Short: "Export the redacted pages that a snapshot was read from",
		Long: `Raw writes one JSON line a page: request, status, time, counts, the SHA-256 of the redacted body, and the body as text. Each body is checked
against its digest first; a page that does not fit is an error. Pages name people, or their digests would not fit.
To check a line yourself: jq -j .body | sha256sum`,
		Example: "  rehome snapshot raw latest -out=pages.jsonl\n  rehome snapshot raw s-2026-11-22-5b1f0c2d | jq -r .path",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&out, "out", "", "write to this new file (mode 0600) instead of standard output")
			f.StringVar(&source, "source", "", "the source that latest and previous speak of")
		},
		Settled: true,
		Run: func(ctx context.Context, r *call) error {
			return runSnapshotRaw(ctx, r, wordOr(r.args, "latest"), source, out)
		},
	}
}

func runSnapshotRaw(ctx context.Context, r *call, word, source, out string) error {
	snapshot, err := reading.FindSnapshot(ctx, r.Project, word, source)
	if err != nil {
		return err
	}
	export := func(w io.Writer) (int, error) {
		buffered := bufio.NewWriter(w)
		n, err := reading.ExportPages(ctx, r.Project, snapshot.ID, buffered)
		return n, errors.Join(err, buffered.Flush())
	}
	if out == "" {
		_, err := export(r.env.out)
		return err
	}
	n, err := intoNewFile(r.Path(out), export)
	if err != nil {
		return err
	}
	r.Note("%s of %s written to %s, each as its digest says", phrase.Plural(n, "page", "pages"), snapshot.ID, out)
	return nil
}

// intoNewFile fills a file of mode 0600 that must not be there yet, and leaves none behind when that fails.
func intoNewFile(path string, write func(io.Writer) (int, error)) (int, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	n, err := write(f)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return n, errors.Join(err, os.Remove(path))
	}
	return n, nil
}
