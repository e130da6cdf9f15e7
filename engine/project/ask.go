package project

import (
	"context"
	"errors"
	"io"

	"github.com/rehome-iam/rehome/engine/diag"
)

// Ask is the one way to ask a person something.
type Ask interface {
	// Possible tells whether anybody can be asked. Where nobody can, a use case refuses and says which argument answers
	// instead.
	Possible() bool
	// Line asks a question and returns what was typed, without the space around it. io.EOF says that nothing more will
	// be typed, the error of ctx that it ended while a person thought.
	Line(ctx context.Context, question string) (string, error)
	// Secret asks for a value without showing it. Where nobody can be asked it is the first line of what was piped in.
	Secret(ctx context.Context, question string) (string, error)
}

// Nobody is an Ask without anybody to ask.
type Nobody struct{}

// Possible implements Ask.
func (Nobody) Possible() bool { return false }

// Line implements Ask.
func (Nobody) Line(context.Context, string) (string, error) { return "", io.EOF }

// Secret implements Ask.
func (Nobody) Secret(context.Context, string) (string, error) { return "", io.EOF }

// Confirm asks a person to type yes. Where nobody can be asked, only yes itself, the word of an argument, confirms.
func (p *Project) Confirm(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	if !p.Ask.Possible() {
		return diag.Errorf("confirmation-missing", "Confirmation is missing",
			"%s\nNobody can be asked here, so nothing was done. Give -yes to confirm.", question)
	}
	answer, err := p.Ask.Line(ctx, question+"\nType yes to go on: ")
	if answer == "yes" && (err == nil || errors.Is(err, io.EOF)) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(errors.New("it was not confirmed, so nothing was done"), err)
}
