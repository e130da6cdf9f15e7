package keycloaktest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Realm is a realm of a test, with the service account that rehome signs in with.
type Realm struct {
	Server       *Server
	Name         string
	ClientID     string
	ClientSecret string
}

// adminSession keeps the token of the server's first administrator.
type adminSession struct {
	server *Server
	mutex  sync.Mutex
	token  string
	expiry time.Time
}

// NewRealm makes an empty realm of a random name, with organizations on and a service account that holds the given
// roles of realm-management. The realm goes away with the test.
func (s *Server) NewRealm(t testing.TB, roles ...string) *Realm {
	t.Helper()
	realm := &Realm{Server: s, Name: "test-" + randomText(t), ClientID: "rehome", ClientSecret: randomText(t)}
	s.must(t, http.MethodPost, "/admin/realms", map[string]any{
		"realm": realm.Name, "enabled": true, "organizationsEnabled": true,
		"clients": []any{map[string]any{
			"clientId": realm.ClientID, "secret": realm.ClientSecret, "publicClient": false, "standardFlowEnabled": false,
			"implicitFlowEnabled": false, "directAccessGrantsEnabled": false, "serviceAccountsEnabled": true,
		}},
		"users": []any{map[string]any{
			"username": "service-account-" + realm.ClientID, "enabled": true, "serviceAccountClientId": realm.ClientID,
			"clientRoles": map[string]any{"realm-management": roles},
		}},
	})
	t.Cleanup(func() { s.removeRealm(t, realm.Name) })
	return realm
}

// Admin sends one request as the administrator of the whole server to a path below the base address, and decodes the
// answer.
func (s *Server) Admin(ctx context.Context, method, path string, body any) (any, error) {
	token, err := s.admin.bearer(ctx)
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encoding the body: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	if body == nil {
		request.Body, request.ContentLength = http.NoBody, 0
	}
	return answer(request)
}

// AdminRealm is Admin for a path below /admin/realms/NAME; it fails the test on an error.
func (r *Realm) AdminRealm(t testing.TB, method, path string, body any) any {
	t.Helper()
	return r.Server.must(t, method, "/admin/realms/"+url.PathEscape(r.Name)+path, body)
}

func (s *Server) must(t testing.TB, method, path string, body any) any {
	t.Helper()
	result, err := s.Admin(context.Background(), method, path, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return result
}

func (s *Server) removeRealm(t testing.TB, name string) {
	if _, err := s.Admin(context.Background(), http.MethodDelete, "/admin/realms/"+url.PathEscape(name), nil); err != nil {
		t.Logf("removing realm %s: %v", name, err)
	}
}

// bearer gives a token of the first administrator. Its life is 60 s.
func (a *adminSession) bearer(ctx context.Context) (string, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if time.Now().Before(a.expiry) {
		return a.token, nil
	}
	form := url.Values{
		"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {adminName}, "password": {adminPassword},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		a.server.URL+"/realms/master/protocol/openid-connect/token",
		strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("making the token request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	result, err := answer(request)
	if err != nil {
		return "", fmt.Errorf("signing in as administrator: %w", err)
	}
	fields, _ := result.(map[string]any)
	a.token, _ = fields["access_token"].(string)
	a.expiry = time.Now().Add(40 * time.Second)
	return a.token, nil
}

// answer sends a request and decodes the JSON of a success; no body is nil.
func answer(request *http.Request) (any, error) {
	client := &http.Client{Timeout: 2 * time.Minute}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if response.StatusCode >= 300 {
		return nil, fmt.Errorf("status %d: %s", response.StatusCode, content)
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, nil
	}
	var decoded any
	if err := json.Unmarshal(content, &decoded); err != nil {
		return nil, fmt.Errorf("decoding the answer: %w", err)
	}
	return decoded, nil
}

func randomText(t testing.TB) string {
	t.Helper()
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		t.Fatalf("making a random name: %v", err)
	}
	return hex.EncodeToString(random)
}
