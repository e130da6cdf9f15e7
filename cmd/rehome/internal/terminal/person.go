package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Person is whoever sits at the terminal: asked on one stream, heard on another. All questions of a command read
// through the same one, so that no answer is lost in the buffer of another.
type Person struct {
	in    io.Reader
	err   io.Writer
	can   bool        // anybody can be asked
	lines chan string // made at the first question; closed when nothing more will be typed
}

// NewPerson asks on err and hears on in, where anybody can be asked; else in is what was piped to the command.
func NewPerson(in io.Reader, err io.Writer, can bool) *Person {
	return &Person{in: in, err: err, can: can}
}

// Possible implements project.Ask.
func (p *Person) Possible() bool { return p.can }

// Line implements project.Ask. What is read in the background is waited for, so that Ctrl-C is seen while a person
// thinks.
func (p *Person) Line(ctx context.Context, question string) (string, error) {
	fmt.Fprint(p.err, question)
	if p.lines == nil {
		p.lines = make(chan string)
		go p.read(ctx)
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(p.err)
		return "", ctx.Err()
	case line, more := <-p.lines:
		if !more {
			return "", io.EOF
		}
		return line, nil
	}
}

func (p *Person) read(ctx context.Context) {
	defer close(p.lines)
	reader := bufio.NewReader(p.in)
	for {
		line, err := reader.ReadString('\n')
		if line != "" || err == nil {
			select {
			case p.lines <- strings.TrimSpace(line):
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Secret implements project.Ask. Spaces belong to the value, the end of the line does not.
func (p *Person) Secret(_ context.Context, question string) (string, error) {
	if p.can {
		fmt.Fprint(p.err, question)
		typed, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(p.err)
		if err != nil {
			return "", fmt.Errorf("reading the value: %w", err)
		}
		return nonEmpty(string(typed))
	}
	line, err := bufio.NewReader(p.in).ReadString('\n')
	if err != nil && line == "" {
		return "", errors.New("standard input is empty: pipe the value in")
	}
	return nonEmpty(line)
}

func nonEmpty(text string) (string, error) {
	if text = strings.TrimRight(text, "\r\n"); text == "" {
		return "", errors.New("the value is empty")
	}
	return text, nil
}
