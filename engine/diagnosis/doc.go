// Package diagnosis turns any error of the use cases into what a person reads: a code, a title, what happened and what
// to do about it.
//
// In: an error. Out: diagnostics, at least one. It knows the errors of the engine, the state and the providers, and
// nothing that happens to make them. Begin with Of in diagnose.go; the causes and cures of all codes are in
// engine/diag.
package diagnosis
