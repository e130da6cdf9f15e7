// Package translation says what a Keycloak realm makes of the items of an incumbent.
//
// In: one item, and the time at which a certificate must be valid. Out: the resources that it becomes, and a finding
// for whatever is looser, tighter, lost or to be done by hand, with who feels it. It knows no other item, no live
// realm, no connection and no file; what only the whole set can show is found by realm.Check. The facts behind its
// choices were seen on Keycloak 26.7.4 by signing in. Begin with Translate in translate.go; each kind of item has a
// file of its own, and validate.go holds what a realm would take though it must not.
package translation
