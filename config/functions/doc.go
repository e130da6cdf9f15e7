// Package functions is what expressions of a configuration may call, and which files they may see.
//
// In: the folder of the configuration and the files with keys. Out: functions by name for the evaluation of HCL, and a
// reader that refuses what lies outside, what belongs to a state, and keys. It knows no block and no diagnostic. Begin with
// All in functions.go; what may be read is in files.go.
package functions
