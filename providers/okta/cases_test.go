package okta_test

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
	"github.com/rehome-iam/rehome/engine/applying/casetest"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/providers/okta"
	"github.com/rehome-iam/rehome/providers/sdk"
)

// TestCases_OfTheSharedFolderGiveWhatIsExpected takes each tenant there all the way to a plan.
func TestCases_OfTheSharedFolderGiveWhatIsExpected(t *testing.T) {
	casetest.Walk(t, casetest.Root(t, "okta"), caseRows(), casePlace)
}

// casePlace is a project whose source is the tenant of a case.
func casePlace(t *testing.T, folder string) *projecttest.Place {
	t.Helper()
	tenant := folder
	if _, err := os.Stat(filepath.Join(folder, "apps.json")); err != nil { // faults alone: of any tenant
		tenant = "../../examples/okta-to-keycloak/tenant"
	}
	lab, err := labokta.New(os.DirFS(tenant), labokta.Options{RatePerMinute: -1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(withFaults(t, folder, lab))
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		0o600); err != nil {
		t.Fatal(err)
	}
	return casetest.Place(t, "okta", func() sdk.Source { return okta.New("0.0.1") }, map[string]string{
		"org_url": server.URL, "api_token": labokta.DefaultToken, "ca_file": ca})
}

// fault is an answer to give instead of the lab's: to the request with that number, or from one on.
type fault struct {
	Match     string
	Nth, From int
	Status    int
	Headers   map[string]string
	Body      string
	seen      int
}

// withFaults answers as the file faults.json of a case says.
func withFaults(t *testing.T, folder string, next http.Handler) http.Handler {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, "faults.json"))
	if err != nil {
		return next
	}
	var faults []*fault
	if err := json.Unmarshal(content, &faults); err != nil {
		t.Fatal(err)
	}
	var mutex sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		for _, f := range faults {
			if !regexp.MustCompile(f.Match).MatchString(r.Method + " " + r.URL.Path) {
				continue
			}
			if f.seen++; f.seen == f.Nth || f.From > 0 && f.seen >= f.From {
				for name, value := range f.Headers {
					w.Header().Set(name, value)
				}
				w.WriteHeader(f.Status)
				_, _ = w.Write([]byte(f.Body))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
