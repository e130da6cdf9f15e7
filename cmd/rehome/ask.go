package main

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

// person is whoever sits at the terminal: asked on stderr, heard on stdin. All questions of a command read through the same one, so
// that no answer is lost in the buffer of another.
type person struct {
	env   *environment
	can   bool        // anybody can be asked
	lines chan string // made at the first question; closed when nothing more will be typed
}

func newPerson(env *environment, global *options) *person {
	return &person{env: env, can: env.asks && global.input && !env.automation()}
}

// Possible implements project.Ask.
func (p *person) Possible() bool { return p.can }

// Line implements project.Ask. What is read in the background is waited for, so that Ctrl-C is seen while a person thinks.
func (p *person) Line(ctx context.Context, question string) (string, error) {
	fmt.Fprint(p.env.err, question)
	if p.lines == nil {
		p.lines = make(chan string)
		go p.read(ctx)
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(p.env.err)
		return "", ctx.Err()
	case line, more := <-p.lines:
		if !more {
			return "", io.EOF
		}
		return line, nil
	}
}

func (p *person) read(ctx context.Context) {
	defer close(p.lines)
	reader := bufio.NewReader(p.env.in)
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
func (p *person) Secret(_ context.Context, question string) (string, error) {
	if p.can {
		fmt.Fprint(p.env.err, question)
		typed, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(p.env.err)
		if err != nil {
			return "", fmt.Errorf("reading the value: %w", err)
		}
		return nonEmpty(string(typed))
	}
	line, err := bufio.NewReader(p.env.in).ReadString('\n')
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
