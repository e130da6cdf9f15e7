// Package labfault makes a lab server misbehave in one named way, so that readers can be tested against it.
//
// In: the name of a fault, a path prefix and the handler of a lab. Out: a handler with the fault.
// It must not know any vendor: what an error body or a next link looks like is asked of a Vendor.
// Begin with Wrap in wrap.go; the names are in fault.go.
package labfault
