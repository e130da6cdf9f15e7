package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func completionCommand() Command {
	plain := false
	return Command{
		Path: "completion", Args: "SHELL",
		Group: groupProgram,
		Class: classFree,
		Short: "Write a script that completes command lines in a shell",
		Long: `Completion writes a script for bash, zsh, fish or powershell, which completes commands and flags. Let the shell read it
when it starts.`,
		Example: "  source <(rehome completion bash)\n  rehome completion fish > ~/.config/fish/completions/rehome.fish",
		Takes:   cobra.MatchAll(cobra.ExactArgs(1), shellOnly),
		Flags: func(f *pflag.FlagSet) {
			f.BoolVar(&plain, "no-descriptions", false, "complete without saying what a command or flag does")
		},
		Run: func(_ context.Context, r *call) error {
			switch r.arg(0) {
			case "bash":
				return r.root.GenBashCompletionV2(r.env.out, !plain)
			case "fish":
				return r.root.GenFishCompletion(r.env.out, !plain)
			case "zsh":
				if plain {
					return r.root.GenZshCompletionNoDesc(r.env.out)
				}
				return r.root.GenZshCompletion(r.env.out)
			}
			if plain {
				return r.root.GenPowerShellCompletion(r.env.out)
			}
			return r.root.GenPowerShellCompletionWithDesc(r.env.out)
		},
	}
}

func shellOnly(_ *cobra.Command, args []string) error {
	switch args[0] {
	case "bash", "fish", "powershell", "zsh":
		return nil
	}
	return misuse("there is no completion for %q: the shells are bash, fish, powershell and zsh", args[0])
}
