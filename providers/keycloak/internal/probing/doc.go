// Package probing tries a realm the way people and applications use it.
//
// In: a resource, and what was planned of it. Out: what each probe saw. It is apart because it comes from outside: it
// asks the addresses that browsers and applications ask, keeps cookies, and writes nothing. Begin with Probe in
// probing.go.
package probing
