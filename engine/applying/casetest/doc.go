// Package casetest takes the tenants of cases that stand beside the repository through what a real one goes through:
// read by its source plugin, translated, judged and planned against a realm file. It is imported by tests only.
//
// In: a source, how it is configured, and what is wanted of each item. Out: failed tests. It must not hold what a
// provider answers: the practice tenants do. Begin with Judge in judge.go.
package casetest
