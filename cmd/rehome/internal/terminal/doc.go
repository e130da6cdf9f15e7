// Package terminal is where the ports Ask and Events of a project meet whoever started the command: a person who is
// asked and told, or a program that reads JSON lines.
//
// In: streams, a clock and what a use case sends. Out: questions, notes, a line of progress, events as JSON lines.
// It knows no command and no flag. Begin with Listener in listener.go; Person in person.go asks.
package terminal
