package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labentra"
	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
)

// Config is what a run needs.
type Config struct {
	// OktaData and EntraData are folders with a tenant; an empty one leaves that lab out.
	OktaData, EntraData string
	// OktaAddr and EntraAddr are loopback addresses with a port; port 0 takes a free one.
	OktaAddr, EntraAddr string
	// ListenFile receives the addresses; it appears when the labs are ready and goes when they stop.
	ListenFile string
	// TLSDir receives ca.pem; empty means the folder of ListenFile.
	TLSDir string
	// UntilStdinCloses stops the run also when standard input ends.
	UntilStdinCloses bool
	// Okta and Entra are passed on to the labs.
	Okta  labokta.Options
	Entra labentra.Options
}

// running is one lab that listens.
type running struct {
	server   *http.Server
	listener net.Listener
	lines    []string
}

// Run starts the labs and returns when the context ends, or earlier with the error that stopped it.
func Run(ctx context.Context, c Config, stdin io.Reader) error {
	if c.OktaData == "" && c.EntraData == "" {
		return errors.New("nothing to serve: give -okta-data, -entra-data or both")
	}
	if c.ListenFile == "" {
		return errors.New("-listen-file is needed: it tells the addresses of the labs")
	}
	if c.TLSDir == "" {
		c.TLSDir = filepath.Dir(c.ListenFile)
	}
	labs, err := c.start()
	if err != nil {
		return err
	}
	defer func() {
		for _, lab := range labs {
			_ = lab.server.Close()
		}
	}()
	if err := c.announce(labs); err != nil {
		return err
	}
	defer func() { _ = os.Remove(c.ListenFile) }()
	return wait(ctx, c, labs, stdin)
}

// start opens the listeners and leaves ca.pem in place. On an error nothing keeps listening.
func (c Config) start() (labs []running, err error) {
	defer func() {
		if err != nil {
			for _, lab := range labs {
				_ = lab.listener.Close()
			}
		}
	}()
	authority, err := newAuthority(time.Now())
	if err != nil {
		return nil, err
	}
	if c.OktaData != "" {
		handler, err := labokta.New(os.DirFS(c.OktaData), c.Okta)
		if err != nil {
			return labs, err
		}
		lab, err := listen(c.OktaAddr, handler, authority)
		if err != nil {
			return labs, fmt.Errorf("starting the Okta lab: %w", err)
		}
		lab.lines = []string{"REHOME_LAB_OKTA_URL=" + lab.url()}
		labs = append(labs, lab)
	}
	if c.EntraData != "" {
		handler, err := labentra.New(os.DirFS(c.EntraData), c.Entra)
		if err != nil {
			return labs, err
		}
		lab, err := listen(c.EntraAddr, handler, authority)
		if err != nil {
			return labs, fmt.Errorf("starting the Entra lab: %w", err)
		}
		lab.lines = []string{
			"REHOME_LAB_ENTRA_URL=" + lab.url(),
			"REHOME_LAB_ENTRA_TENANT_ID=" + shellWord(handler.TenantID()),
			"REHOME_LAB_ENTRA_CLIENT_ID=" + shellWord(handler.ClientID()),
		}
		labs = append(labs, lab)
	}
	if err := os.MkdirAll(c.TLSDir, 0o755); err != nil {
		return labs, fmt.Errorf("making the folder for the authority's certificate: %w", err)
	}
	if err := os.WriteFile(c.caFile(), authority.pem, 0o644); err != nil {
		return labs, fmt.Errorf("writing the certificate of the authority: %w", err)
	}
	return labs, nil
}

func (c Config) caFile() string { return filepath.Join(c.TLSDir, "ca.pem") }

func (r running) url() string { return "https://" + r.listener.Addr().String() }

// listen opens a TLS listener on loopback and nowhere else.
func listen(addr string, handler http.Handler, authority *authority) (running, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return running{}, fmt.Errorf("reading the address %q: %w", addr, err)
	}
	ip := net.ParseIP(host)
	if ip == nil || !ip.IsLoopback() {
		return running{}, fmt.Errorf("address %q is not a loopback address: a lab listens on 127.0.0.0/8 or [::1] only", addr)
	}
	certificate, err := authority.issue(ip)
	if err != nil {
		return running{}, err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return running{}, fmt.Errorf("listening on %s: %w", addr, err)
	}
	return running{
		listener: listener,
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 10 * time.Second,
			TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		},
	}, nil
}

// announce writes the addresses beside the listen file and renames, so that a reader sees all lines or no file.
func (c Config) announce(labs []running) error {
	ca, err := filepath.Abs(c.caFile())
	if err != nil {
		return fmt.Errorf("finding the path of the authority's certificate: %w", err)
	}
	var lines []string
	for _, lab := range labs {
		lines = append(lines, lab.lines...)
	}
	lines = append(lines, "REHOME_LAB_CA_FILE="+shellWord(ca))
	part := c.ListenFile + ".part"
	if err := os.WriteFile(part, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		return fmt.Errorf("writing the listen file: %w", err)
	}
	if err := os.Rename(part, c.ListenFile); err != nil {
		return fmt.Errorf("writing the listen file: %w", err)
	}
	return nil
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=\[\]-]+$`)

// shellWord quotes a value where a shell would read something into it.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// wait serves until the context ends, standard input closes where that is asked for, or a server fails.
func wait(ctx context.Context, c Config, labs []running, stdin io.Reader) error {
	failed := make(chan error, len(labs))
	for _, lab := range labs {
		go func() {
			if err := lab.server.ServeTLS(lab.listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serving %s: %w", lab.url(), err)
			}
		}()
	}
	closed := make(chan struct{})
	if c.UntilStdinCloses {
		go func() {
			// Any end of the input means that the caller is gone, a broken pipe too.
			_, _ = io.Copy(io.Discard, stdin)
			close(closed)
		}()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	case <-closed:
	}
	return shutDown(labs)
}

// shutDown lets answers finish for two seconds.
func shutDown(labs []running) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var problems []error
	for _, lab := range labs {
		if err := lab.server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			problems = append(problems, fmt.Errorf("stopping %s: %w", lab.url(), err))
		}
	}
	return errors.Join(problems...)
}
