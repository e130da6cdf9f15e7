// Package admintest is a small server for tests that answers as a realm would, from texts that a test names.
//
// In: JSON, or a status, by path. Out: a client of that realm, and what it was asked. Whatever no test named is refused
// with 404, and a write always is. It is imported by tests only. Begin with New in server.go.
package admintest
