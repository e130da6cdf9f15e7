package keycloak

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

func TestRead_ARealmOfManyClientsIsNotExported(t *testing.T) {
	for clients, byExport := range map[int]bool{500: true, 501: false} {
		t.Run(fmt.Sprint(clients), func(t *testing.T) {
			fake := newFakeRealm(t)
			for i := range clients {
				id := fmt.Sprintf("id-%04d", i)
				fake.parts["clients"][id] = object.Object{"id": id, "clientId": "client-" + id, "protocol": "openid-connect"}
			}
			exports := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/partial-export"):
					exports++
				case r.Method == http.MethodGet && r.URL.Path == "/admin/realms/acme":
					fmt.Fprint(w, `{"realm":"acme"}`)
					return
				case strings.HasSuffix(r.URL.Path, "/authentication/flows"), strings.HasSuffix(r.URL.Path, "/roles"):
					fmt.Fprint(w, "[]")
					return
				case strings.Contains(r.URL.Path, "/client-policies/"):
					fmt.Fprint(w, "{}")
					return
				}
				fake.ServeHTTP(w, r)
			}))
			defer server.Close()
			read := 0
			_, err := targetOf(t, server.URL, nil).Read(t.Context(), func(r identity.Resource) error {
				if r.Type == realm.TypeClient {
					read++
				}
				return nil
			})
			if err != nil || read != clients || (exports > 0) != byExport {
				t.Errorf("%d clients read with %d exports: %v", read, exports, err)
			}
		})
	}
}

// targetOf is a target on a server of a test.
func targetOf(t *testing.T, address string, more map[string]any) *Target {
	t.Helper()
	target := New("test")
	settings := map[string]any{"url": address, "realm": "acme", "client_id": "rehome", "client_secret": testSecret}
	for name, value := range more {
		settings[name] = value
	}
	if err := target.Configure(t.Context(), settings).Err(); err != nil {
		t.Fatal(err)
	}
	return target
}

func TestRead_ASlowAnswerIsAskedForOnceAndCalledSlow(t *testing.T) {
	var asked atomic.Int32
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			fmt.Fprint(w, `{"access_token":"t","expires_in":300}`)
			return
		}
		asked.Add(1)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	began := time.Now()
	_, err := targetOf(t, server.URL, map[string]any{"timeout": float64(1)}).Read(t.Context(),
		func(identity.Resource) error { return nil })
	var fault *contract.ProviderError
	if !errors.As(err, &fault) || fault.Code != contract.ErrorUnreachable ||
		!strings.Contains(fault.Message, "the server is slow, and gave no whole answer within 1s; it was not asked again") {
		t.Errorf("ended with %v", err)
	}
	if asked.Load() != 1 || time.Since(began) > 10*time.Second {
		t.Errorf("asked %d times in %s", asked.Load(), time.Since(began))
	}
}
