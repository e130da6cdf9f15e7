package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/terminal"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/cmd/rehome/internal/view/layout"
	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/project"
)

// Command is all that is said about one command: help, groups of the help, access, phases, codes and the reference are
// made of it. A command that others stand below, such as state, has no Run and no Class.
type Command struct {
	Path  string // its words after rehome: credentials set
	Args  string // behind them in its usage: NAME
	Group group  // in the help of the root, of a command of one word

	Class     commandClass
	ClassWith map[string]commandClass // by the name of a switch that is on: what it is then
	Phase     string                  // in which it uses source and target blocks: config.PhasePlan unless set
	Codes     []string                // diagnostics that come from it and from no other; engine/diag explains them

	Short   string // without a full stop
	Long    string
	Example string

	Takes   cobra.PositionalArgs // nil: as many arguments as Args says
	Flags   func(f *pflag.FlagSet)
	Needs   map[string]string // flags that must be given, and what to say where one is not
	Settled bool              // looks at the history, once a killed process has left nothing unfinished in it
	Run     func(ctx context.Context, r *call) error
}

// commandClass says what a command does with state and target, and so what its token must allow.
type commandClass string

const (
	classFree   commandClass = "free"   // touches neither; where it opens the state after all, it reads
	classBegin  commandClass = "begin"  // free while no rules are recorded, then it reads
	classRead   commandClass = "read"   // looks at state or target
	classManage commandClass = "manage" // changes one of them; a command without a class counts as this
)

func (c commandClass) need() authorization.Need {
	if c == classManage || c == "" {
		return authorization.Manage
	}
	return authorization.Read
}

// group is a title in the help of the root.
type group string

const (
	groupUsual   group = "The usual way"
	groupRecords group = "What was read, judged and done"
	groupProof   group = "Handoff and proof"
	groupProgram group = "State, secrets and this program"
)

func groups() []group { return []group{groupUsual, groupRecords, groupProof, groupProgram} }

// call is one run of a command: the project that it works on, and where its result goes.
type call struct {
	*project.Project
	args   []string
	flags  *pflag.FlagSet
	env    *environment
	global *options
	events *terminal.Lines
	name   string // of the command: credentials set
	root   *cobra.Command
}

// arg is the argument at a place, empty where there are fewer.
func (r *call) arg(n int) string {
	if n < len(r.args) {
		return r.args[n]
	}
	return ""
}

func (r *call) style() view.Style { return r.env.style(r.global.noColor) }

// readers says who reads the result.
func (r *call) readers() view.Readers {
	return view.Readers{Automation: r.env.automation(), Now: r.Now()}
}

// show gives a result to whoever asked: the document as JSON, without people unless they are to be named, else what
// render writes of it.
func (r *call) show(document any, render func(w io.Writer) error) error {
	if !r.global.json {
		return render(r.env.out)
	}
	return r.document(document)
}

// showList is show of a list that is called so; where it is empty, a person reads what fills it.
func showList[T any](r *call, name string, list []T, filledBy string, render func(w io.Writer) error) error {
	return r.show(map[string]any{"format_version": eventFormat, name: list}, func(w io.Writer) error {
		if len(list) > 0 {
			return render(w)
		}
		fmt.Fprintf(w, "No %s.\n", name)
		r.next(filledBy)
		return nil
	})
}

// document writes one JSON document, without people unless they are to be named.
func (r *call) document(value any) error {
	encoded, err := layout.Encoded(value)
	if err == nil {
		encoded, err = r.Mask(encoded)
	}
	if err == nil {
		_, err = r.env.out.Write(encoded)
	}
	return err
}

// showDeclared is show of a document in which nobody is left to hide: it names none, or it holds words of the
// configuration's author, which stay as they were written.
func (r *call) showDeclared(document any, render func(w io.Writer) error) error {
	if !r.global.json {
		return render(r.env.out)
	}
	return layout.Document(r.env.out, document)
}

// event gives one of several results to whoever asked: as an event for programs, else what render writes of it.
func (r *call) event(fact string, fields map[string]any, render func(w io.Writer) error) error {
	fields["format_version"] = eventFormat
	r.Fact(fact, fields)
	if r.global.json {
		return nil
	}
	return render(r.env.out)
}

// tell says in a line what was done: as an event for programs, as text for people.
func (r *call) tell(fact string, fields map[string]any, format string, args ...any) error {
	r.Fact(fact, fields)
	if r.global.json {
		return nil
	}
	_, err := fmt.Fprintf(r.env.out, format+"\n", args...)
	return err
}

// write renders into memory first, so that a file is written whole or not at all.
func (r *call) write(name string, render func(io.Writer) error) error {
	var b bytes.Buffer
	if err := render(&b); err != nil {
		return err
	}
	if err := project.WriteDurably(r.Path(name), b.Bytes()); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// next names the command to run now, where a person reads.
func (r *call) next(command string) {
	if !r.global.json && !r.env.automation() {
		fmt.Fprintf(r.env.out, "Next: %s\n", command)
	}
}

// cobra is the command as the parser of command lines knows it.
func (c *Command) cobra(env *environment, global *options) *cobra.Command {
	words := strings.Fields(c.Path)
	made := &cobra.Command{
		Use: strings.TrimSpace(words[len(words)-1] + " " + c.Args), Short: c.Short, Long: c.Long, Example: c.Example,
		Args: c.Takes,
	}
	if made.Args == nil {
		made.Args = c.takes()
	}
	if c.Flags != nil {
		c.Flags(made.Flags())
	}
	if c.Run != nil {
		made.RunE = func(parsed *cobra.Command, args []string) error { return c.run(parsed, args, env, global) }
	}
	return made
}

// takes is how many arguments the usage speaks of: [ID...] any number, [ID] at most one, ID exactly one.
func (c *Command) takes() cobra.PositionalArgs {
	switch {
	case c.Args == "":
		return cobra.NoArgs
	case strings.HasSuffix(c.Args, "...]"):
		return cobra.ArbitraryArgs
	case strings.HasPrefix(c.Args, "["):
		return cobra.MaximumNArgs(1)
	}
	return cobra.ExactArgs(1)
}

// one asks for exactly one argument in words of the command.
func one(otherwise string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return misuse("%s", otherwise)
		}
		return nil
	}
}

// lacks tells which of the needed flags is not given.
func (c *Command) lacks(flags *pflag.FlagSet) error {
	for _, name := range slices.Sorted(maps.Keys(c.Needs)) {
		if strings.TrimSpace(flags.Lookup(name).Value.String()) == "" {
			return misuse("-%s is missing: %s", name, c.Needs[name])
		}
	}
	return nil
}

// class of the command with the switches that are on.
func (c *Command) class(flags *pflag.FlagSet) commandClass {
	for name, class := range c.ClassWith {
		if flag := flags.Lookup(name); flag != nil && flag.Value.String() == "true" {
			return class
		}
	}
	return c.Class
}

// run opens the project and asks for the token before the command's own code, so that none can forget it.
func (c *Command) run(parsed *cobra.Command, args []string, env *environment, global *options) error {
	if global.chdir != "" {
		if _, err := os.Stat(global.chdir); err != nil {
			return fmt.Errorf("working in the folder of -chdir: %w", err)
		}
	}
	lines, class := newLines(env, global), c.class(parsed.Flags())
	p := project.New(settingsOf(env, global, lines, c, class))
	defer p.Close()
	ctx := parsed.Context()
	if class != classFree && class != classBegin {
		if err := p.Enter(ctx); err != nil {
			return err
		}
	}
	if err := c.lacks(parsed.Flags()); err != nil {
		return err
	}
	if c.Settled {
		if err := p.CloseUnfinished(ctx); err != nil {
			return err
		}
	}
	return c.Run(ctx, &call{Project: p, args: args, flags: parsed.Flags(), env: env, global: global, events: lines,
		name: c.Path, root: parsed.Root()})
}

// settingsOf are what a use case takes from the surroundings of a command.
func settingsOf(env *environment, global *options, lines *terminal.Lines, c *Command,
	class commandClass) project.Settings {
	return project.Settings{
		Folder: global.chdir, Command: "rehome " + c.Path, Environ: env.variable, Now: env.now, Host: env.host,
		Account: env.account,
		PID:     os.Getpid(), Home: env.home, Binaries: env.folder, Variables: global.variables, VarFiles: global.varFiles,
		PluginDirs: global.pluginDirs, LockTimeout: global.lockTimeout, ShowPeople: global.showPeople, Phase: c.Phase,
		Need: class.need(), Begins: class == classBegin, Log: env.err,
		Ask: terminal.NewPerson(env.in, env.err, env.asks && global.input && !env.automation()),
		Events: &terminal.Listener{
			Lines: lines, Err: env.err, Silent: global.json, Live: env.terminal && !global.json && !env.automation(),
			Now:  env.now,
			Show: func(list diag.List) { view.Diagnostics(env.err, list, env.style(global.noColor)) },
			Part: func(words string) { env.parting.Store(&words) },
		},
		Backend: backendOf(env, "rehome "+c.Path),
	}
}
