package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// normalise lets long flags be written with one dash, as Terraform users do: pflag reads -json as four short flags.
// Only flags that the command tree knows are changed; everything after -- stays as it is. No command has clusters of
// short flags.
func normalise(root *cobra.Command, args []string) []string {
	known := map[string]bool{"help": true}
	short := map[string]bool{}
	collect := func(f *pflag.Flag) {
		known[f.Name] = true
		if f.Shorthand != "" {
			short[f.Shorthand] = true
		}
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(collect)
		c.PersistentFlags().VisitAll(collect)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	out := make([]string, 0, len(args))
	for i, arg := range args {
		if arg == "--" {
			return append(out, args[i:]...)
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && len(name) > 0 && !short[name] && known[name] {
			arg = "-" + arg
		}
		out = append(out, arg)
	}
	return out
}

// defaultFlags puts the flags of REHOME_CLI_ARGS and REHOME_CLI_ARGS_command behind the command's name.
func defaultFlags(args []string, getenv func(string) string) []string {
	for i, arg := range args {
		if strings.HasPrefix(arg, "-") {
			continue
		}
		extra := strings.Fields(getenv("REHOME_CLI_ARGS"))
		extra = append(extra, strings.Fields(getenv("REHOME_CLI_ARGS_"+arg))...)
		out := append([]string{}, args[:i+1]...)
		out = append(out, extra...)
		return append(out, args[i+1:]...)
	}
	return args
}
