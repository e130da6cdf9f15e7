package client_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/client"
)

func TestAPluginKilledInMidStreamIsAnErrorWithItsLastWords(t *testing.T) {
	var got kept
	d := wantCode(t, source(t, "killed").Collect(t.Context(), &got), "plugin-died")
	if !strings.Contains(d.Detail, "error: about to fall over") {
		t.Errorf("detail is %s", d.Detail)
	}
	if len(got.items) >= largeCount {
		t.Errorf("%d items came", len(got.items))
	}
}

func TestAPanicOfAPluginIsInTheError(t *testing.T) {
	d := wantCode(t, source(t, "panics").Collect(t.Context(), &kept{}), "plugin-died")
	if !strings.Contains(d.Detail, "goroutine") && !strings.Contains(d.Detail, "a nil map, say") {
		t.Errorf("detail is %s", d.Detail)
	}
}

func TestTheLastWordsAreRedacted(t *testing.T) {
	o := options(t, "source")
	o.Redact = func(text string) string { return strings.ReplaceAll(text, "fall over", "(sensitive)") }
	d := wantCode(t, sourceWith(t, o, "killed").Collect(t.Context(), &kept{}), "plugin-died")
	if strings.Contains(d.Detail, "fall over") || !strings.Contains(d.Detail, "(sensitive)") {
		t.Errorf("detail is %s", d.Detail)
	}
}

func TestAPluginThatDoesNotStartIsExplained(t *testing.T) {
	cases := []struct {
		role, code, says string
	}{
		{"hang", "plugin-timeout", "waiting for nothing"},
		{"garbage", "plugin-start-failed", "cannot read /etc/fake.conf"},
	}
	for _, c := range cases {
		t.Run(c.role, func(t *testing.T) {
			o := options(t, c.role)
			o.StartTimeout = time.Second
			_, err := client.LaunchSource(t.Context(), o)
			if d := wantCode(t, err, c.code); !strings.Contains(d.Detail, c.says) {
				t.Errorf("detail is %s", d.Detail)
			}
		})
	}
}

func TestAPluginOfAnotherProtocolVersionIsRefused(t *testing.T) {
	_, err := client.LaunchSource(t.Context(), options(t, "old"))
	if d := wantCode(t, err, "plugin-version-mismatch"); !strings.Contains(d.Detail, "Plugin version: 2") {
		t.Errorf("detail is %s", d.Detail)
	}
}

func TestASourceIsNoTarget(t *testing.T) {
	running, err := client.LaunchTarget(t.Context(), options(t, "source"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	_, err = running.Schema(t.Context())
	wantCode(t, err, "plugin-version-mismatch")
}

func TestAChangedPluginIsNotStarted(t *testing.T) {
	o := options(t, "source")
	o.SHA256 = strings.Repeat("0", 64)
	_, err := client.LaunchSource(t.Context(), o)
	wantCode(t, err, "plugin-checksum-mismatch")
	o.SHA256 = "not hexadecimal"
	_, err = client.LaunchSource(t.Context(), o)
	wantCode(t, err, "plugin-checksum-mismatch")
}

func TestAPluginWithItsOwnChecksumStarts(t *testing.T) {
	o := options(t, "source")
	sum, err := client.Checksum(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	o.SHA256 = sum
	sourceWith(t, o, "good")
}

func TestAMissingPluginIsNamed(t *testing.T) {
	_, err := client.LaunchSource(t.Context(), client.Options{Path: filepath.Join(t.TempDir(), "none"), Name: "okta"})
	wantCode(t, err, "plugin-missing")
}

func TestAnAnswerThatBreaksTheContractIsNotUsed(t *testing.T) {
	wantCode(t, source(t, "unknown page").Collect(t.Context(), &kept{}), "plugin-invalid")
	err := source(t, "unknown kind").Collect(t.Context(), &kept{})
	var failure *contract.ProviderError
	if !errors.As(err, &failure) || !strings.Contains(failure.Message, `"unicorn"`) {
		t.Errorf("error is %v", err)
	}
	_, err = target(t).Translate(t.Context(), []identity.Item{group("bad", 0)})
	wantCode(t, err, "plugin-invalid")
}

func TestTheHostCanCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := source(t, "endless").Collect(ctx, &kept{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	short, end := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer end()
	_, err := source(t, "slow").Identify(short)
	wantCode(t, err, "plugin-timeout")
}

func TestTheHostCanCancelAStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	began := time.Now()
	if _, err := client.LaunchSource(ctx, options(t, "hang")); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestOnlyNamedVariablesReachThePlugin(t *testing.T) {
	t.Setenv("KEYCLOAK_SECRET", "planted-keycloak")
	t.Setenv("OKTA_TOKEN", "planted-okta")
	o := options(t, "source")
	o.Variables = append(o.Variables, "OKTA_TOKEN", "NOT_SET_ANYWHERE")
	found, err := sourceWith(t, o, "environment").Identify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(found.Tenant, "planted-okta") || strings.Contains(found.Tenant, "planted-keycloak") ||
		strings.Contains(found.Tenant, "NOT_SET_ANYWHERE") {
		t.Errorf("environment is %s", found.Tenant)
	}
}

func TestAPluginEndsWhenItsHostIsKilled(t *testing.T) {
	t.Setenv("TMPDIR", shortDir(t))
	host := exec.Command(options(t, "host").Path)
	output, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	input, err := host.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()
	for end := time.Now().Add(3 * time.Second); running(pid); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("plugin %d still runs", pid)
		}
	}
}

func TestNothingIsLeftAfterClose(t *testing.T) {
	dir := shortDir(t)
	t.Setenv("TMPDIR", dir)
	source := source(t, "good")
	found, err := source.Identify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if dirs, _ := filepath.Glob(filepath.Join(dir, "rehome-plugin-*")); len(dirs) != 1 {
		t.Errorf("socket directories are %v", dirs)
	}
	source.Close()
	source.Close()
	if dirs, _ := filepath.Glob(filepath.Join(dir, "*")); len(dirs) != 0 {
		t.Errorf("left are %v", dirs)
	}
	if pid, err := strconv.Atoi(found.Detail); err != nil || running(pid) {
		t.Errorf("plugin %s still runs", found.Detail)
	}
	_, err = source.Identify(t.Context())
	wantCode(t, err, "plugin-died")
}

// running tells whether a process runs; one that has ended and was not waited for does not.
func running(pid int) bool {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return syscall.Kill(pid, 0) == nil && !errors.Is(err, os.ErrNotExist)
	}
	return !strings.Contains(string(status), ") Z ")
}

func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
