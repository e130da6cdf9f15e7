// Package pseudonym puts keyed pseudonyms in the place of people, for reports that leave the terminal.
//
// In: a plan and a key. Out: the same plan with nobody named, and a Masker for texts that belong to it. The same person
// has the same pseudonym under the same key, in every plan. What counts as a person: the users of a source, whatever is
// about one user (a membership, an assignment), the people of the access diff, and every e-mail address in any text. It
// is pure and imports the leaves, the data of engine/plan, and the changes of engine/inventory and engine/assess. What
// the author of the configuration wrote (owners, contacts) is not given to it. Begin with New in masker.go; how a step
// is masked is in steps.go, how an item and a verdict are in items.go.
package pseudonym
