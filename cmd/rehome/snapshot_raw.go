package main

import (
	"bufio"
	"context"
	"errors"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
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
	if out == "" {
		buffered := bufio.NewWriter(r.env.out)
		_, err := reading.ExportPages(ctx, r.Project, snapshot.ID, buffered)
		return errors.Join(err, buffered.Flush())
	}
	file, err := project.NewPrivateFile(r.Path(out))
	if err != nil {
		return err
	}
	n, err := reading.ExportPages(ctx, r.Project, snapshot.ID, file)
	if err := file.Close(err); err != nil {
		return err
	}
	r.Note("%s of %s written to %s, each as its digest says", phrase.Plural(n, "page", "pages"), snapshot.ID, out)
	return nil
}
