// Package deciding is the use case of what only a person may say about a plan: what becomes of items that meet
// something in the target, and which impacts are accepted. What was said is written into files of the configuration, as
// blocks that are reviewed like every other change; it takes effect in the next plan.
//
// In: an opened project, a port that makes the plan, and what is to be decided, or a person who is asked through the
// port of the project. Out: reports whose JSON is the documented one. It prints nothing and must not know commands,
// flags or how a report is shown; which decision fits is for engine/plan to say. Begin with Decide in decide.go and
// Acknowledge in acknowledge.go.
package deciding
