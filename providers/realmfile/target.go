package realmfile

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk/args"
)

// Target writes one realm file. It reads the file anew before each write, so that an edit in between is seen.
type Target struct {
	version string
	path    string
	realm   string
	mutex   sync.Mutex // one write at a time
}

// New makes a target that is not configured yet.
func New(version string) *Target { return &Target{version: version} }

// Schema says which arguments the target takes and what it writes.
func (t *Target) Schema() identity.ProviderSchema {
	return identity.ProviderSchema{
		Name: "realmfile", Version: t.version, Doc: "Writes a Keycloak realm file, made where there is none and merged where there is one.",
		Config: []identity.ConfigAttribute{
			{Name: "path", Type: "string", Required: true, TargetFile: true, Doc: "Realm file. It will hold secrets and is written with mode 0600."},
			{Name: "realm", Type: "string", Doc: "Name of the realm; needed when the file is new."},
		},
		Resources: realm.Resources(),
	}
}

// Configure keeps the arguments.
func (t *Target) Configure(_ context.Context, config map[string]any) diag.List {
	given := args.Read(t.Schema(), config)
	name := given.Text("realm")
	if strings.ContainsFunc(name, func(r rune) bool { return r == '/' || r < ' ' }) {
		given.Fail("realm", "Keycloak refuses a slash or a control character in the name of a realm.")
	}
	if !given.Problems().HasErrors() {
		t.path, t.realm = given.Text("path"), name
	}
	return given.Problems()
}

// ConfigureOffline takes nothing: what a realm makes of an item does not depend on where the file is.
func (t *Target) ConfigureOffline(context.Context, map[string]any) diag.List { return nil }

// Identify reads the file, or checks that a new one can be begun.
func (t *Target) Identify(context.Context) (identity.TargetIdentity, error) {
	doc, isNew, err := t.load()
	if err != nil {
		return identity.TargetIdentity{}, err
	}
	name := doc["realm"].(string)
	summary := "realm file, realm " + name
	if isNew {
		summary = "new " + summary
	}
	return identity.TargetIdentity{Identity: "realmfile:" + name, Summary: summary}, nil
}

// Translate says what a realm makes of one item.
func (t *Target) Translate(item identity.Item) identity.Translation { return realm.Translate(item) }

// Check is the second pass over the whole set.
func (t *Target) Check(desired, live []identity.Resource) []identity.CheckFinding {
	return realm.Check(desired, live)
}

// Read hands out all resources of the file.
func (t *Target) Read(ctx context.Context, each func(identity.Resource) error) (identity.ReadSummary, error) {
	doc, _, err := t.load()
	if err != nil {
		return identity.ReadSummary{}, err
	}
	summary := identity.ReadSummary{Requests: 1}
	for _, resource := range realm.ReadDocument(doc) {
		if err := ctx.Err(); err != nil {
			return summary, err
		}
		if err := each(resource); err != nil {
			return summary, err
		}
		summary.Resources++
	}
	return summary, nil
}

// ReadMarker reads the marker, which is kept in a disabled client.
func (t *Target) ReadMarker(context.Context) (identity.Marker, identity.MarkerRevision, error) {
	doc, _, err := t.load()
	if err != nil {
		return identity.Marker{}, "", err
	}
	return readMarker(doc)
}

func readMarker(doc realm.Object) (identity.Marker, identity.MarkerRevision, error) {
	var marker identity.Marker
	client := find(doc, "clients", "clientId", realm.MarkerClient)
	if client == nil {
		return marker, "", nil
	}
	attributes, _ := client["attributes"].(map[string]any)
	content, _ := attributes[realm.MarkerKey].(string)
	revision, _ := attributes[realm.MarkerCount].(string)
	if err := json.Unmarshal([]byte(content), &marker); err != nil || revision == "" {
		return identity.Marker{}, "", invalid("the client %s does not hold a marker that can be read", realm.MarkerClient)
	}
	return marker, identity.MarkerRevision(revision), nil
}

// WriteMarker writes the marker when it is still at the revision it is based on.
func (t *Target) WriteMarker(_ context.Context, marker identity.Marker, basedOn identity.MarkerRevision) (identity.MarkerRevision, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	release, err := t.lock()
	if err != nil {
		return "", err
	}
	defer release()
	doc, _, err := t.load()
	if err != nil {
		return "", err
	}
	_, revision, err := readMarker(doc)
	if err != nil {
		return "", err
	}
	if revision != basedOn {
		return "", &identity.ProviderError{Code: identity.ErrorConflict, Message: "the marker was written by somebody else in between"}
	}
	content, err := json.Marshal(marker)
	if err != nil {
		return "", invalid("encoding the marker: %v", err)
	}
	count := 0
	if revision != "" {
		if count, err = strconv.Atoi(string(revision)); err != nil {
			return "", invalid("the marker has the revision %q, which is no number", revision)
		}
	}
	next := strconv.Itoa(count + 1)
	client := find(doc, "clients", "clientId", realm.MarkerClient)
	if client == nil {
		client = markerClient(doc["realm"].(string))
		add(doc, "clients", client)
	}
	attributes := object(client, "attributes")
	attributes[realm.MarkerKey], attributes[realm.MarkerCount] = string(content), next
	if err := t.save(doc); err != nil {
		return "", err
	}
	return identity.MarkerRevision(next), nil
}

func markerClient(realmName string) realm.Object {
	return realm.Object{
		"id": derivedID(realmName, "client", realm.MarkerClient), "clientId": realm.MarkerClient, "name": "rehome marker",
		"description": "Holds what rehome knows about this realm. Do not remove while a migration runs.", "protocol": realm.ProtocolOIDC,
		"enabled": false, "publicClient": false, "bearerOnly": false, "standardFlowEnabled": false, "implicitFlowEnabled": false,
		"directAccessGrantsEnabled": false, "serviceAccountsEnabled": false,
	}
}
