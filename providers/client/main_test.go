package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
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
	case "parent":
		child := exec.Command("sleep", "60")
		if err := child.Start(); err != nil {
			panic(err)
		}
		sdk.ServeSource(&fakeSource{child: child.Process.Pid})
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
type fakeSource struct {
	behaviour string
	child     int // process id
}

func (f *fakeSource) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{
		Name: "fake", Version: "1.2.3", Doc: "A fake.", Environment: []string{"FAKE_TOKEN"},
		Config: []contract.ConfigAttribute{
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

func (f *fakeSource) Identify(ctx context.Context) (contract.SourceIdentity, error) {
	switch f.behaviour {
	case "forbidden":
		return contract.SourceIdentity{}, fmt.Errorf("asking: %w", &contract.ProviderError{
			Code: contract.ErrorForbidden, Message: "reading the org", Permission: "okta.orgs.read", Page: "GET /api/v1/org",
			Live: identity.Attributes{"id": "x", "n": 3.0},
		})
	case "plain":
		return contract.SourceIdentity{}, errors.New("something broke")
	case "slow":
		<-ctx.Done()
		return contract.SourceIdentity{}, ctx.Err()
	case "environment":
		return contract.SourceIdentity{Tenant: strings.Join(os.Environ(), "\n")}, nil
	}
	detail := fmt.Sprint(os.Getpid())
	if f.child != 0 {
		detail = fmt.Sprint(f.child)
	}
	return contract.SourceIdentity{Tenant: "acme\x1b[2J", Detail: detail}, nil
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
		return "", &contract.ProviderError{Code: contract.ErrorNotFound, Message: "there is no such item"}
	}
	return "value of " + item.String() + " " + field, nil
}

// fakeTarget is a target in memory.
type fakeTarget struct {
	marker   contract.Marker
	revision int
}

func (f *fakeTarget) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{Name: "fake", Version: "1.2.3", Resources: []identity.ResourceSchema{{
		Type: "group", Doc: "A group.", KeyFormat: "/{name}", CaseFold: true, ItemKinds: []identity.Kind{identity.KindGroup},
		Evidence: []string{"description"}, RenameBy: "name",
		Attributes: []identity.AttributeSchema{{Name: "name", Type: "string", Identity: true, ForcesReplace: true},
			{Name: "roles", Type: "list", Unordered: true}},
	}}}
}

func (f *fakeTarget) Configure(context.Context, map[string]any) diag.List { return nil }

func (f *fakeTarget) Identify(context.Context) (contract.TargetIdentity, error) {
	return contract.TargetIdentity{Identity: "https://id.acme.example/realms/acme", Summary: "Fake 1"}, nil
}

func (f *fakeTarget) Translate(item identity.Item) contract.Translation {
	if item.ID == "bad" {
		return contract.Translation{Findings: []fidelity.Finding{{Type: "perhaps"}}}
	}
	return contract.Translation{
		Contract: "group",
		Resources: []identity.Resource{{Type: "group", Key: "/" + item.ID, Attributes: identity.Attributes{
			"name": item.ID, "parent": identity.Refer(identity.KindGroup, "top", "group"), "count": 3.0, "nothing": nil,
		}}},
		Findings: []fidelity.Finding{{
			Type: fidelity.Lost, Field: "description", Summary: "dropped", Action: "none",
			Direction:   fidelity.DirectionTighter,
			Compensated: "by nothing", Audience: fidelity.AudienceHelpDesk, Severity: fidelity.SeverityLow, ImpactCode: "c",
			Tell: "say so",
		}},
		Needs: []identity.ItemID{{Kind: identity.KindGroup, ID: "top"}},
	}
}

func (f *fakeTarget) Read(_ context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	for n := range largeCount {
		if err := each(identity.Resource{Type: "group", Key: fmt.Sprintf("/%d", n), Attributes: identity.Attributes{},
			ServerID: "s", Tag: "t"}); err != nil {
			return contract.ReadSummary{}, err
		}
	}
	return contract.ReadSummary{Resources: largeCount, Requests: 2}, nil
}

func (f *fakeTarget) Check(desired, live []identity.Resource) []contract.CheckFinding {
	return []contract.CheckFinding{{
		Resource: identity.ResourceID{Type: "group", Key: "/a"},
		Finding: fidelity.Finding{Type: fidelity.Invalid,
			Summary: fmt.Sprintf("%d desired, %d live", len(desired), len(live))},
	}}
}

func (f *fakeTarget) Apply(_ context.Context, step contract.StepRequest) (contract.StepResult, error) {
	if step.Before != nil {
		return contract.StepResult{}, &contract.ProviderError{Code: contract.ErrorConflict, Message: "changed",
			Live: identity.Attributes{"name": "other"}}
	}
	return contract.StepResult{ServerID: "new", Already: true, Requests: 3,
		Generated: map[string]string{"secret": step.Secrets["secret"] + "!"}}, nil
}

func (f *fakeTarget) ReadMarker(context.Context) (contract.Marker, contract.MarkerRevision, error) {
	if f.revision == 0 {
		return contract.Marker{}, "", nil
	}
	return f.marker, contract.MarkerRevision(fmt.Sprint(f.revision)), nil
}

func (f *fakeTarget) WriteMarker(_ context.Context, marker contract.Marker,
	basedOn contract.MarkerRevision) (contract.MarkerRevision, error) {
	if f.revision > 0 && basedOn != contract.MarkerRevision(fmt.Sprint(f.revision)) {
		return "", &contract.ProviderError{Code: contract.ErrorConflict, Message: "marker has changed"}
	}
	f.revision++
	f.marker = marker
	return contract.MarkerRevision(fmt.Sprint(f.revision)), nil
}
