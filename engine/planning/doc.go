// Package planning is the use case of a plan: gather what the sources have and the target has, compute the plan and its
// gates, record it, write it into a file and read it again.
//
// In: an opened project, and which part of the move is meant. Out: a Prepared plan with the target that it was made
// against, or a Report of one that was recorded. It writes nothing to the target, prints nothing, and must not know
// commands, flags or how a plan is shown. What a plan is, and which gates hold it back, is decided in engine/plan and
// engine/handoff. Begin with Prepare in prepare.go and Plan in plan.go.
package planning
