package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// misuse says what is wrong with the words of a command line.
func misuse(format string, args ...any) error {
	return diag.Errorf("usage", "Command line is wrong", "%s", phrase.Sentence(fmt.Errorf(format, args...)))
}

// fewWorkers refuses a -parallelism that would make the target slower.
func fewWorkers(n int) error {
	if n < 1 || n > 8 {
		return misuse("-parallelism must be 1 to 8: the target gets slower above that")
	}
	return nil
}

// usageError is misuse of a command whose help says how it is meant.
func usageError(c *cobra.Command, err error) error {
	text := err.Error()
	if _, flag, ok := strings.Cut(text, " in -"); ok {
		text = "unknown flag -" + flag // pflag would speak of a cluster of short flags
	}
	text = strings.Replace(text, "flag: --", "flag -", 1)
	if !strings.HasSuffix(text, "?") {
		text = strings.TrimSuffix(text, ".") + "."
	}
	return misuse("%s See %s -help", text, c.CommandPath())
}

// sayArguments makes what cobra says of too many or too few arguments an error of usage, in words.
func sayArguments(c *cobra.Command) {
	for _, sub := range c.Commands() {
		sayArguments(sub)
	}
	check := c.Args
	if check == nil {
		return
	}
	c.Args = func(c *cobra.Command, args []string) error {
		err := check(c, args)
		var said diag.Diagnostic
		switch {
		case err == nil, errors.As(err, &said):
			return err
		case strings.HasPrefix(err.Error(), "unknown command"):
			return usageError(c, fmt.Errorf("no argument is expected, but %q was given", args[0]))
		case strings.HasPrefix(err.Error(), "accepts "), strings.HasPrefix(err.Error(), "requires "):
			return usageError(c, fmt.Errorf("it is called as %s", strings.TrimSuffix(c.UseLine(), " [flags]")))
		}
		return usageError(c, err)
	}
}

// unknownCommand refuses a word that no command has. Cobra would show the help of the parent and end with success, or
// speak in its own way.
func unknownCommand(root *cobra.Command, args []string) error {
	found, rest, err := root.Find(args)
	if err == nil && found.Name() == "help" {
		args = rest
		found, rest, err = root.Find(args)
	}
	if err != nil {
		for i, arg := range args {
			if !strings.HasPrefix(arg, "-") {
				rest = args[i:]
				break
			}
		}
		found = root
	}
	if err == nil && (found == root || found.Runnable()) || len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return nil
	}
	near := ""
	if found.SuggestionsMinimumDistance <= 0 {
		found.SuggestionsMinimumDistance = 2
	}
	if names := found.SuggestionsFor(rest[0]); len(names) > 0 {
		near = ". Did you mean " + strings.Join(names, " or ") + "?"
	}
	what := "command"
	if found != root {
		what = "command of " + found.CommandPath()
	}
	return usageError(found, fmt.Errorf("%q is no %s%s", rest[0], what, near))
}
