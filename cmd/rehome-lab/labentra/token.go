package labentra

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"time"
)

// tokens are the access tokens given out so far, with their end. Tokens are random words: a reader must not look
// inside.
type tokens struct {
	lifetime time.Duration
	now      func() time.Time

	mu    sync.Mutex
	until map[string]time.Time
}

func newTokens(lifetime time.Duration, now func() time.Time) *tokens {
	return &tokens{lifetime: lifetime, now: now, until: map[string]time.Time{}}
}

func (t *tokens) issue() string {
	token := "lab." + rand.Text()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.until[token] = t.now().Add(t.lifetime)
	return token
}

// check returns what is wrong with a token in the vendor's words, or "".
func (t *tokens) check(token string) string {
	if token == "" {
		return "Access token is empty."
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	until, known := t.until[token]
	switch {
	case !known:
		return "CompactToken parsing failed with error code: 80049217"
	case !t.now().Before(until):
		return "Lifetime validation failed, the token is expired."
	default:
		return ""
	}
}

// signIn answers discovery and the token endpoint.
func (s *Server) signIn() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.token)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "ResourceNotFound", "Resource not found for "+r.URL.Path)
	})
	return mux
}

func (s *Server) discovery(w http.ResponseWriter, r *http.Request) {
	if !s.knownTenant(r) {
		s.refuseToken(w, http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '"+r.PathValue("tenant")+"' not found.")
		return
	}
	base := origin(r) + "/" + s.options.TenantID
	reply(w, map[string]any{
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"issuer":                                base + "/v2.0",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"tenant_region_scope":                   "EU",
	})
}

func (s *Server) knownTenant(r *http.Request) bool {
	return strings.EqualFold(r.PathValue("tenant"), s.options.TenantID)
}

// token answers the client credentials grant with a secret; nothing else is offered.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if err := r.ParseForm(); err != nil {
		s.refuseToken(w, http.StatusBadRequest, "invalid_request", 900144, "The request body could not be read.")
		return
	}
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, pass, ok := r.BasicAuth(); ok {
		id, secret = user, pass
	}
	switch {
	case !s.knownTenant(r):
		s.refuseToken(w, http.StatusBadRequest, "invalid_request", 90002, "Tenant '"+r.PathValue("tenant")+"' not found.")
	case r.PostForm.Get("grant_type") != "client_credentials":
		s.refuseToken(w, http.StatusBadRequest, "unsupported_grant_type", 70003,
			"The app requested an unsupported grant type.")
	case !asksForDefault(r.PostForm.Get("scope")):
		s.refuseToken(w, http.StatusBadRequest, "invalid_scope", 1002012,
			"The provided value for scope is not valid. Client credential flows must have a scope value with /.default "+
				"suffixed to the resource identifier.")
	case id != s.options.ClientID:
		s.refuseToken(w, http.StatusBadRequest, "unauthorized_client", 700016,
			"Application with identifier '"+id+"' was not found in the directory.")
	case subtle.ConstantTimeCompare([]byte(secret), []byte(s.options.ClientSecret)) != 1:
		s.refuseToken(w, http.StatusUnauthorized, "invalid_client", 7000215,
			"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the "+
				"client secret ID, for a secret added to app '"+id+"'.")
	default:
		seconds := int(s.options.TokenLifetime / time.Second)
		reply(w, map[string]any{
			"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": s.tokens.issue(),
		})
	}
}

// asksForDefault tells whether the scopes, separated by blanks, hold one of the form RESOURCE/.default. Microsoft's own
// library adds openid, offline_access and profile to it.
func asksForDefault(scopes string) bool {
	for _, scope := range strings.Fields(scopes) {
		if strings.HasSuffix(scope, "/.default") {
			return true
		}
	}
	return false
}
