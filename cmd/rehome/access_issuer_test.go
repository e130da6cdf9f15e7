package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/rogpeppe/go-internal/testscript"
)

// fakeIssuer is a small OpenID provider: a discovery document, its keys, and tokens as a test wants them. As the token service of
// GitHub Actions it gives out a token for the audience that it is asked for.
type fakeIssuer struct {
	server *httptest.Server
	keys   map[string]crypto.Signer // by algorithm; "foreign" is not published
	runner string                   // the token that the GitHub endpoint demands
}

// signers are made once: RSA keys take their time.
var signers = sync.OnceValue(func() map[string]crypto.Signer {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	keys := map[string]crypto.Signer{"RS256": rsaKey}
	for _, name := range []string{"ES256", "foreign"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		keys[name] = key
	}
	return keys
})

func newFakeIssuer() *fakeIssuer {
	f := &fakeIssuer{keys: signers(), runner: "planted-secret-runner"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]any{"issuer": f.server.URL, "jwks_uri": f.server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256", "ES256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		var set jose.JSONWebKeySet
		for name, key := range f.keys {
			if name != "foreign" {
				set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: name, Algorithm: name, Use: "sig"})
			}
		}
		writeJSON(w, set)
	})
	mux.HandleFunc("GET /github", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+f.runner || r.URL.Query().Get("api-version") != "2.0" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		token, err := f.mint(map[string]any{"sub": "repo:acme/move:environment:production", "aud": r.URL.Query().Get("audience"), "tenant": "acme", "permissions": []string{"portal.migrations.manage"}}, "RS256")
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		writeJSON(w, map[string]any{"value": token})
	})
	f.server = httptest.NewServer(mux)
	return f
}

func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// mint signs claims; iss, aud, sub, iat and exp have values unless they are given. Algorithms: RS256, ES256, HS256 (with the public
// key as its secret, an old trick), none, and foreign for a key that the issuer does not publish.
func (f *fakeIssuer) mint(claims map[string]any, algorithm string) (string, error) {
	now := time.Now()
	whole := map[string]any{"iss": f.server.URL, "aud": "rehome", "sub": "alice", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	for name, value := range claims {
		whole[name] = value
		if value == nil {
			delete(whole, name)
		}
	}
	encoded, err := json.Marshal(whole)
	if err != nil {
		return "", err
	}
	key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(algorithm)}
	switch algorithm {
	case "HS256":
		public, err := json.Marshal(jose.JSONWebKey{Key: f.keys["RS256"].Public(), KeyID: "RS256"})
		if err != nil {
			return "", err
		}
		key.Key = jose.JSONWebKey{Key: public, KeyID: "RS256"}
	case "foreign":
		key.Algorithm, key.Key = jose.ES256, jose.JSONWebKey{Key: f.keys["foreign"], KeyID: "ES256"}
	default:
		key.Key = jose.JSONWebKey{Key: f.keys[algorithm], KeyID: algorithm}
	}
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(encoded)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// issuerKey is where a script keeps its issuer.
type issuerKey struct{}

// startIssuer is the verb issuer: it starts the issuer and sets $ISSUER, or with down stops it.
func startIssuer(ts *testscript.TestScript, _ bool, args []string) {
	place := ts.Value(issuerKey{}).(*fakeIssuer)
	if len(args) == 1 && args[0] == "down" {
		place.server.Close()
		return
	}
	*place = *newFakeIssuer()
	// The handlers look at their own copy, which is the same server.
	ts.Defer(place.server.Close)
	ts.Setenv("ISSUER", place.server.URL)
	ts.Setenv("REHOME_VAR_issuer", place.server.URL)
	ts.Setenv("RUNNER", place.runner)
}

// mintToken is the verb token: it sets $REHOME_TOKEN to a token with the claims name=value. The value of permissions is a list with
// commas; age=1h is a token that expired so long ago; alg names the algorithm.
func mintToken(ts *testscript.TestScript, _ bool, args []string) {
	issuer := ts.Value(issuerKey{}).(*fakeIssuer)
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
	token, err := issuer.mint(claims, algorithm)
	ts.Check(err)
	ts.Setenv("REHOME_TOKEN", token)
	ts.Setenv("SIGNATURE", token[strings.LastIndexByte(token, '.')+1:])
}

func TestFakeIssuer_MintsWhatItIsAskedFor(t *testing.T) {
	f := newFakeIssuer()
	defer f.server.Close()
	for _, algorithm := range []string{"RS256", "ES256", "HS256", "foreign"} {
		if token, err := f.mint(nil, algorithm); err != nil || strings.Count(token, ".") != 2 {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}
