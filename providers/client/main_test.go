package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/client"
	"github.com/rehome-iam/rehome/providers/sdk"
)

// roleVariable makes the test binary run as a plugin, so that every test has a real process at its other end.
const roleVariable = "FAKE_PROVIDER"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	case "source":
		sdk.ServeSource(&fakeSource{})
	case "target":
		sdk.ServeTarget(&fakeTarget{})
	case "hang":
		fmt.Fprintln(os.Stderr, "waiting for nothing")
		time.Sleep(time.Minute)
	case "garbage":
		fmt.Fprintln(os.Stderr, "cannot read /etc/fake.conf")
		fmt.Println("hello, I am a banner")
		time.Sleep(50 * time.Millisecond)
	case "old":
		plugin.Serve(&plugin.ServeConfig{
			HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: "REHOME_PLUGIN", MagicCookieValue: "rehome-provider"},
			VersionedPlugins: map[int]plugin.PluginSet{2: {}},
			GRPCServer:       plugin.DefaultGRPCServer,
		})
	case "host":
		runHost()
	default:
		panic("role not known: " + role)
	}
}

// runHost is a host that starts a plugin, prints its process id and waits to be killed.
func runHost() {
	if err := os.Setenv(roleVariable, "source"); err != nil {
		panic(err)
	}
	source, err := client.LaunchSource(context.Background(),
		client.Options{Path: os.Args[0], Name: "fake", Environ: os.Environ(), Variables: []string{roleVariable}})
	if err != nil {
		panic(err)
	}
	found, err := source.Identify(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(found.Detail)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

const largeCount = 1201

// fakeSource behaves as its configuration says.
type fakeSource struct{ behaviour string }

func (f *fakeSource) Schema() identity.ProviderSchema {
	return identity.ProviderSchema{
		Name: "fake", Version: "1.2.3", Doc: "A fake.", Environment: []string{"FAKE_TOKEN"},
		Config: []identity.ConfigAttribute{
			{Name: "behaviour", Type: "string", Required: true, OneOf: []string{"good", "killed"}, Doc: "What to do."},
			{Name: "limit", Type: "number", Default: 5.0, Sensitive: true},
		},
		Kinds:  []identity.Kind{identity.KindGroup, identity.KindUser},
		Unread: []identity.Unread{{Name: "hooks", Question: "Which run?"}},
	}
}

func (f *fakeSource) Configure(_ context.Context, config map[string]any) diag.List {
	f.behaviour, _ = config["behaviour"].(string)
	if f.behaviour == "" {
		return diag.List{{Severity: diag.Error, Code: "config-invalid", Summary: "Argument missing", Detail: "Say how.",
			Address: "behaviour"}}
	}
	if list, ok := config["list"].([]any); ok && len(list) == 2 {
		return diag.List{diag.Warningf("list-seen", "List seen", "%v", list[1])}
	}
	return nil
}

func (f *fakeSource) Identify(ctx context.Context) (identity.SourceIdentity, error) {
	switch f.behaviour {
	case "forbidden":
		return identity.SourceIdentity{}, fmt.Errorf("asking: %w", &identity.ProviderError{
			Code: identity.ErrorForbidden, Message: "reading the org", Permission: "okta.orgs.read", Page: "GET /api/v1/org",
			Live: identity.Attributes{"id": "x", "n": 3.0},
		})
	case "plain":
		return identity.SourceIdentity{}, errors.New("something broke")
	case "slow":
		<-ctx.Done()
		return identity.SourceIdentity{}, ctx.Err()
	case "environment":
		return identity.SourceIdentity{Tenant: strings.Join(os.Environ(), "\n")}, nil
	}
	return identity.SourceIdentity{Tenant: "acme\x1b[2J", Detail: fmt.Sprint(os.Getpid())}, nil
}

func (f *fakeSource) Collect(ctx context.Context, sink sdk.Sink) error {
	switch f.behaviour {
	case "cut":
		return io.ErrUnexpectedEOF
	case "endless":
		for n := 0; ; n++ {
			if err := sink.Items(ctx, group(fmt.Sprint(n), 0)); err != nil {
				return err
			}
		}
	case "unknown page":
		return sink.Items(ctx, group("1", 7))
	case "unknown kind":
		return sink.Items(ctx, identity.Item{Kind: "unicorn", ID: "1", Attributes: []byte("{}")})
	}
	page, err := sink.Page(ctx, identity.PageEvidence{Method: "GET", Path: "/groups", Status: 200, ItemCount: largeCount,
		Body: []byte(`[]`)})
	if err != nil {
		return err
	}
	for n := range largeCount {
		if err := sink.Items(ctx, group(fmt.Sprint(n), page)); err != nil {
			return err
		}
		if f.behaviour == "killed" && n == 1000 {
			slog.Error("about to fall over", "n", n)
			fmt.Println("a print that is no log")
			process, _ := os.FindProcess(os.Getpid())
			_ = process.Kill()
			time.Sleep(time.Minute)
		}
		if f.behaviour == "panics" && n == 1000 {
			panic("a nil map, say")
		}
	}
	if _, err := sink.Page(ctx, identity.PageEvidence{Method: "GET", Path: "/users", Status: 403}); err != nil {
		return err
	}
	return sink.Gap(ctx, identity.Gap{Kind: identity.KindUser, Path: "/users", Status: 403, Reason: "no\x07 permission",
		Permission: "users.read"})
}

func group(id string, page int) identity.Item {
	return identity.Item{
		Kind: identity.KindGroup, ID: id, Name: "Group\x1b[31m " + id, Version: 1,
		Attributes: []byte(`{"name":"g"}`), Page: page,
		References: []identity.Reference{{Role: "owner", Kind: identity.KindUser, ID: "u1"}},
		Secrets:    []identity.SecretField{{Field: "token"}},
		Gaps:       []string{"members"}, Raw: []byte(`{"id":"` + id + `","big":12345678901234567890}`),
	}
}

func (f *fakeSource) Secret(_ context.Context, item identity.ItemID, field string) (string, error) {
	if item.ID == "gone" {
		return "", &identity.ProviderError{Code: identity.ErrorNotFound, Message: "there is no such item"}
	}
	return "value of " + item.String() + " " + field, nil
}

// fakeTarget is a target in memory.
type fakeTarget struct {
	marker   identity.Marker
	revision int
}

func (f *fakeTarget) Schema() identity.ProviderSchema {
	return identity.ProviderSchema{Name: "fake", Version: "1.2.3", Resources: []identity.ResourceSchema{{
		Type: "group", Doc: "A group.", KeyFormat: "/{name}", CaseFold: true, ItemKinds: []identity.Kind{identity.KindGroup},
		Evidence: []string{"description"}, RenameBy: "name",
		Attributes: []identity.AttributeSchema{{Name: "name", Type: "string", Identity: true, ForcesReplace: true},
			{Name: "roles", Type: "list", Unordered: true}},
	}}}
}

func (f *fakeTarget) Configure(context.Context, map[string]any) diag.List { return nil }

func (f *fakeTarget) Identify(context.Context) (identity.TargetIdentity, error) {
	return identity.TargetIdentity{Identity: "https://id.acme.example/realms/acme", Summary: "Fake 1"}, nil
}

func (f *fakeTarget) Translate(item identity.Item) identity.Translation {
	if item.ID == "bad" {
		return identity.Translation{Findings: []identity.Finding{{Type: "perhaps"}}}
	}
	return identity.Translation{
		Contract: "group",
		Resources: []identity.Resource{{Type: "group", Key: "/" + item.ID, Attributes: identity.Attributes{
			"name": item.ID, "parent": identity.Refer(identity.KindGroup, "top", "group"), "count": 3.0, "nothing": nil,
		}}},
		Findings: []identity.Finding{{
			Type: identity.FindingLost, Field: "description", Summary: "dropped", Action: "none",
			Direction:   identity.DirectionTighter,
			Compensated: "by nothing", Audience: identity.AudienceHelpDesk, Severity: identity.SeverityLow, ImpactCode: "c",
			Tell: "say so",
		}},
		Needs: []identity.ItemID{{Kind: identity.KindGroup, ID: "top"}},
	}
}

func (f *fakeTarget) Read(_ context.Context, each func(identity.Resource) error) (identity.ReadSummary, error) {
	for n := range largeCount {
		if err := each(identity.Resource{Type: "group", Key: fmt.Sprintf("/%d", n), Attributes: identity.Attributes{},
			ServerID: "s", Tag: "t"}); err != nil {
			return identity.ReadSummary{}, err
		}
	}
	return identity.ReadSummary{Resources: largeCount, Requests: 2}, nil
}

func (f *fakeTarget) Check(desired, live []identity.Resource) []identity.CheckFinding {
	return []identity.CheckFinding{{
		Resource: identity.ResourceID{Type: "group", Key: "/a"},
		Finding: identity.Finding{Type: identity.FindingInvalid,
			Summary: fmt.Sprintf("%d desired, %d live", len(desired), len(live))},
	}}
}

func (f *fakeTarget) Apply(_ context.Context, step identity.StepRequest) (identity.StepResult, error) {
	if step.Before != nil {
		return identity.StepResult{}, &identity.ProviderError{Code: identity.ErrorConflict, Message: "changed",
			Live: identity.Attributes{"name": "other"}}
	}
	return identity.StepResult{ServerID: "new", Already: true, Requests: 3,
		Generated: map[string]string{"secret": step.Secrets["secret"] + "!"}}, nil
}

func (f *fakeTarget) ReadMarker(context.Context) (identity.Marker, identity.MarkerRevision, error) {
	if f.revision == 0 {
		return identity.Marker{}, "", nil
	}
	return f.marker, identity.MarkerRevision(fmt.Sprint(f.revision)), nil
}

func (f *fakeTarget) WriteMarker(_ context.Context, marker identity.Marker,
	basedOn identity.MarkerRevision) (identity.MarkerRevision, error) {
	if f.revision > 0 && basedOn != identity.MarkerRevision(fmt.Sprint(f.revision)) {
		return "", &identity.ProviderError{Code: identity.ErrorConflict, Message: "marker has changed"}
	}
	f.revision++
	f.marker = marker
	return identity.MarkerRevision(fmt.Sprint(f.revision)), nil
}
