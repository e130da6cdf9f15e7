package keycloak

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
)

func TestIdentify_RefusesAServerThatIsTooOldAndTellsOfOneThatIsNew(t *testing.T) {
	for reported, want := range map[string]struct{ summary, refused string }{
		"26.7.0":           {"Keycloak 26.7.0, realm acme", ""},
		"26.7.4":           {"Keycloak 26.7.4, realm acme", ""},
		"26.7.4.redhat-1":  {"Keycloak 26.7.4.redhat-1, realm acme", ""},
		"26.10.1":          {"Keycloak 26.10.1, realm acme (newer than 26.7, which rehome was tried with; rehearse first)", ""},
		"27.0.0":           {"Keycloak 27.0.0, realm acme (newer than 26.7, which rehome was tried with; rehearse first)", ""},
		"999.0.0-SNAPSHOT": {"Keycloak 999.0.0-SNAPSHOT, realm acme (newer than 26.7, which rehome was tried with; rehearse first)", ""},
		"26.2.5":           {"", "Keycloak 26.2.5 is older than 26.7"},
		"26.6.9":           {"", "Keycloak 26.6.9 is older than 26.7"},
		"24.0.5":           {"", "Keycloak 24.0.5 is older than 26.7"},
		"":                 {"Keycloak, realm acme (its version is not told; rehome was tried with 26.7)", ""},
		"main":             {"Keycloak main, realm acme (its version does not read; rehome was tried with 26.7)", ""},
	} {
		t.Run(reported, func(t *testing.T) {
			who, err := identified(t, reported)
			var fault *contract.ProviderError
			switch {
			case want.refused == "" && (err != nil || who.Summary != want.summary):
				t.Errorf("%q, %v", who.Summary, err)
			case want.refused != "" && (!errors.As(err, &fault) || fault.Code != contract.ErrorInvalid ||
				!strings.Contains(fault.Message, want.refused)):
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// identified is what a target says of a server that calls itself a version.
func identified(t *testing.T, version string) (contract.TargetIdentity, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/realms/acme/protocol/openid-connect/token":
			fmt.Fprint(w, `{"access_token":"t","expires_in":300}`)
		case "/admin/serverinfo":
			fmt.Fprintf(w, `{"systemInfo":{"version":%q}}`, version)
		default:
			fmt.Fprintf(w, `{"issuer":"http://%s/realms/acme"}`, r.Host)
		}
	}))
	t.Cleanup(server.Close)
	target := New("test")
	if err := target.Configure(t.Context(), map[string]any{"url": server.URL, "realm": "acme", "client_id": "rehome",
		"client_secret": testSecret}).Err(); err != nil {
		t.Fatal(err)
	}
	return target.Identify(context.Background())
}

func TestKeycloak_TheServerOfTheTestsIsOneThatIsSupported(t *testing.T) {
	target, _ := liveTarget(t)
	who, err := target.Identify(t.Context())
	if err != nil || strings.Contains(who.Summary, "(") || !strings.HasPrefix(who.Summary, "Keycloak "+triedWith+".") {
		t.Errorf("%q, %v", who.Summary, err)
	}
}
