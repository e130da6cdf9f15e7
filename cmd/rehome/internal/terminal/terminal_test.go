package terminal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/terminal"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/project"
)

// clock goes on by a step at each look.
type clock struct {
	at   time.Time
	step time.Duration
}

func (c *clock) now() time.Time {
	c.at = c.at.Add(c.step)
	return c.at
}

func newClock(step time.Duration) *clock {
	return &clock{at: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), step: step}
}

// events decodes JSON lines.
func events(t *testing.T, lines string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(lines) {
		event := map[string]any{}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, event)
	}
	return all
}

func TestPerson_AnswersOneQuestionAfterTheOther(t *testing.T) {
	var asked bytes.Buffer
	p := terminal.NewPerson(strings.NewReader("  map \nskip"), &asked, true)
	for _, want := range []string{"map", "skip"} {
		if got, err := p.Line(t.Context(), "What? "); err != nil || got != want {
			t.Errorf("got %q and %v, want %q", got, err, want)
		}
	}
	if _, err := p.Line(t.Context(), "What? "); !errors.Is(err, io.EOF) {
		t.Errorf("nothing more is typed, and the error is %v", err)
	}
	if asked.String() != "What? What? What? " {
		t.Errorf("asked %q", asked.String())
	}
}

func TestPerson_IsLeftWhenTheCommandEndsWhileHeThinks(t *testing.T) {
	silent, speaking := io.Pipe()
	defer speaking.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := terminal.NewPerson(silent, io.Discard, true).Line(ctx, "What? "); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestPerson_SecretIsTheFirstLineOfWhatIsPipedIn(t *testing.T) {
	for piped, want := range map[string]string{" s3cret \r\nmore": " s3cret ", "whole": "whole", "": "", "\n": ""} {
		got, err := terminal.NewPerson(strings.NewReader(piped), io.Discard, false).Secret(t.Context(), "Value: ")
		if got != want || (err != nil) != (want == "") {
			t.Errorf("of %q: got %q and %v, want %q", piped, got, err, want)
		}
	}
}

func TestListener_TellsFactsToProgramsAndNotesToPeople(t *testing.T) {
	for name, silent := range map[string]bool{"a person reads": false, "a program reads": true} {
		t.Run(name, func(t *testing.T) {
			var lines, notes bytes.Buffer
			parting, shown := "", 0
			l := &terminal.Listener{
				Lines: terminal.NewLines(&lines, newClock(time.Second).now), Err: &notes, Silent: silent,
				Show: func(list diag.List) { shown += len(list) }, Part: func(words string) { parting = words },
			}
			l.Hide(func(line []byte) []byte { return bytes.ReplaceAll(line, []byte("ana"), []byte("p-1")) })
			l.Send(project.Fact{Type: "read", Fields: map[string]any{"who": "ana <a>"}})
			l.Send(project.Fact{Type: "contact", Fields: map[string]any{"call": "ana"}, Declared: true})
			l.Send(project.Note{Text: "a note"})
			l.Send(project.Problems{List: diag.List{diag.Errorf("some-code", "Some title", "ana did it")}})
			l.Send(project.Parting{Text: "go on with apply"})
			got := events(t, lines.String())
			if len(got) != 4 || got[0]["type"] != "version" || got[0]["format_version"] != terminal.Format ||
				got[1]["who"] != "p-1 <a>" || got[2]["call"] != "ana" || got[3]["type"] != "diagnostic" {
				t.Errorf("got %v", got)
			}
			if got[1]["at"] != "2026-11-22T08:00:02.000Z" {
				t.Errorf("at %v", got[1]["at"])
			}
			if strings.Contains(lines.String(), "ana did it") {
				t.Error("a problem names somebody")
			}
			want := map[bool]int{false: 1, true: 0}[silent]
			if shown != want || strings.Count(notes.String(), "a note\n") != want || parting != "go on with apply" {
				t.Errorf("shown %d, notes %q, parting %q", shown, notes.String(), parting)
			}
		})
	}
}

func TestLines_GoNowhereWithoutAReader(t *testing.T) {
	l := terminal.NewLines(nil, time.Now)
	l.Emit("read", nil)
	if l.Heard() {
		t.Error("somebody is said to hear")
	}
}

func TestListener_ProgressIsALineAndASignOfLife(t *testing.T) {
	for name, live := range map[string]bool{"in a terminal": true, "in a file": false} {
		t.Run(name, func(t *testing.T) {
			var lines, err bytes.Buffer
			c := newClock(3 * time.Second)
			l := &terminal.Listener{Lines: terminal.NewLines(&lines, c.now), Err: &err, Live: live, Now: c.now}
			for done := range 8 {
				l.Send(project.Progress{Done: done, Total: 8, Current: "client:wiki"})
			}
			l.Send(project.Progress{Text: "a"})
			l.Send(project.Progress{End: true})
			if drawn := strings.Contains(err.String(), "7/8   client:wiki"); drawn != live {
				t.Errorf("drawn: %v, in %q", drawn, err.String())
			}
			if live && !strings.HasSuffix(err.String(), "\r \r") {
				t.Errorf("the line is not cleared: %q", err.String())
			}
			signs := events(t, lines.String())
			if len(signs) < 3 || len(signs) > 8 || signs[1]["type"] != "progress" {
				t.Errorf("%d signs of life: %v", len(signs), signs)
			}
		})
	}
}

func TestListener_ShortWorkShowsNoProgress(t *testing.T) {
	var err bytes.Buffer
	c := newClock(100 * time.Millisecond)
	l := &terminal.Listener{Lines: terminal.NewLines(nil, c.now), Err: &err, Live: true, Now: c.now}
	for range 5 {
		l.Send(project.Progress{Text: "reading"})
	}
	l.Send(project.Progress{End: true})
	if err.Len() > 0 {
		t.Errorf("%q", err.String())
	}
}
