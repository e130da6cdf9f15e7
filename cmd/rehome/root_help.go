package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const rootHelp = `rehome moves an organisation off its identity provider the way Terraform changes a cloud:
HCL in git says what to move, a plan shows every change, a hash approves it, apply does exactly that.
Long flags take one dash or two.
` + exitHelp

// groupedHelp gives the root a help of its own: commands by group, and the flags of every command by name, so that it
// fits a screen. The other commands keep that of cobra.
func groupedHelp(root *cobra.Command) {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: rehome COMMAND [flags]\n")
	for _, group := range groups() {
		fmt.Fprintf(&b, "\n%s:\n", group)
		for _, c := range commands() {
			if c.Group == group {
				fmt.Fprintf(&b, "  %-13s %s\n", c.Path, c.Short)
			}
		}
	}
	fmt.Fprintf(&b, "  %-13s %s\n", "help", "Help about a command")
	fmt.Fprintf(&b, "\nFlags of every command; rehome COMMAND -help explains them:\n%s\n",
		flagNames(root.PersistentFlags()))
	root.SetUsageTemplate("{{if not .HasParent}}" + b.String() + "{{else}}" + root.UsageTemplate() + "{{end}}")
}

// flagNames are the names of flags on lines of a hundred columns.
func flagNames(flags *pflag.FlagSet) string {
	var lines []string
	line := " "
	flags.VisitAll(func(f *pflag.Flag) {
		if len(line)+len(f.Name) > 100 {
			lines, line = append(lines, line), " "
		}
		line += " -" + f.Name
	})
	return strings.Join(append(lines, line), "\n")
}
