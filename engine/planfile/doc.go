// Package planfile is the file that carries a plan from who planned it to who approves and applies it.
//
// In: a previewed plan, the age keys of the team, the key of the pseudonyms. Out: the bytes of the file, and the plan
// and that key from them again. A file that names people is encrypted; one that was changed is refused. What the plan
// itself looks like as bytes is engine/plan's; where keys come from and where the file lies is its caller's business.
// It imports diag, plan and pseudonym. Begin with Seal and Open in planfile.go.
package planfile
