// Package recounting is the use case of looking back: what runs did, step by step, and what they left for people to do.
//
// In: an opened project and the id of a run or follow-up. Out: runs, rows and follow-ups as values. It asks no plugin
// and changes nothing but a follow-up that somebody closes. What runs did is decided in engine/history. Begin with
// ShowRun in runs.go.
package recounting
