// Package connecting tells how an application connects to a client of the realm: the facts of its sheet.
//
// In: a client, and the address that people see. Out: facts, with samples of what the application receives. It is apart
// because the owner of an application relies on these sentences, which nothing else of the provider makes. Begin with
// Describe in connecting.go.
package connecting
