package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/auditing"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// Chain writes that an audit chain is whole.
func Chain(w io.Writer, r *auditing.ChainReport, automation bool) error {
	_, err := fmt.Fprintf(w, "The chain is whole: %s, head %s\n", phrase.Plural(r.Records, "record", "records"), r.Head)
	switch {
	case err != nil:
		return err
	case r.Checkpoint > 0:
		_, err = fmt.Fprintf(w, "The checkpoint is record %d.\n", r.Checkpoint)
	case !automation:
		_, err = fmt.Fprintln(w, "Without -checkpoint it is not known whether the newest records were cut off.")
	}
	return err
}

// AuditList writes records of the audit chain as they come.
type AuditList struct {
	W     io.Writer
	actor string // of the record before
}

// Add writes one record. The actor is left out where it is that of the record before.
func (l *AuditList) Add(r audit.Record) error {
	e, same, w := r.Event, l.actor == r.Event.Actor, l.W
	l.actor = e.Actor
	facts := make([]string, 0, len(e.Facts))
	for _, name := range sortedTexts(e.Facts) {
		facts = append(facts, name+"="+phrase.Clean(e.Facts[name]))
	}
	_, err := fmt.Fprintf(w, "%5d  %-24s  %s  %-42s %s\n", r.Sequence, e.At.UTC().Format("2 Jan 2006 15:04:05 UTC"),
		r.Hash[:12], e.Name, phrase.Clean(e.Target))
	if err == nil && len(facts) > 0 {
		_, err = fmt.Fprintf(w, "       %s\n", strings.Join(facts, "  "))
	}
	if err == nil && !same {
		_, err = fmt.Fprintf(w, "       by %s\n", phrase.Clean(e.Actor))
	}
	return err
}
