package keycloaktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Environment is the variable that says what to do when no server can be had: required makes the test fail, skip does
// not even try, and unset tries and skips with a message.
const Environment = "REHOME_TEST_KEYCLOAK"

const (
	adminName     = "rehome-test-admin"
	adminPassword = "rehome-test-admin-password"
	bootTimeout   = 4 * time.Minute
	stopTimeout   = 30 * time.Second
)

// Server is a running Keycloak. Its store is in memory: nothing outlives it.
type Server struct {
	URL string // http://127.0.0.1:port

	home    string
	folder  string // log and working files of this server
	command *exec.Cmd
	exited  chan struct{} // closed when the process is gone
	admin   adminSession
}

// Pool boots at most one server for a test package. Its zero value is ready; call Close in TestMain when the tests are
// over.
type Pool struct {
	tried  bool
	server *Server
	err    error
}

// Server gives the one server of the pool, or skips or fails the test as Environment says. Tests that run in parallel
// must have called it once before.
func (p *Pool) Server(t testing.TB) *Server {
	t.Helper()
	mode := os.Getenv(Environment)
	if mode == "skip" {
		t.Skipf("%s=skip: no Keycloak is started", Environment)
	}
	if !p.tried {
		p.tried = true
		p.server, p.err = Start(context.Background())
	}
	if p.err != nil {
		refuse(t, mode, p.err)
	}
	return p.server
}

// Close stops the server, if one was started.
func (p *Pool) Close() error {
	if p.server == nil {
		return nil
	}
	return p.server.Stop()
}

// refuse ends a test for want of a server.
func refuse(t testing.TB, mode string, cause error) {
	t.Helper()
	if mode == "required" {
		t.Fatalf("%s=required, but no Keycloak can be had: %v", Environment, cause)
	}
	t.Skipf("no Keycloak can be had: %v", cause)
}

// Start installs and boots a server and waits until it is ready. The caller stops it.
func Start(ctx context.Context) (*Server, error) {
	return start(ctx, nil)
}

// start boots a server; realmFiles are copied into its data/import folder and imported at start.
func start(ctx context.Context, realmFiles map[string][]byte) (*Server, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return nil, fmt.Errorf("no JDK: %w", err)
	}
	home, err := install(ctx)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "rehome-keycloak-")
	if err != nil {
		return nil, fmt.Errorf("making a working folder: %w", err)
	}
	if len(realmFiles) > 0 {
		if home, err = overlay(home, filepath.Join(folder, "home"), realmFiles); err != nil {
			return nil, err
		}
	}
	server, err := launch(ctx, home, folder, len(realmFiles) > 0)
	if err != nil {
		_ = os.RemoveAll(folder)
	}
	return server, err
}

// launch starts the process and waits for it.
func launch(ctx context.Context, home, folder string, importRealms bool) (*Server, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	arguments := []string{
		"start", "--optimized", "--http-enabled=true", "--http-host=127.0.0.1", "--http-port=" + strconv.Itoa(ports[0]),
		"--http-management-port=" + strconv.Itoa(ports[1]), "--hostname-strict=false", "--cache=local",
	}
	if importRealms {
		arguments = append(arguments, "--import-realm")
	}
	command := exec.Command(filepath.Join(home, "bin", "kc.sh"), arguments...)
	command.Env = append(os.Environ(), "KC_BOOTSTRAP_ADMIN_USERNAME="+adminName,
		"KC_BOOTSTRAP_ADMIN_PASSWORD="+adminPassword)
	// A group of its own lets Stop reach java, which is a child of the start script, by the id of the process we started.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.Create(filepath.Join(folder, "server.log"))
	if err != nil {
		return nil, fmt.Errorf("making the server's log: %w", err)
	}
	defer log.Close()
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	server := &Server{
		URL: fmt.Sprintf("http://127.0.0.1:%d", ports[0]), home: home, folder: folder, command: command,
		exited: make(chan struct{}),
	}
	server.admin.server = server
	go func() {
		_ = command.Wait() // how it ended is in the log
		close(server.exited)
	}()
	ready := fmt.Sprintf("http://127.0.0.1:%d/health/ready", ports[1])
	if err := server.waitReady(ctx, ready); err != nil {
		err = fmt.Errorf("%w\n%s", err, server.Log())
		return nil, errors.Join(err, server.Stop())
	}
	return server, nil
}

// waitReady polls the health address.
func (s *Server) waitReady(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	client := &http.Client{Timeout: 5 * time.Second}
	for {
		if response, err := client.Get(address); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.exited:
			return errors.New("the server ended while it was starting")
		case <-ctx.Done():
			return fmt.Errorf("waiting for the server: %w", ctx.Err())
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// Stop ends the server and waits until it is gone.
func (s *Server) Stop() error {
	defer os.RemoveAll(s.folder)
	_ = syscall.Kill(s.command.Process.Pid, syscall.SIGTERM) // the start script passes it on to java
	select {
	case <-s.exited:
		return nil
	case <-time.After(stopTimeout):
	}
	_ = syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL)
	select {
	case <-s.exited:
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("the server (process %d) does not end", s.command.Process.Pid)
	}
}

// Log is the end of what the server wrote.
func (s *Server) Log() string {
	content, err := os.ReadFile(filepath.Join(s.folder, "server.log"))
	if err != nil {
		return "the server's log cannot be read: " + err.Error()
	}
	return tail(string(bytes.ToValidUTF8(content, nil)))
}

// freePorts finds loopback ports that nobody uses. Another process may take one before the server does; the boot then
// fails.
func freePorts(count int) ([]int, error) {
	ports := make([]int, 0, count)
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
