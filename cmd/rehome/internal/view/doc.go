// Package view renders what the engine found for a person: aligned, quiet, coloured only where asked.
//
// In: values of the engine, as they are in JSON. Out: text and Markdown. It owns colours and widths and decides
// nothing. It imports the engine only. Text from files and servers is data: control characters are stripped before it
// is shown. Begin with Plan in plan.go; diagnostics are in diagnostics.go, the pull-request comment in markdown.go.
package view
