// Package phrase writes numbers, times and foreign text as people read them in a sentence.
//
// In: a number, a time, a hash, a text that came from a file or a server. Out: a few words without control characters.
// It imports the standard library only and knows no clock: whatever depends on the time of day is given it.
// Begin with Clean in phrase.go, which every text of somebody else passes before it reaches a terminal.
package phrase
