// Package labentra is a small Entra tenant to practise on: the token endpoint and the read half of Graph v1.0
// over a folder of JSON.
//
// In: a folder with a tenant (applications.json, users.json, ... see data.go) and Options. Out: an http.Handler that
// gives tokens for a client secret, pages with opaque links, honours $select and $top, limits its rate and answers
// errors in the vendor's shapes, and that counts what was asked of it.
// It must not accept a write, reach any other host, or know what a reader does with the answers.
// Read server.go first; routes.go lists the endpoints, data.go the files, token.go the sign-in of a program.
package labentra
