package project

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/diag"
)

// Events takes what happens while a use case works. An implementation is safe for many goroutines and never stops the
// work.
type Events interface {
	Send(event Event)
	// Hide changes the encoded form of every Fact and Problems that follows, so that it names nobody; Declared facts
	// stay.
	Hide(mask func(encoded []byte) []byte)
}

// Event is a Fact, a Note, Problems, a Progress or a Parting.
type Event interface{ event() }

// Fact is something that another program may want to know. Fields hold no secret.
type Fact struct {
	Type     string // a stable word such as collect_completed
	Fields   map[string]any
	Declared bool // holds words of the configuration's author only, such as whom to call: nobody is hidden in them
}

// Note is one line for a person who watches.
type Note struct{ Text string }

// Problems are diagnostics that do not stop the work.
type Problems struct{ List diag.List }

// Progress is a sign of life of work that takes long: Done of Total, or a Text where no total is known. One with End
// set is the last.
type Progress struct {
	Done, Total int
	Current     string // what is worked on, such as client:wiki
	Text        string
	End         bool
}

// Parting is what to say when the process is ended at once from now on. An empty text takes it back.
type Parting struct{ Text string }

func (Fact) event()     {}
func (Note) event()     {}
func (Problems) event() {}
func (Progress) event() {}
func (Parting) event()  {}

// Silent is Events that nobody hears.
type Silent struct{}

// Send implements Events.
func (Silent) Send(Event) {}

// Hide implements Events.
func (Silent) Hide(func([]byte) []byte) {}

// Fact tells other programs of something that happened.
func (p *Project) Fact(kind string, fields map[string]any) {
	p.Events.Send(Fact{Type: kind, Fields: fields})
}

// Note tells a person who watches something in one line.
func (p *Project) Note(format string, args ...any) {
	p.Events.Send(Note{fmt.Sprintf(format, args...)})
}

// Warn shows diagnostics that do not stop the work. None are not shown.
func (p *Project) Warn(list ...diag.Diagnostic) {
	if len(list) > 0 {
		p.Events.Send(Problems{list})
	}
}
