// Package value says when two JSON values mean the same, once for all of rehome: for the plan hash, for matching and
// reconciling, for the preconditions of both targets, for the way back and for the comparison of snapshots.
//
// In: values as encoding/json decodes them, and any Go value that encodes to JSON. Out: canonical bytes, a yes or no,
// the names of members that differ, texts for people. It imports the standard library only, so that a plugin can use
// it.
//
// What is one and the same:
//
//   - An absent member, null, "", [] and {} all say nothing. Sources and targets leave out, null or empty what nobody
//     set, and no two of them agree on which: Keycloak drops an attribute that is "", Go drops an empty list under
//     omitempty. An object whose members all say nothing says nothing itself. An element of a list is never dropped,
//     because its place has a meaning.
//   - 1, 1.0 and 1e0, of any length. Long whole numbers (ids) keep every digit.
//   - The elements of a set in any order and any number of times: [b, a, a] is [a, b]. Which members are sets is said
//     by whoever knows the schema; other lists keep their order.
//
// What is not: false and 0. They are answers: enabled = false closes an application, a lifetime of 0 means none.
// Taking them for silence would hide a switch-off from a plan hash. "1" and 1 are two values too.
//
// Begin with Canonical in canonical.go; the rest follows from it.
package value
