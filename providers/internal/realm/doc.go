// Package realm is what every way to write a Keycloak realm has in common.
//
// In: items of an incumbent, and realm representations as JSON objects. Out: the resource schema, the translation of
// one item,
// the second pass over a whole desired set, the conversion between resources and representations, and the gate flows.
// It opens no connection and no file; it knows neither the Admin API nor the layout on disk. Begin with Resources in
// schema.go,
// then Translate in translate.go; representation.go and gate.go serve the writers.
package realm
