// Package observation is what providers report of a live source or target without changing it: permissions, sign-ins,
// facts of a connection, probes, usage, recorded changes, and the copy of a target's settings for a rehearsal.
//
// In: the neutral model of engine/identity. Out: the types that cross the connection to a plugin. It must not judge
// what it reports. Begin with ProbeRequest.
package observation
