// Command rehome-lab starts practice incumbents on loopback: a small Okta organization, a small Entra tenant, or both.
//
// In: folders with a tenant each (see examples) and flags. Out: TLS servers on loopback and a file with their addresses
// in shell form, until the process is told to stop. It listens nowhere else and accepts no write.
// The servers themselves are labokta and labentra; the process around them is internal/serve, the file to read first.
package main
