package reading_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// TestCertain_KnowsWhatAnotherTryCannotMend takes the errors that net/http really gives.
func TestCertain_KnowsWhatAnotherTryCannotMend(t *testing.T) {
	encrypted := quiet(httptest.NewUnstartedServer(http.NotFoundHandler()))
	encrypted.StartTLS()
	t.Cleanup(encrypted.Close)
	demanding := quiet(httptest.NewUnstartedServer(http.NotFoundHandler()))
	demanding.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}
	demanding.StartTLS()
	t.Cleanup(demanding.Close)
	trusting := x509.NewCertPool()
	trusting.AddCert(demanding.Certificate())
	trusting.AddCert(encrypted.Certificate())
	cases := []struct {
		name, address string
		roots         *x509.CertPool
		certain       bool
	}{
		{"an authority that nobody trusts", encrypted.URL, x509.NewCertPool(), true},
		{"the server wants a certificate", demanding.URL, trusting, true},
		{"TLS spoken to a plain server", "https://" + speaker(t, "HTTP/1.0 400 Bad Request\r\n\r\n"), trusting, true},
		{"an answer that is no HTTP", "http://" + speaker(t, "SSH-2.0-server\r\n"), nil, true},
		{"a connection that is closed at once", "http://" + speaker(t, ""), nil, false},
		{"nobody listens", "http://127.0.0.1:1", nil, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			base := reading.NewBase()
			base.TLSClientConfig = &tls.Config{RootCAs: c.roots, MinVersion: tls.VersionTLS12}
			defer base.CloseIdleConnections()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.address, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := base.RoundTrip(request)
			if err == nil {
				response.Body.Close()
				t.Fatal("there was an answer")
			}
			if got := reading.Certain(err); got != c.certain {
				t.Errorf("%T %v: certain is %t", err, err, got)
			}
		})
	}
}

func quiet(server *httptest.Server) *httptest.Server {
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	return server
}

// speaker says one thing to whoever connects, and hangs up.
func speaker(t *testing.T, text string) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = connection.Read(make([]byte, 1024))
			_, _ = io.WriteString(connection, text)
			connection.Close()
		}
	}()
	return listener.Addr().String()
}
