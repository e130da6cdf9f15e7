// Package plan turns assessed items, live resources and the author's decisions into steps, and gives them a hash.
//
// In: Input: items with translations and classes, live resources, schemas, bindings, merge and skip blocks, gates. Out:
// a Plan: steps with before and after, a summary, the books that account for every item, impacts, blockers, and the
// hash of what would be done. It is pure: no context, clock, network, disk or randomness, so a plan repeats byte for
// byte at any parallelism. It imports identity, diag, assess and merge. It must not know any provider, nor how a plan
// is shown or applied.
//
// Begin with the data in types.go and input.go. Build in build.go names the passes: pick and settle keys (resolve.go),
// one step a resource (steps.go), dependencies, blocks and order (order.go), gates and status (gates.go). The hash is
// in hash.go over the content that content.go encodes; the plan file is in file.go, its seal in seal.go.
package plan
