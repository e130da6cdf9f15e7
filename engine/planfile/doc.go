// Package planfile is the file that carries a plan from who planned it to who approves and applies it.
//
// In: a previewed plan, the key of its planner, the age keys of the team, the key of the pseudonyms. Out: the bytes of
// the file, and from them again the plan, that key, and whose seal is on it. A file that names people is encrypted; one
// that was changed is refused. What the plan itself looks like as bytes is engine/plan's; where keys come from, where
// the file lies and which planner is believed is its caller's business. It imports diag, plan and pseudonym. Begin with
// Seal and Open in planfile.go; the seal is in seal.go.
package planfile
