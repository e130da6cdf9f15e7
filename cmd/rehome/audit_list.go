package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/pseudonym"
	"github.com/rehome-iam/rehome/state"
)

// auditList prints records as they come; with a limit it holds the newest so many and prints them at the end.
type auditList struct {
	s       *session
	limit   int
	newest  []state.AuditRecord // a ring once it is full
	seen    int
	printed int
	actor   string // of the record printed last
}

func newAuditList(s *session, limit int) *auditList { return &auditList{s: s, limit: limit} }

func (l *auditList) add(record state.AuditRecord) error {
	if l.limit == 0 {
		return l.print(record)
	}
	if len(l.newest) < l.limit {
		l.newest = append(l.newest, record)
	} else {
		l.newest[l.seen%l.limit] = record
	}
	l.seen++
	return nil
}

func (l *auditList) end() error {
	for i := range l.newest {
		if err := l.print(l.newest[(l.seen+i)%len(l.newest)]); err != nil {
			return err
		}
	}
	if !l.s.global.json {
		return nil
	}
	if l.printed == 0 {
		return l.s.document(map[string]any{"format_version": eventFormat, "records": []state.AuditRecord{}})
	}
	_, err := io.WriteString(l.s.env.out, "\n  ]\n}\n")
	return err
}

func (l *auditList) print(record state.AuditRecord) error {
	l.printed++
	if l.s.global.json {
		return l.printJSON(record)
	}
	same := l.actor == record.Event.Actor
	l.actor = record.Event.Actor
	return printRecord(l.s.env.out, record, same)
}

// printJSON writes one element of the document, so that a chain of any length is one document without being held.
func (l *auditList) printJSON(record state.AuditRecord) error {
	m, err := l.s.masker(nil)
	if err != nil {
		return err
	}
	encoded, err := json.MarshalIndent(record, "    ", "  ")
	if err != nil {
		return fmt.Errorf("encoding record %d: %w", record.Sequence, err)
	}
	before := ",\n    "
	if l.printed == 1 {
		before = fmt.Sprintf("{\n  \"format_version\": %q,\n  \"records\": [\n    ", eventFormat)
	}
	_, err = fmt.Fprintf(l.s.env.out, "%s%s", before, masked(m, encoded))
	return err
}

// masked is a document without people; a nil masker leaves it.
func masked(m *pseudonym.Masker, encoded []byte) []byte {
	if m == nil {
		return encoded
	}
	return []byte(strings.TrimRight(string(m.JSON(encoded)), "\n"))
}

// printRecord leaves the actor out where it is that of the record before.
func printRecord(w io.Writer, r state.AuditRecord, sameActor bool) error {
	e := r.Event
	names := make([]string, 0, len(e.Facts))
	for name := range e.Facts {
		names = append(names, name)
	}
	sort.Strings(names)
	facts := make([]string, 0, len(names))
	for _, name := range names {
		facts = append(facts, name+"="+view.Clean(e.Facts[name]))
	}
	_, err := fmt.Fprintf(w, "%5d  %-24s  %s  %-42s %s\n", r.Sequence, e.At.UTC().Format("2 Jan 2006 15:04:05 UTC"), r.Hash[:12], e.Name, view.Clean(e.Target))
	if err == nil && len(facts) > 0 {
		_, err = fmt.Fprintf(w, "       %s\n", strings.Join(facts, "  "))
	}
	if err == nil && !sameActor {
		_, err = fmt.Fprintf(w, "       by %s\n", view.Clean(e.Actor))
	}
	return err
}
