// Package labokta is a small Okta organization to practise on: the read half of the Management API over a folder of
// JSON.
//
// In: a folder with a tenant (apps.json, groups.json, ... see data.go) and Options. Out: an http.Handler that pages,
// limits its rate, checks its token and answers errors in the vendor's shapes, and that counts what was asked of it.
// It must not accept a write, reach any other host, or know what a reader does with the answers.
// Read server.go first; routes.go lists the endpoints, data.go the files.
// Shapes follow the responses of real preview organizations; page sizes follow the vendor's published description.
package labokta
