// Package blueprint copies the settings of a realm for a rehearsal.
//
// In: a realm. Out: a realm file that holds no person and no secret and reaches nobody, and what was taken out. It is
// apart because what may not leave a realm is one list that people review. Begin with Make in blueprint.go.
package blueprint
