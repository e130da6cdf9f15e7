// Package breakglass tries the accounts of the break_glass block: those that must get into the target whatever a move
// does. Before and after an apply and in a verification the same ones are tried in the same way.
//
// In: an opened project and its target. Out: results of package verify, or a refusal. It changes nothing, prints
// nothing and must not know the use cases that ask it. Begin with Try in try.go.
package breakglass
