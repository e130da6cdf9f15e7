// Package project opens what a use case works with: the configuration of a folder, its state, its provider plugins, and
// who acts. In: Settings, which are plain values (folder, variables of the environment, clock, host, what the caller
// may do), and two small ports: Ask, to ask a person, and Events, to tell what happens. Out: a Project, whose parts are
// opened on first use, so that what needs no state never touches one. Whoever opens the state is checked against the
// access rules first. It prints nothing, ends no process, reads no environment, keeps no package variable and does not
// change the working folder: two projects of two tenants live side by side in one process. It is the first of the use
// cases, so it may import config, state and providers/client; it must not know commands or views. Begin with Project in
// project.go; what a caller brings along is in settings.go, the ports are in events.go and ask.go.
package project
