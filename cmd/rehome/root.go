package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/diagnosis"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/version"
)

// execute is the whole program but for the exit: arguments in, exit status out.
func execute(ctx context.Context, args []string, env *environment) int {
	ctx, stop := interruptible(ctx, env)
	defer stop()
	root := newRootCommand(env)
	given := normalise(root, defaultFlags(args, env.getenv))
	root.SetArgs(given)
	err := unknownCommand(root, given)
	if err == nil {
		// the context of the command, with what root had
		err = root.ExecuteContext(context.WithValue(ctx, optionsKey{}, globalOf(root)))
	}
	if err == nil {
		return exitDone
	}
	var status *statusError
	if !errors.As(err, &status) || !status.quiet {
		global := globalOf(root)
		tellError(env, global, err)
	}
	return exitStatus(err)
}

// interruptible ends the context at the first Ctrl-C or SIGTERM and the process at the second: what is in flight is
// finished once, and a second signal leaves at once, resumable.
func interruptible(ctx context.Context, env *environment) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		cancel()
		if _, ok := <-signals; ok {
			if words := env.parting.Load(); words != nil && *words != "" {
				fmt.Fprintln(env.err, *words)
			}
			os.Exit(130)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

func tellError(env *environment, global *options, err error) {
	list := diagnosis.Of(err)
	if global.json {
		newLines(env, global).Diagnostics(list)
		return
	}
	view.Diagnostics(env.err, list, env.style(global.noColor))
}

// optionsKey finds the options that newRootCommand bound; commands get them by closure, execute needs them for the last
// error.
type optionsKey struct{}

func globalOf(root *cobra.Command) *options {
	if g, ok := root.Context().Value(optionsKey{}).(*options); ok {
		return g
	}
	return &options{}
}

func newRootCommand(env *environment) *cobra.Command {
	global := &options{input: true}
	root := &cobra.Command{
		Use:           "rehome",
		Short:         "Move an organisation off its identity provider",
		Long:          rootHelp,
		Example:       "  rehome plan -out=plan.rehome", // of the reference; the help of the root has groups instead
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(env.in)
	root.SetOut(env.out)
	root.SetErr(env.err)
	root.SetContext(context.WithValue(context.Background(), optionsKey{}, global))
	flags := root.PersistentFlags()
	flags.StringVar(&global.chdir, "chdir", "", "work in this folder")
	flags.BoolVar(&global.noColor, "no-color", false, "no colour (also NO_COLOR)")
	flags.BoolVar(&global.json, "json", false, "JSON instead of text")
	flags.StringVar(&global.jsonInto, "json-into", "", "JSON events into this file, beside the text")
	flags.BoolVar(&global.showPeople, "show-people", false, "name people in JSON, Markdown and HTML; else pseudonyms")
	flags.BoolVar(&global.input, "input", true, "ask in a terminal; false never waits")
	flags.DurationVar(&global.lockTimeout, "lock-timeout", 0,
		"how long to wait for work that may not run twice, and for another writer to the target")
	flags.StringArrayVar(&global.variables, "var", nil, "set a variable: name=value")
	flags.StringArrayVar(&global.varFiles, "var-file", nil, "set variables from this file")
	flags.StringArrayVar(&global.pluginDirs, "plugin-dir", nil, "look for plugins here first")
	addCommands(root, env, global)
	root.SetHelpCommand(&cobra.Command{Use: "help [command]", Short: "Help about a command",
		Run: func(c *cobra.Command, args []string) {
			found, _, err := root.Find(args)
			if err != nil || found == nil {
				found = root
			}
			_ = found.Help()
		}})
	root.InitDefaultHelpCmd()
	root.CompletionOptions.DisableDefaultCmd = true // completion is one of commands
	root.Version = version.Number
	root.SetVersionTemplate("rehome {{.Version}} (" + project.Platform() + ")\n")
	root.InitDefaultVersionFlag()
	sayArguments(root)
	groupedHelp(root)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError(c, err)
	})
	return root
}

// addCommands hangs every command below the one that its path names.
func addCommands(root *cobra.Command, env *environment, global *options) {
	made := map[string]*cobra.Command{"": root}
	for _, c := range commands() {
		above := ""
		if at := strings.LastIndexByte(c.Path, ' '); at > 0 {
			above = c.Path[:at]
		}
		made[c.Path] = c.cobra(env, global)
		made[above].AddCommand(made[c.Path])
	}
}
