// Package serve is the process around the practice incumbents: flags, certificates, listeners, the file of addresses.
//
// In: command-line arguments and a context that ends the run. Out: servers on loopback that speak TLS with a
// certificate authority made at start-up, whose key never leaves the process. It must not know what the labs answer.
// Begin with Run in run.go; certificates are in authority.go, flags in flags.go.
package serve
