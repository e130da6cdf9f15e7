// Package object reads and makes representations of Keycloak as they are in JSON.
//
// In: decoded JSON. Out: texts, lists and objects in it, without an error for what is not there. It knows no resource.
// Begin with Object in object.go.
package object
