// Package realm is what every way to write a Keycloak realm has in common.
//
// In: realm representations as JSON objects, and desired resources. Out: the resource schema, the conversion between
// resources and representations, the second pass over a whole desired set, and the doors around a gate. It opens no
// connection and no file; it knows neither items, the Admin API nor the layout on disk. Begin with Types in types.go: one
// row a resource type, each with one row a field (fields.go says what follows from a row; fields_client.go is the longest
// table). The flows and gates are in the package gating. What becomes of an item is in the package translation.
package realm
