package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labokta"
)

// benchItems is how many items the tenant of the benchmarks has: people, groups, and a membership for each group.
const benchItems = 10_000

// bench is a folder with a configuration, the binaries as they are given out, and an incumbent that answers on
// loopback.
type bench struct {
	binaries, folder string
	lab              *labokta.Server
	environ          []string
}

func newBench(b *testing.B) *bench {
	b.Helper()
	w := &bench{binaries: b.TempDir(), folder: b.TempDir()}
	build := exec.Command("go", "build", "-trimpath", "-o", w.binaries, ".", "../rehome-provider-okta",
		"../rehome-provider-realmfile")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building: %v\n%s", err, out)
	}
	lab, err := labokta.New(benchTenant(b), labokta.Options{RatePerMinute: -1})
	if err != nil {
		b.Fatal(err)
	}
	w.lab = lab
	server := httptest.NewTLSServer(lab)
	b.Cleanup(server.Close)
	ca := filepath.Join(w.folder, "ca.pem")
	text, err := os.ReadFile("../../examples/okta-to-realmfile/main.rehome.hcl")
	if err == nil {
		err = os.WriteFile(filepath.Join(w.folder, "main.rehome.hcl"), text, 0o600)
	}
	if err := errors.Join(err, os.WriteFile(ca, certificate(server), 0o600)); err != nil {
		b.Fatal(err)
	}
	w.environ = append(os.Environ(), "CI=true", "HOME="+w.folder,
		"REHOME_VAR_okta_url="+server.URL, "REHOME_VAR_okta_ca_file="+ca, "REHOME_VAR_okta_token="+labokta.DefaultToken)
	w.run(b, 0, "init")
	return w
}

// benchTenant is an Okta organisation made of six parts people, two parts groups and two parts memberships.
func benchTenant(b *testing.B) fstest.MapFS {
	b.Helper()
	users, groups, members := []any{}, []any{}, map[string][]string{}
	for n := range benchItems * 6 / 10 {
		users = append(users, map[string]any{
			"id": fmt.Sprintf("00u%017d", n), "status": "ACTIVE", "created": "2025-04-14T09:30:00.000Z",
			"lastUpdated": "2026-01-19T15:02:41.000Z",
			"type":        map[string]any{"id": "oty1"},
			"profile": map[string]any{"firstName": "Ana", "lastName": "Núñez", "login": fmt.Sprintf("ana%d@acme.example", n),
				"email": fmt.Sprintf("ana%d@acme.example", n), "department": "Field"},
			"credentials": map[string]any{"password": map[string]any{}, "provider": map[string]any{"type": "OKTA",
				"name": "OKTA"}},
		})
	}
	for n := range benchItems * 2 / 10 {
		id := fmt.Sprintf("00g%017d", n)
		groups = append(groups, map[string]any{
			"id": id, "created": "2025-04-14T09:30:00.000Z", "lastUpdated": "2026-01-19T15:02:41.000Z",
			"lastMembershipUpdated": "2026-01-19T15:02:41.000Z",
			"objectClass":           []string{"okta:user_group"}, "type": "OKTA_GROUP",
			"profile": map[string]any{"name": fmt.Sprintf("Team %d", n), "description": "a team"},
		})
		members[id] = []string{fmt.Sprintf("00u%017d", n)}
	}
	tenant := fstest.MapFS{}
	for name, value := range map[string]any{"users.json": users, "groups.json": groups, "group-members.json": members} {
		text, err := json.Marshal(value)
		if err != nil {
			b.Fatal(err)
		}
		tenant[name] = &fstest.MapFile{Data: text}
	}
	for _, name := range []string{"org.json", "well-known.json"} {
		text, err := os.ReadFile(filepath.Join(tenantFolder, name))
		if err != nil {
			b.Fatal(err)
		}
		tenant[name] = &fstest.MapFile{Data: text}
	}
	return tenant
}

// run executes the built rehome and returns its peak memory in kibibytes, without its plugins. It is read while the
// process runs: what the kernel says at its end counts the memory of the process that started it too. Where there is no
// /proc it is 0.
func (w *bench) run(b *testing.B, status int, args ...string) int {
	b.Helper()
	c := exec.Command(filepath.Join(w.binaries, "rehome"), args...)
	var out bytes.Buffer
	c.Dir, c.Env, c.Stdout, c.Stderr = w.folder, w.environ, &out, &out
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan struct{})
	peak := make(chan int)
	go func() { peak <- watchMemory(c.Process.Pid, ended) }()
	err := c.Wait()
	close(ended)
	if c.ProcessState == nil || c.ProcessState.ExitCode() != status {
		b.Fatalf("rehome %s: %v\n%.2000s", strings.Join(args, " "), err, out.String())
	}
	return <-peak
}

func watchMemory(process int, ended <-chan struct{}) int {
	peak := 0
	for {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
		if _, rest, found := strings.Cut(string(text), "VmHWM:"); found {
			size := 0
			if _, err := fmt.Sscan(rest, &size); err == nil {
				peak = size
			}
		}
		select {
		case <-ended:
			return peak
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// measure runs one command for each turn of the benchmark and reports items a second, requests to the incumbent and
// peak memory.
func (w *bench) measure(b *testing.B, status int, args ...string) {
	before, peak := w.lab.Requests(), 0
	for b.Loop() {
		peak = max(peak, w.run(b, status, args...))
	}
	b.ReportMetric(benchItems*float64(b.N)/b.Elapsed().Seconds(), "items/s")
	b.ReportMetric(float64(w.lab.Requests()-before)/float64(b.N), "requests")
	b.ReportMetric(float64(peak)/(1<<10), "MiB-peak")
}

// BenchmarkCommands measures what a person waits for, with the binaries and over HTTPS: 10,000 items into a realm file.
func BenchmarkCommands(b *testing.B) {
	w := newBench(b)
	w.run(b, 0, "collect")
	w.run(b, 0, "collect")
	w.run(b, 0, "assess")
	for _, c := range []struct {
		name   string
		status int
		args   []string
	}{
		{"collect", 0, []string{"collect"}},
		{"assess", 0, []string{"assess"}},
		{"plan", exitGate, []string{"plan"}}, // a draft: nobody acknowledged its impacts
		{"status", 0, []string{"status"}},
		{"snapshot_show", 0, []string{"snapshot", "show", "-kind=group"}},
		{"snapshot_diff", 0, []string{"snapshot", "diff"}},
		{"state_show", 0, []string{"state", "show"}},
	} {
		b.Run(c.name, func(b *testing.B) { w.measure(b, c.status, c.args...) })
	}
}

// BenchmarkStartup compares rehome version with /bin/true, turn by turn, so that the load of the machine touches both
// alike.
func BenchmarkStartup(b *testing.B) {
	w := newBench(b)
	var ours, theirs time.Duration
	for b.Loop() {
		began := time.Now()
		if err := exec.Command("/bin/true").Run(); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		if err := exec.Command(filepath.Join(w.binaries, "rehome"), "version").Run(); err != nil {
			b.Fatal(err)
		}
		theirs, ours = theirs+between.Sub(began), ours+time.Since(between)
	}
	b.ReportMetric(float64(ours)/float64(theirs), "x-true")
}
