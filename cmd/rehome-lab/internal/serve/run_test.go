package serve

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	oktaTenant  = "../../../../examples/okta-to-keycloak/tenant"
	entraTenant = "../../../../examples/entra-to-keycloak/tenant"
)

// addresses waits for the listen file and returns its lines as a map.
func addresses(t *testing.T, path string) map[string]string {
	t.Helper()
	for range 500 {
		text, err := os.ReadFile(path)
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		out := map[string]string{}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			out[name] = value
		}
		return out
	}
	t.Fatal("the listen file never appeared")
	return nil
}

func trusting(t *testing.T, caFile string) *http.Client {
	t.Helper()
	text, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("PRIVATE KEY")) {
		t.Fatal("the file of the authority holds a private key")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("ca.pem holds no certificate")
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

func TestRunServesBothTenantsOverTLSUntilStdinCloses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "listen.env")
	stdin, stop := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- Main(context.Background(), []string{
			"-okta-data", oktaTenant, "-entra-data", entraTenant, "-listen-file", file, "-until-stdin-closes",
			"-tls-dir", filepath.Join(dir, "made", "when needed"),
		}, stdin, io.Discard)
	}()
	at := addresses(t, file)
	client := trusting(t, strings.Trim(at["REHOME_LAB_CA_FILE"], "'"))
	for _, url := range []string{
		at["REHOME_LAB_OKTA_URL"] + "/.well-known/okta-organization",
		at["REHOME_LAB_ENTRA_URL"] + "/" + at["REHOME_LAB_ENTRA_TENANT_ID"] + "/v2.0/.well-known/openid-configuration",
	} {
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("%s answers %d", url, resp.StatusCode)
		}
	}
	if _, err := http.Get(at["REHOME_LAB_OKTA_URL"]); err == nil {
		t.Error("a caller that does not trust the authority was answered")
	}
	_ = stop.Close()
	if err := <-done; err != nil {
		t.Errorf("the run ended with %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the listen file is still there after the end")
	}
}

func TestNoPrivateKeyReachesTheDisk(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	file := filepath.Join(dir, "listen.env")
	go func() {
		done <- Run(ctx, Config{OktaData: oktaTenant, OktaAddr: "127.0.0.1:0", ListenFile: file}, nil)
	}()
	addresses(t, file)
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		if bytes.Contains(text, []byte("PRIVATE KEY")) {
			t.Errorf("%s holds a private key", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRunRefusesWhatItCannotDoSafely(t *testing.T) {
	file := filepath.Join(t.TempDir(), "listen.env")
	cases := []struct {
		name string
		args []string
		want string
	}{
		{"all interfaces", []string{"-okta-data", oktaTenant, "-listen-file", file, "-okta-addr", "0.0.0.0:0"}, "loopback"},
		{"no host", []string{"-okta-data", oktaTenant, "-listen-file", file, "-okta-addr", ":0"}, "loopback"},
		{"a name", []string{"-okta-data", oktaTenant, "-listen-file", file, "-okta-addr", "lab.example:0"}, "loopback"},
		{"nothing to serve", []string{"-listen-file", file}, "-okta-data"},
		{"no listen file", []string{"-okta-data", oktaTenant}, "-listen-file"},
		{"unknown fault", []string{"-okta-data", oktaTenant, "-listen-file", file, "-fault", "odd"}, "odd"},
		{"an argument", []string{"tenant"}, "tenant"},
	}
	for _, c := range cases {
		err := Main(context.Background(), c.args, nil, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want it to name %s", c.name, err, c.want)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s: a listen file was written", c.name)
		}
	}
}

func TestShellWordsAreQuotedWhereNeeded(t *testing.T) {
	for word, want := range map[string]string{
		"/tmp/lab/ca.pem": "/tmp/lab/ca.pem", "/tmp/my lab/ca.pem": "'/tmp/my lab/ca.pem'", "it's": `'it'\''s'`,
	} {
		if got := shellWord(word); got != want {
			t.Errorf("%q becomes %q, want %q", word, got, want)
		}
	}
}
