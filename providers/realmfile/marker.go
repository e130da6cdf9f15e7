package realmfile

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// ReadMarker reads the marker, which is kept in a disabled client.
func (t *Target) ReadMarker(context.Context) (contract.Marker, contract.MarkerRevision, error) {
	var marker contract.Marker
	var revision contract.MarkerRevision
	err := t.look(func(o *opened) (err error) {
		marker, revision, err = o.marker()
		return err
	})
	return marker, revision, err
}

func (d *document) marker() (contract.Marker, contract.MarkerRevision, error) {
	var marker contract.Marker
	client := d.find("clients", realm.MarkerClient)
	if client == nil {
		return marker, "", nil
	}
	attributes, _ := client["attributes"].(map[string]any)
	content, _ := attributes[realm.MarkerKey].(string)
	revision, _ := attributes[realm.MarkerCount].(string)
	if err := json.Unmarshal([]byte(content), &marker); err != nil || revision == "" {
		return contract.Marker{}, "", invalid("the client %s does not hold a marker that can be read", realm.MarkerClient)
	}
	return marker, contract.MarkerRevision(revision), nil
}

// WriteMarker writes the marker when it is still at the revision it is based on, and the file whole with it.
func (t *Target) WriteMarker(_ context.Context, marker contract.Marker,
	basedOn contract.MarkerRevision) (contract.MarkerRevision, error) {
	var next string
	err := t.hold(func(o *opened) (err error) {
		if next, err = o.setMarker(marker, basedOn); err != nil {
			return err
		}
		if err = o.save(t.resolved()); err != nil {
			t.forget() // the marker in memory is not the one of the file
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return contract.MarkerRevision(next), nil
}

func (d *document) setMarker(marker contract.Marker, basedOn contract.MarkerRevision) (string, error) {
	_, revision, err := d.marker()
	if err != nil {
		return "", err
	}
	if revision != basedOn {
		return "", &contract.ProviderError{Code: contract.ErrorConflict,
			Message: "the marker was written by somebody else in between"}
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
	client := d.find("clients", realm.MarkerClient)
	if client == nil {
		client = d.add("clients", markerClient(d.name()))
	}
	attributes := object.Sub(client, "attributes")
	attributes[realm.MarkerKey], attributes[realm.MarkerCount] = string(content), next
	return next, nil
}

func markerClient(realmName string) object.Object {
	return object.Object{
		"id": derivedID(realmName, "client", realm.MarkerClient), "clientId": realm.MarkerClient, "name": "rehome marker",
		"description": "Holds what rehome knows about this realm. Do not remove while a migration runs.",
		"protocol":    gating.ProtocolOIDC,
		"enabled":     false, "publicClient": false, "bearerOnly": false, "standardFlowEnabled": false,
		"implicitFlowEnabled":       false,
		"directAccessGrantsEnabled": false, "serviceAccountsEnabled": false,
	}
}
