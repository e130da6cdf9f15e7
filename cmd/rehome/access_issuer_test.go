package main

import (
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rehome-iam/rehome/engine/project/issuertest"
)

// issuerKey is where a script keeps its issuer.
type issuerKey struct{}

// startIssuer is the verb issuer: it starts the issuer and sets $ISSUER, or with down stops it.
func startIssuer(ts *testscript.TestScript, _ bool, args []string) {
	place := ts.Value(issuerKey{}).(*issuertest.Issuer)
	if len(args) == 1 && args[0] == "down" {
		place.Server.Close()
		return
	}
	*place = *issuertest.New()
	// The handlers look at their own copy, which is the same server.
	ts.Defer(place.Server.Close)
	ts.Setenv("ISSUER", place.Server.URL)
	ts.Setenv("REHOME_VAR_issuer", place.Server.URL)
	ts.Setenv("RUNNER", place.Runner)
}

// mintToken is the verb token: it sets $REHOME_TOKEN to a token with the claims name=value. The value of permissions is
// a list with commas; age=1h is a token that expired so long ago; alg names the algorithm.
func mintToken(ts *testscript.TestScript, _ bool, args []string) {
	issuer := ts.Value(issuerKey{}).(*issuertest.Issuer)
	claims, algorithm := map[string]any{"tenant": "acme", "permissions": []string{}}, "RS256"
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "alg":
			algorithm = value
		case "age":
			age, err := time.ParseDuration(value)
			ts.Check(err)
			claims["exp"] = time.Now().Add(-age).Unix()
		case "permissions":
			claims[name] = strings.Split(value, ",")
		default:
			claims[name] = value
		}
	}
	token, err := issuer.Mint(claims, algorithm)
	ts.Check(err)
	ts.Setenv("REHOME_TOKEN", token)
	ts.Setenv("SIGNATURE", token[strings.LastIndexByte(token, '.')+1:])
}

func TestFakeIssuer_MintsWhatItIsAskedFor(t *testing.T) {
	f := issuertest.New()
	defer f.Server.Close()
	for _, algorithm := range []string{"RS256", "ES256", "HS256", "foreign"} {
		if token, err := f.Mint(nil, algorithm); err != nil || strings.Count(token, ".") != 2 {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}
