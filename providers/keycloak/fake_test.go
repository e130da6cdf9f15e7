package keycloak

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
)

// fakeRealm speaks as much of the Admin API as groups at the top and clients need, and refuses everything else. What it
// answers to a key that is in use, or an id that is not there, is what Keycloak 26.7.4 answers.
type fakeRealm struct {
	t     *testing.T
	mutex sync.Mutex
	made  int
	parts map[string]map[string]object.Object // groups and clients, by id
	left  int                                 // requests that get through, negative for all
}

func newFakeRealm(t *testing.T) *fakeRealm {
	return &fakeRealm{t: t, left: -1, parts: map[string]map[string]object.Object{"groups": {}, "clients": {}}}
}

// keyOf is the field of a part that must be unique.
var keyOf = map[string]string{"groups": "name", "clients": "clientId"}

func (f *fakeRealm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.left == 0 {
		panic(http.ErrAbortHandler)
	}
	answer := httptest.NewRecorder()
	f.mux().ServeHTTP(answer, r)
	if f.left > 0 {
		if f.left--; f.left == 0 {
			panic(http.ErrAbortHandler) // done, and the answer lost
		}
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (f *fakeRealm) mux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /realms/acme/protocol/openid-connect/token", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"access_token":"t","expires_in":300}`)
	})
	const admin = "/admin/realms/acme/"
	mux.HandleFunc("POST "+admin+"partial-export", func(w http.ResponseWriter, _ *http.Request) {
		document := object.Object{"realm": "acme", "groups": f.list("groups", ""), "clients": f.list("clients", "")}
		_ = json.NewEncoder(w).Encode(document)
	})
	mux.HandleFunc("GET "+admin+"identity-provider/instances",
		func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") })
	for _, list := range realm.ServerLists() {
		mux.HandleFunc("GET "+admin+"authentication/"+list,
			func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") })
	}
	mux.HandleFunc("GET /realms/acme/.well-known/openid-configuration",
		func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	mux.HandleFunc("GET "+admin+"groups/{id}/children",
		func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") })
	for _, part := range []string{"groups", "clients"} {
		mux.HandleFunc("GET "+admin+part, func(w http.ResponseWriter, r *http.Request) {
			rows := f.list(part, r.FormValue("search")+r.FormValue("clientId"))
			if first, err := strconv.Atoi(r.FormValue("first")); err == nil {
				most, _ := strconv.Atoi(r.FormValue("max"))
				rows = rows[min(first, len(rows)):min(first+most, len(rows))]
			}
			_ = json.NewEncoder(w).Encode(rows)
		})
		mux.HandleFunc("POST "+admin+part, func(w http.ResponseWriter, r *http.Request) { f.create(w, r, part) })
		mux.HandleFunc(admin+part+"/{id}", func(w http.ResponseWriter, r *http.Request) { f.one(w, r, part) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		f.t.Errorf("the fake does not know %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusNotImplemented)
	})
	return mux
}

// list gives the parts of a key, all when it is empty.
func (f *fakeRealm) list(part, key string) []object.Object {
	rows := []object.Object{}
	for _, id := range slices.Sorted(maps.Keys(f.parts[part])) {
		if row := f.parts[part][id]; key == "" || row[keyOf[part]] == key {
			rows = append(rows, row)
		}
	}
	return rows
}

func (f *fakeRealm) create(w http.ResponseWriter, r *http.Request, part string) {
	var row object.Object
	if err := json.NewDecoder(r.Body).Decode(&row); err != nil {
		f.t.Error(err)
	}
	key, _ := row[keyOf[part]].(string)
	if len(f.list(part, key)) > 0 {
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, `{"errorMessage":"it exists already"}`)
		return
	}
	f.made++
	row["id"] = fmt.Sprintf("id-%d", f.made)
	if part == "clients" {
		row["secret"], row["clientAuthenticatorType"] = fmt.Sprintf("a-secret-of-the-server-%d", f.made), "client-secret"
	}
	f.parts[part][row["id"].(string)] = row
	w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"/"+row["id"].(string))
	w.WriteHeader(http.StatusCreated)
}

func (f *fakeRealm) one(w http.ResponseWriter, r *http.Request, part string) {
	id := r.PathValue("id")
	row, exists := f.parts[part][id]
	if !exists {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":"could not find it"}`)
		return
	}
	switch r.Method {
	case http.MethodGet:
		_ = json.NewEncoder(w).Encode(row)
	case http.MethodPut:
		if err := json.NewDecoder(r.Body).Decode(&row); err != nil { // what is left out stays
			f.t.Error(err)
		}
		w.WriteHeader(http.StatusNoContent)
	case http.MethodDelete:
		delete(f.parts[part], id)
		w.WriteHeader(http.StatusNoContent)
	}
}

// groupAndClient are samples that need nothing else.
func groupAndClient() []sdktest.Sample {
	group := func(name, text string) identity.Attributes {
		return identity.Attributes{"path": "/" + name, "name": name, "description": text}
	}
	client := func(uris ...any) identity.Attributes {
		return identity.Attributes{"client_id": "wiki", "protocol": gating.ProtocolOIDC, "name": "Wiki", "public": false,
			"standard_flow": true, "redirect_uris": uris}
	}
	return []sdktest.Sample{
		{Resource: identity.ResourceID{Type: realm.TypeGroup, Key: "/eng"}, Made: group("eng", "Engineers"),
			Changed: group("eng", "All engineers"),
			Renamed: &identity.Resource{Type: realm.TypeGroup, Key: "/dev", Attributes: group("dev", "Engineers")}},
		{Resource: identity.ResourceID{Type: realm.TypeClient, Key: "wiki"},
			Made:    client("https://a.example.test/", "https://b.example.test/"),
			Changed: client("https://b.example.test/"), Generates: "secret"},
	}
}

func TestApply_KeepsTheContractOnAFake(t *testing.T) {
	sdktest.Apply(t, func(t *testing.T) sdktest.Place {
		fake := newFakeRealm(t)
		server := httptest.NewServer(fake)
		t.Cleanup(server.Close)
		open := func(t *testing.T) sdk.Target {
			target := New("test")
			problems := target.Configure(t.Context(), map[string]any{"url": server.URL, "realm": "acme", "client_id": "rehome",
				"client_secret": testSecret})
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			target.client.Sleep = func(context.Context, time.Duration) error { return nil }
			return target
		}
		return sdktest.Place{Target: open(t), Reopen: open, Cut: func(after int) func() {
			fake.cut(after)
			return func() { fake.cut(-1) }
		}}
	}, groupAndClient()...)
}

// TestKeycloak_ApplyKeepsTheContract asks the same of a real server, with a resource of each type that stands by
// itself.
func TestKeycloak_ApplyKeepsTheContract(t *testing.T) {
	samples := groupAndClient()
	role := func(text string) identity.Attributes {
		return identity.Attributes{"client": "wiki", "role": "access", "description": text}
	}
	provider := func(name string) identity.Attributes {
		return identity.Attributes{"alias": "corp", "display_name": name, "protocol": "saml", "enabled": true,
			"entity_id": "https://up.example.test", "sso_url": "https://up.example.test/sso"}
	}
	organization := func(name string) identity.Attributes {
		return identity.Attributes{"alias": "acme", "name": name, "domains": []any{"acme.test"}, "identity_provider": "corp"}
	}
	samples = append(samples,
		sdktest.Sample{Resource: identity.ResourceID{Type: realm.TypeClientRole, Key: "wiki/access"},
			Made: role("May use Wiki"), Changed: role("Uses Wiki")},
		sdktest.Sample{Resource: identity.ResourceID{Type: realm.TypeRoleAssignment, Key: "/eng -> wiki/access"},
			Made: identity.Attributes{"group": "/eng", "client": "wiki", "role": "access"}},
		sdktest.Sample{Resource: identity.ResourceID{Type: realm.TypeProvider, Key: "corp"}, Made: provider("Corp"),
			Changed: provider("Corporation")},
		sdktest.Sample{Resource: identity.ResourceID{Type: realm.TypeOrganization, Key: "acme"}, Made: organization("Acme"),
			Changed: organization("Acme Corp")},
		sdktest.Sample{Resource: identity.ResourceID{Type: realm.TypeEnablement, Key: "wiki"},
			Made: identity.Attributes{"client": "wiki", "enabled": true}})
	servers.Server(t)
	sdktest.Apply(t, func(t *testing.T) sdktest.Place {
		target, _ := liveTarget(t)
		return sdktest.Place{Target: target}
	}, samples...)
}

func (f *fakeRealm) cut(after int) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.left = after
}
