package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
	"github.com/rehome-iam/rehome/providers/keycloak/keycloaktest"
	"github.com/rehome-iam/rehome/state/journal"
)

const (
	faultRealm  = "rehome-faults"
	faultSecret = "faults-service-secret"
)

// spoiler is the choice of a labfault proxy: it spoils the first request of each shape that writes to the realm.
type spoiler struct {
	mutex sync.Mutex
	spoil labfault.Spoil
	seen  map[string]bool
	hit   map[string]int // kind of step → requests spoilt
	flow  string         // kind of step that made the last flow: what hangs in it does not name it
}

func (s *spoiler) arm(spoil labfault.Spoil) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.spoil, s.seen, s.hit = spoil, map[string]bool{}, map[string]int{}
}

func (s *spoiler) hits() map[string]int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.hit
}

func (s *spoiler) choose(r *http.Request, body []byte) labfault.Spoil {
	path, below := strings.CutPrefix(r.URL.Path, "/admin/realms/"+faultRealm+"/")
	if !below || r.Method == http.MethodGet || strings.HasPrefix(path, "partial-export") {
		return labfault.Spoil{}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	kind := s.kind(r.Method, path, string(body))
	shape := kind + " " + r.Method + " " + shapeOf(path)
	if s.spoil == (labfault.Spoil{}) || s.seen[shape] {
		return labfault.Spoil{}
	}
	s.seen[shape] = true
	s.hit[kind]++
	return s.spoil
}

// kind of step that a request belongs to.
func (s *spoiler) kind(method, path, body string) string {
	first, _, _ := strings.Cut(path, "/")
	switch {
	case strings.Contains(path, "/role-mappings/"):
		return "role_assignment"
	case first == "groups":
		return "group"
	case first == "organizations", first == "identity-provider" && method == http.MethodPut &&
		!strings.Contains(path, "mappers"):
		return "organization"
	case first == "identity-provider":
		return "identity_provider"
	case first == "client-scopes", strings.Contains(path, "default-client-scopes"),
		strings.Contains(body, "authenticationFlowBindingOverrides"):
		return "gate"
	case path == "authentication/flows":
		s.flow = "gate_flows"
		if strings.Contains(body, " for ") {
			s.flow = "gate"
		}
		return s.flow
	case first == "authentication":
		return s.flow
	case strings.Contains(body, "rehome marker"), strings.Contains(body, "rehome.marker"),
		strings.Contains(body, `"lease`), strings.Contains(body, "rehome.fence"):
		return "marker"
	case strings.HasSuffix(path, "/roles"):
		return "client_role"
	case method == http.MethodPost:
		return "client"
	}
	return "client_enablement"
}

var unknownSegment = regexp.MustCompile(`[0-9a-f-]{36}|https?:.*|%.*`)

func shapeOf(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if i > 0 && (unknownSegment.MatchString(segment) || strings.ContainsAny(segment, " :.%0123456789")) {
			segments[i] = "*"
		}
	}
	return strings.Join(segments, "/")
}

// keycloakStage plans the practice tenant into a realm of a real server, behind a proxy that spoils.
func keycloakStage(t *testing.T, server *keycloaktest.Server) (*stage, *spoiler) {
	t.Helper()
	t.Chdir(".")
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	spoil := &spoiler{}
	spoil.arm(labfault.Spoil{})
	front := httptest.NewServer(labfault.Proxy(base, spoil.choose))
	t.Cleanup(front.Close)
	j := newJourney(t, "okta-to-keycloak", "okta", "keycloak")
	startOktaLab(j)
	generating(j)
	j.set("keycloak_url", front.URL)
	j.set("keycloak_realm", faultRealm)
	j.set("keycloak_secret", faultSecret)
	shorten(t, j.folder)
	freshRealm(t, server)
	hash, _ := j.approve()
	s := &stage{t: t, folder: j.folder, hash: hash, variable: append(j.variable, "REHOME_PLUGIN_DIR="+j.plugins),
		generated: generated}
	s.secrets = func(t *testing.T, _ string) map[string]string {
		t.Helper()
		rows, err := server.Admin(context.Background(), http.MethodGet, "/admin/realms/"+faultRealm+"/clients", nil)
		if err != nil {
			t.Fatal(err)
		}
		var clients []map[string]any
		list, _ := rows.([]any)
		for _, each := range list {
			if client, ok := each.(map[string]any); ok {
				clients = append(clients, client)
			}
		}
		return secretsIn(clients)
	}
	s.end = func(t *testing.T, _ string) string { return exportedRealm(t, server) }
	return s, spoil
}

// shorten lets a request count as lost after two seconds.
func shorten(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.rehome.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err == nil {
			content = regexp.MustCompile(`(?m)^target "keycloak" "[^"]*" \{$`).ReplaceAll(content, []byte("$0\n  timeout = 3"))
			err = os.WriteFile(file, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// freshRealm makes the realm anew, with the service account that the guide asks for.
func freshRealm(t *testing.T, server *keycloaktest.Server) {
	t.Helper()
	ctx := context.Background()
	_, _ = server.Admin(ctx, http.MethodDelete, "/admin/realms/"+faultRealm, nil) // there is none the first time
	_, err := server.Admin(ctx, http.MethodPost, "/admin/realms", map[string]any{
		"realm": faultRealm, "enabled": true, "organizationsEnabled": true,
		"clients": []any{map[string]any{"clientId": "rehome", "protocol": "openid-connect", "publicClient": false,
			"secret": faultSecret, "serviceAccountsEnabled": true, "standardFlowEnabled": false}},
		"users": []any{map[string]any{"username": "service-account-rehome", "enabled": true,
			"serviceAccountClientId": "rehome", "clientRoles": map[string]any{"realm-management": realmRoles}}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

var anyTime = regexp.MustCompile(`"createdTimestamp": \d+`)

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// exportedRealm is the whole realm, without ids, keys, made secrets and what the marker holds.
func exportedRealm(t *testing.T, server *keycloaktest.Server) string {
	t.Helper()
	whole := map[string]any{}
	for name, request := range map[string][2]string{
		"realm":         {http.MethodPost, "/partial-export?exportClients=true&exportGroupsAndRoles=true"},
		"organizations": {http.MethodGet, "/organizations?briefRepresentation=false"},
		"providers":     {http.MethodGet, "/identity-provider/instances"},
	} {
		part, err := server.Admin(context.Background(), request[0], "/admin/realms/"+faultRealm+request[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		whole[name] = part
	}
	if realm, ok := whole["realm"].(map[string]any); ok {
		delete(realm, "components") // holds keys
		clients, _ := realm["clients"].([]any)
		for _, each := range clients {
			if client, ok := each.(map[string]any); ok {
				if client["name"] == "rehome marker" {
					delete(client, "attributes")
				}
				if attributes, ok := client["attributes"].(map[string]any); ok {
					for name := range attributes {
						if strings.HasPrefix(name, "client.secret.creation") {
							delete(attributes, name)
						}
					}
				}
			}
		}
	}
	dropIDs(whole)
	sortLists(whole)
	return anyTime.ReplaceAllString(givenSecret.ReplaceAllString(string(encoded(whole)), `"secret": "(made)"`),
		`"createdTimestamp": 0`)
}

// dropIDs replaces what looks like an id of the server in every text.
func dropIDs(value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, each := range v {
			if text, ok := each.(string); ok {
				v[name] = anyID.ReplaceAllString(text, "(id)")
			}
			dropIDs(each)
		}
	case []any:
		for i, each := range v {
			if text, ok := each.(string); ok {
				v[i] = anyID.ReplaceAllString(text, "(id)")
			}
			dropIDs(each)
		}
	}
}

// httpFaults are the ways in which a request goes wrong.
func httpFaults() map[string]labfault.Spoil {
	return map[string]labfault.Spoil{
		"429": {Status: 429}, "500": {Status: 500}, "503": {Status: 503}, "reset": {Reset: true}, "timeout": {Hang: true},
		"truncated body": {Cut: true},
	}
}

// TestFaults_OnARealKeycloak spoils the first request of each shape, and kills host and plugin at records of each kind
// of step.
func TestFaults_OnARealKeycloak(t *testing.T) {
	var pool keycloaktest.Pool
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	server := pool.Server(t)
	s, spoil := keycloakStage(t, server)
	freshRealm(t, server)
	calm := s.copy(t)
	if first := s.apply(calm, "nobody", "-parallelism=1"); first.status != 0 {
		t.Fatalf("the undisturbed apply ended with %d:\n%s", first.status, first.output)
	}
	end := s.end(t, calm)
	wantBooks, records := books(t, calm)
	t.Run("http", func(t *testing.T) { httpMatrix(t, server, s, spoil, end, wantBooks) })
	t.Run("kill", func(t *testing.T) { killMatrix(t, server, s, end, wantBooks, records) })
}

func httpMatrix(t *testing.T, server *keycloaktest.Server, s *stage, spoil *spoiler, end, wantBooks string) {
	table := &faultTable{title: "HTTP faults on a real Keycloak: each hits the first request of every shape that a " +
		"kind of step sends"}
	defer table.write(t)
	faults := httpFaults()
	names := make([]string, 0, len(faults))
	for name := range faults {
		names = append(names, name)
	}
	sort.Strings(names)
	if os.Getenv(faultsVariable) == "" {
		names = []string{"reset"}
	}
	for _, name := range names {
		for _, after := range []bool{false, true} {
			when := "before the effect"
			if after {
				when = "after the effect"
			}
			t.Run(name+" "+when, func(t *testing.T) {
				freshRealm(t, server)
				folder := s.copy(t)
				fault := faults[name]
				fault.After = after
				spoil.arm(fault)
				first := s.apply(folder, "nobody", "-parallelism=1")
				hit := spoil.hits()
				same := s.resume(t, folder, end, wantBooks) // what the first apply did not come to is spoilt in this one
				spoil.arm(labfault.Spoil{})
				for _, kind := range kindsOf(hit) {
					table.add(faultRow{done: fmt.Sprintf("%s %s: %s (%d requests)", name, when, kind, hit[kind]),
						ended: fmt.Sprintf("status %d", first.status), same: same})
				}
			})
		}
	}
}

func kindsOf(hit map[string]int) []string {
	kinds := make([]string, 0, len(hit))
	for kind := range hit {
		kinds = append(kinds, kind)
	}
	sort.Strings(kinds)
	return kinds
}

// killMatrix kills at one boundary after another of one and the same run, which is resumed each time: a realm of its
// own for each boundary, or every step, would take too long. The boundaries are those of one step of each kind.
func killMatrix(t *testing.T, server *keycloaktest.Server, s *stage, end, wantBooks string, records []journal.Record) {
	whole := os.Getenv(faultsVariable) != ""
	for _, who := range []string{"host", "plugin"} {
		all := sampled(records, whole)
		t.Run(who, func(t *testing.T) {
			table := &faultTable{title: "kill -9 of the " + who +
				" on a real Keycloak: one run, killed and resumed again and again, at one step of each kind"}
			defer table.write(t)
			freshRealm(t, server)
			folder := s.copy(t)
			for _, b := range boundaries(all) {
				if who == "plugin" && b.moment == journal.AfterRecord && strings.HasPrefix(b.what, "outcome") {
					continue // the host has written that outcome the time before, when the plugin had died just before it
				}
				died := s.apply(folder, killAt(who, b.moment, b.what), "-parallelism=1")
				row := faultRow{done: fmt.Sprintf("%s killed %s %s", who, b.moment, b.what), ended: fmt.Sprintf("status %d",
					died.status)}
				if died.status < 0 {
					row.ended = "killed"
				}
				table.add(row)
				if died.status == 0 {
					t.Errorf("%s: nobody died:\n%s", row.done, died.output)
				}
			}
			same := s.resume(t, folder, end, wantBooks)
			for i := range table.rows {
				table.rows[i].same = same
			}
		})
	}
}

// sampled keeps the records of the last step of each kind, which the others have prepared; of a gate only, when it must
// be fast.
func sampled(records []journal.Record, whole bool) []journal.Record {
	last := map[string]string{}
	for _, r := range records {
		if r.Intend != nil && (whole || r.Intend.Resource.Type == "gate") {
			last[r.Intend.Resource.Type] = r.Intend.StepID
		}
	}
	return slices.DeleteFunc(slices.Clone(records), func(r journal.Record) bool {
		switch {
		case r.Intend != nil:
			return last[r.Intend.Resource.Type] != r.Intend.StepID
		case r.Outcome != nil:
			return last[r.Outcome.Resource.Type] != r.Outcome.StepID
		}
		return true
	})
}
