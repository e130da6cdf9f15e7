// Package realmfile is a target that writes a Keycloak realm file instead of a server.
//
// In: steps, as every target gets them. Out: a JSON file that Keycloak 26.7 imports, made where there is none and merged where
// there is one; fields that rehome does not know stay. It opens no connection. How resources look in a realm is in
// providers/internal/realm. Begin with Target in target.go, then apply.go; reading and writing the file is in file.go.
package realmfile
