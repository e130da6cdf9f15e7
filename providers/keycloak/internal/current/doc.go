// Package current reads what a realm holds now.
//
// In: the way to ask it (package admin). Out: the realm as one document, and single clients, groups, providers, flows,
// gates and doors, in the form of a realm file. It is apart because writing, probing and telling all look at the same
// things, and none of them may read them its own way. It writes nothing. Begin with Realm in realm.go.
package current
