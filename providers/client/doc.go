// Package client is the host side of provider plugins: it finds them, checks them, starts them, talks to them and ends
// them.
//
// In: the path of a plugin and calls in the words of engine/identity. Out: checked values. What a plugin did wrong
// comes out as a *identity.ProviderError when the provider said so itself, else as a diag.Diagnostic with one of the
// codes plugin-missing, plugin-checksum-mismatch, plugin-version-mismatch, plugin-start-failed, plugin-died,
// plugin-timeout, plugin-invalid. A call ended by its own context gives that context's error. Callers branch on these
// three. It knows nothing of HCL, state or any technology; a plugin is text from outside until protocol has checked it.
// Begin with LaunchSource in launch.go; what becomes of a failure is in failure.go; Finder is in finder.go.
package client
