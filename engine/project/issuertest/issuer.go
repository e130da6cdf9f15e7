package issuertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Issuer is a small OpenID provider: a discovery document, its keys, and tokens as a test wants them. As the token
// service of GitHub Actions it gives out a token for the audience that it is asked for.
type Issuer struct {
	Server *httptest.Server
	keys   map[string]crypto.Signer // by algorithm; "foreign" is not published
	Runner string                   // the token that the GitHub endpoint demands
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

// New starts an issuer; whoever starts it closes its Server.
func New() *Issuer {
	f := &Issuer{keys: signers(), Runner: "planted-secret-runner"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]any{"issuer": f.Server.URL, "jwks_uri": f.Server.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256", "ES256"}})
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
		if r.Header.Get("Authorization") != "Bearer "+f.Runner || r.URL.Query().Get("api-version") != "2.0" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		token, err := f.Mint(map[string]any{"sub": "repo:acme/move:environment:production",
			"aud": r.URL.Query().Get("audience"), "tenant": "acme",
			"permissions": []string{"portal.migrations.manage"}}, "RS256")
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		writeJSON(w, map[string]any{"value": token})
	})
	f.Server = httptest.NewServer(mux)
	return f
}

func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// Mint signs claims; iss, aud, sub, iat and exp have values unless they are given. Algorithms: RS256, ES256, HS256
// (with the public key as its secret, an old trick), none, and foreign for a key that the issuer does not publish.
func (f *Issuer) Mint(claims map[string]any, algorithm string) (string, error) {
	now := time.Now()
	whole := map[string]any{"iss": f.Server.URL, "aud": "rehome", "sub": "alice", "iat": now.Unix(),
		"exp": now.Add(5 * time.Minute).Unix()}
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
