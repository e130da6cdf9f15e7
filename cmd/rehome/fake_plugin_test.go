package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/sdk"
)

// The test binary runs as one of these plugins when it is started under their name.
const (
	fakeSourceName = "fakesource"
	fakeTargetName = "faketarget"
	pluginPrefix   = "rehome-provider-"
)

// fakeAddress is the file in the working folder that holds the address of the fake's server, so that each row has a
// server of its own though all have the same plan.
const fakeAddress = "fake-address.txt"

// statusDie is the answer on which the fake's plugin falls over.
const statusDie = 599

// servedFake serves the fake that this process was started as.
func servedFake() bool {
	switch strings.TrimPrefix(filepath.Base(os.Args[0]), pluginPrefix) {
	case fakeSourceName:
		sdk.ServeSource(fakeSource{})
	case fakeTargetName:
		sdk.ServeTarget(&fakeTarget{http: &http.Client{Timeout: fakePatience}})
	default:
		return false
	}
	return true
}

// fakePatience is after how long a request of the fake counts as lost.
const fakePatience = time.Second

// fakeSource is an incumbent with four groups and an application.
type fakeSource struct{}

func (fakeSource) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{Name: fakeSourceName, Version: "1.0.0", Doc: "A fake.",
		Kinds: []identity.Kind{identity.KindGroup, identity.KindApplication}}
}

func (fakeSource) Configure(context.Context, map[string]any) diag.List { return nil }

func (fakeSource) Identify(context.Context) (contract.SourceIdentity, error) {
	return contract.SourceIdentity{Tenant: "fake"}, nil
}

func (fakeSource) Collect(ctx context.Context, sink sdk.Sink) error {
	page, err := sink.Page(ctx, identity.PageEvidence{Method: "GET", Path: "/all", Status: 200, ItemCount: 5,
		SHA256: "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945", Body: []byte("[]")})
	if err != nil {
		return err
	}
	for _, name := range []string{"engineers", "sales", "guests"} {
		attributes, err := json.Marshal(kinds.Group{Name: name, Description: "as the incumbent has it", Type: "local",
			Origin: "local"})
		if err == nil {
			err = sink.Items(ctx, identity.Item{Kind: identity.KindGroup, ID: name, Name: name, Version: 1,
				Attributes: attributes, Page: page})
		}
		if err != nil {
			return err
		}
	}
	attributes, err := json.Marshal(kinds.Application{Name: "wiki", Status: "active", Protocol: "oidc", Access: "assigned",
		ClientID: "wiki", ClientType: "confidential", ClientAuthentication: "client_secret_basic"})
	if err != nil {
		return err
	}
	return sink.Items(ctx, identity.Item{Kind: identity.KindApplication, ID: "wiki", Name: "wiki", Version: 1,
		Attributes: attributes, Page: page})
}

func (fakeSource) Secret(context.Context, identity.ItemID, string) (string, error) {
	return "", &contract.ProviderError{Code: contract.ErrorNotFound, Message: "the fake has no secret"}
}

// fakeTarget writes to the fake's server. It repeats nothing by itself: what a request without an answer has done, the
// next apply asks.
type fakeTarget struct{ http *http.Client }

var _ sdk.UsageReader = (*fakeTarget)(nil) // an ability that no longer fits would be missing without a word

// fakeResource is a resource as the server has it.
type fakeResource struct {
	Type       string              `json:"type"`
	Key        string              `json:"key"`
	ID         string              `json:"id"`
	Tag        string              `json:"tag,omitempty"`
	Attributes identity.Attributes `json:"attributes"`
	Secret     string              `json:"secret,omitempty"`
}

// fakeMarker is the marker as the server has it.
type fakeMarker struct {
	Marker   contract.Marker `json:"marker"`
	Revision string          `json:"revision"`
}

func (f *fakeTarget) Schema() contract.ProviderSchema {
	text := func(name string, isKey bool) identity.AttributeSchema {
		return identity.AttributeSchema{Name: name, Type: "string", Doc: name, Identity: isKey, ForcesReplace: isKey}
	}
	return contract.ProviderSchema{Name: fakeTargetName, Version: "1.0.0", Doc: "A fake.",
		Resources: []identity.ResourceSchema{
			{Type: "team", Doc: "A team.", KeyFormat: "{name}", ItemKinds: []identity.Kind{identity.KindGroup},
				Attributes: []identity.AttributeSchema{text("name", true), text("purpose", false)}},
			{Type: "client", Doc: "A client.", KeyFormat: "{client_id}", ItemKinds: []identity.Kind{identity.KindApplication},
				Attributes: []identity.AttributeSchema{text("client_id", true),
					{Name: "secret", Type: "string", Doc: "Secret.", Sensitive: true, Computed: true, Generated: true}}},
			{Type: "grant", Doc: "Who may use a client.", KeyFormat: "{client} to {team}",
				Attributes: []identity.AttributeSchema{text("client", true), text("team", true)}},
		}}
}

func (f *fakeTarget) Configure(context.Context, map[string]any) diag.List { return nil }

func (f *fakeTarget) Identify(context.Context) (contract.TargetIdentity, error) {
	return contract.TargetIdentity{Identity: "fake:portal", Summary: "Fake 1"}, nil
}

func (f *fakeTarget) Translate(item identity.Item) contract.Translation {
	if item.Kind == identity.KindGroup {
		return contract.Translation{Contract: "team", Resources: []identity.Resource{{Type: "team", Key: item.ID,
			Attributes: identity.Attributes{"name": item.ID, "purpose": "as the incumbent has it"}}}}
	}
	return contract.Translation{Contract: "client", Resources: []identity.Resource{
		{Type: "client", Key: item.ID, Attributes: identity.Attributes{"client_id": item.ID, "secret": nil}},
		{Type: "grant", Key: item.ID + " to engineers",
			Attributes: identity.Attributes{"client": identity.Refer(identity.KindApplication, item.ID, "client"),
				"team": identity.Refer(identity.KindGroup, "engineers", "team")}},
	}}
}

func (f *fakeTarget) Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	var all []fakeResource
	if _, err := f.send(ctx, http.MethodGet, "/resources", "", nil, &all); err != nil {
		return contract.ReadSummary{}, err
	}
	for _, r := range all {
		if err := each(identity.Resource{Type: r.Type, Key: r.Key, ServerID: r.ID, Tag: r.Tag,
			Attributes: r.Attributes}); err != nil {
			return contract.ReadSummary{}, err
		}
	}
	return contract.ReadSummary{Resources: len(all), Requests: 1}, nil
}

func (f *fakeTarget) Check([]identity.Resource, []identity.Resource) []contract.CheckFinding {
	return nil
}

// Usage says that nobody has used anything.
func (f *fakeTarget) Usage(_ context.Context, questions []observation.UsageQuestion) ([]observation.Usage, error) {
	usage := make([]observation.Usage, len(questions))
	for i, q := range questions {
		usage[i].Resource = q.Resource.ID()
	}
	return usage, nil
}

func (f *fakeTarget) Apply(ctx context.Context, step contract.StepRequest) (contract.StepResult, error) {
	path := "/resources/" + step.Resource.Type + "/" + url.PathEscape(step.Resource.Key)
	var live fakeResource
	exists, err := f.send(ctx, http.MethodGet, path, "", nil, &live)
	if err != nil {
		return contract.StepResult{}, err
	}
	wanted := maps.Clone(live.Attributes)
	if wanted == nil {
		wanted = identity.Attributes{}
	}
	for name, value := range step.After {
		if name != "secret" {
			wanted[name] = value
		}
	}
	done := exists && reflect.DeepEqual(live.Attributes, wanted) && live.Tag == step.Tag && len(step.Secrets) == 0
	if step.Action == "delete" {
		done = !exists
	}
	result := contract.StepResult{ServerID: live.ID, Already: done, Requests: 1}
	method := map[string]string{"create": http.MethodPost, "update": http.MethodPut,
		"delete": http.MethodDelete}[step.Action]
	switch {
	case done:
	case (step.Action == "create") == exists || !holds(live.Attributes, step.Before):
		return result, &contract.ProviderError{Code: contract.ErrorConflict,
			Message: step.Resource.String() + " is not as expected", Live: live.Attributes}
	default:
		if _, err := f.send(ctx, method, path, "", fakeResource{Tag: step.Tag, Attributes: wanted,
			Secret: step.Secrets["secret"]}, &live); err != nil {
			return contract.StepResult{}, err
		}
		result.ServerID, result.Requests = live.ID, 2
	}
	if step.Action == "create" && live.Secret != "" {
		result.Generated = map[string]string{"secret": live.Secret}
	}
	return result, nil
}

// holds tells whether what a step expects is there.
func holds(live, before identity.Attributes) bool {
	for name, value := range before {
		if name != "secret" && !reflect.DeepEqual(live[name], value) {
			return false
		}
	}
	return true
}

func (f *fakeTarget) ReadMarker(ctx context.Context) (contract.Marker, contract.MarkerRevision, error) {
	var found fakeMarker
	_, err := f.send(ctx, http.MethodGet, "/marker", "", nil, &found)
	return found.Marker, contract.MarkerRevision(found.Revision), err
}

func (f *fakeTarget) WriteMarker(ctx context.Context, marker contract.Marker,
	basedOn contract.MarkerRevision) (contract.MarkerRevision, error) {
	var found fakeMarker
	_, err := f.send(ctx, http.MethodPut, "/marker", string(basedOn), fakeMarker{Marker: marker}, &found)
	return contract.MarkerRevision(found.Revision), err
}

// send does one request once. A 404 is an answer: there is nothing.
func (f *fakeTarget) send(ctx context.Context, method, path, revision string, body, into any) (exists bool, err error) {
	address, err := os.ReadFile(fakeAddress)
	if err != nil {
		return false, err
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return false, err
	}
	request, err := http.NewRequestWithContext(ctx, method, string(address)+path, bytes.NewReader(encoded))
	if err != nil {
		return false, err
	}
	request.Header.Set("If-Match", revision)
	response, err := f.http.Do(request)
	failed := func(code contract.ErrorCode, what any) error {
		return &contract.ProviderError{Code: code, Message: fmt.Sprintf("%s %s: %v", method, path, what)}
	}
	if err != nil {
		return false, failed(contract.ErrorUnreachable, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return false, failed(contract.ErrorUnreachable, err)
	}
	switch response.StatusCode {
	case http.StatusOK:
		if err := json.Unmarshal(content, into); err != nil {
			return false, failed(contract.ErrorUnreachable, err)
		}
		return true, nil
	case http.StatusNotFound:
		return false, nil
	case http.StatusPreconditionFailed:
		return false, failed(contract.ErrorConflict, "it was changed by somebody else")
	case http.StatusUnauthorized:
		return false, failed(contract.ErrorUnauthorized, "the token is not taken any more")
	case http.StatusTooManyRequests:
		return false, failed(contract.ErrorRateLimited, "too many requests")
	case statusDie:
		slog.Error("the fake cannot go on", "path", path)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Minute)
	}
	return false, failed(contract.ErrorInternal, response.Status)
}
