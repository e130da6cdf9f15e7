// Command rehome moves an organisation off its identity provider: HCL says what, a plan shows it, a hash approves it, apply does it.
//
// In: arguments, environment, files. Out: text or JSON, files, an exit status. It wires config, state, providers and engine and
// decides nothing itself. One file a command; session.go opens what a command needs on first use; internal/view renders.
// Begin with newRootCommand in root.go; exit statuses are in exit.go.
package main
