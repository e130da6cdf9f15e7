// Package rollback computes the way back of a run, as a plan like any other.
//
// In: the steps that a run carried out, as they are recorded with what was before and after; the live resources; what
// people did with them since; the author's decisions. Out: a plan whose steps are the inverse in the opposite order,
// with a hash. A step that would overwrite what others changed, or destroy what people use, is not done unless somebody
// decided so, and the plan says which and why. It is pure: no context, clock, network, disk or randomness. It imports
// identity, diag, merge and plan, and knows no provider.
//
// Begin with the data in types.go. Build in build.go names the passes: one inverse a step (invert.go), what else must
// stay when something stays (keep.go), dependencies and order (order.go).
package rollback
