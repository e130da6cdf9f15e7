// Package draft turns assessed items, live resources and the author's decisions into a plan.
//
// In: Input: items with translations and classes, live resources, schemas, bindings, merge and skip blocks, gates. Out:
// a plan.Plan: steps with before and after, a summary, the books that account for every item, overlaps, impacts and
// blockers. It is pure: no context, clock, network, disk or randomness, so a plan repeats byte for byte at any
// parallelism. It must not know any provider, nor how a plan is shown or applied.
//
// Begin with Input in input.go. Build in build.go names the passes: pick and settle keys (resolve.go), one step a
// resource (steps.go), dependencies, blocks and order (order.go), a part of the move (selection.go). People who become
// no resource are gathered in people.go; what a target says of the end is judged in endstate.go.
package draft
