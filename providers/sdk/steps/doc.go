// Package steps carries out one step of a plan on a target, the same way for every target.
//
// In: a step, the schema of its resource type, and a Writer that knows how one resource is found, created, updated and
// removed there. Out: what came of the step, or a conflict that says why nothing was written. What is decided here, and
// so in no target: whether the step is done already, whether what is there is still what the plan saw, whether it is
// ours, whether a create whose answer was lost is taken up, whether a delete may reach as far as it would, whether what
// was written reads back as planned, and that a secret is handed out by the create that made it. It knows no technology and keeps nothing between two steps; a Writer
// that is safe for many goroutines makes Apply so too. Begin with Apply in apply.go; the ports are in writer.go, what
// counts as equal is in compare.go.
package steps
