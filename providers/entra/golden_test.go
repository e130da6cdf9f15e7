package entra

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labentra"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
)

// TestItems_OfThePracticeTenant is where the goldens of translations begin: what a target makes of these items is in
// other files.
func TestItems_OfThePracticeTenant(t *testing.T) {
	lab, err := labentra.New(os.DirFS("../../examples/entra-to-keycloak/tenant"), labentra.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(lab)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		0o600); err != nil {
		t.Fatal(err)
	}
	source := New("0.0.1")
	if list := source.Configure(t.Context(), map[string]any{"tenant_id": lab.TenantID(), "client_id": lab.ClientID(),
		"client_secret": labentra.DefaultClientSecret, "graph_endpoint": server.URL, "authority_host": server.URL,
		"ca_file": ca}); list.HasErrors() {
		t.Fatal(list)
	}
	collected := sdktest.NewCollected()
	if err := source.Collect(t.Context(), collected.Sink()); err != nil {
		t.Fatal(err)
	}
	collected.GoldenItems(t, "../internal/realm/translation/testdata/items/entra.jsonl", server.URL)
}
