// Package config reads what a person wrote: the *.rehome.hcl files of one folder, their variables, and the lock file.
//
// In: a folder and Inputs. Out: a Config whose expressions are ready to be asked about items, and diagnostics that name
// file, line and the nearest right word. All problems are reported at once.
// It must not know plugins, state, plans or commands; HCL and cty are used here and nowhere else in the project, so
// everything that leaves this package is plain Go. Secrets are marked values and never appear in a diagnostic.
// Begin with Config in config.go, then Load in load.go; expressions over items are in where.go.
package config
