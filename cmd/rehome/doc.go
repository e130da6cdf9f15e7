// Command rehome moves an organisation off its identity provider: HCL says what, a plan shows it, a hash approves it,
// apply does it.
//
// In: arguments, environment, files. Out: text or JSON, files, an exit status. It wires config, state, providers and
// engine and decides nothing itself. One file a command: flags, a use case of engine, and what internal/view renders.
// Begin with newRootCommand in root.go, then Command in command.go; exit statuses are in exit.go.
package main
