package projecttest

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/providers/realmfile"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/bolt"
)

// Configuration is that of a new place: TENANT and REALM stand for the tenant and the path of the realm file.
const Configuration = `migration "TENANT" {
  tenant = "TENANT"
  mode   = "merge_into_existing"
}

source "fake" "corp" {}

target "realmfile" "portal" {
  path  = "REALM"
  realm = "acme"
}
`

// Start is when the clock of a new place stands.
func Start() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) }

// Place is where a project is. What a test sets holds for the projects that are opened afterwards.
type Place struct {
	project.Settings
	Items []identity.Item // of the source
	Realm string          // the realm file; there is none unless a test writes it
	At    time.Time       // what the clock says
	Heard *Heard

	t testing.TB
}

// New makes a place with an identity of its own and nothing collected.
func New(t testing.TB, tenant string, items ...identity.Item) *Place {
	t.Helper()
	folder := t.TempDir()
	p := &Place{t: t, Items: items, Realm: filepath.Join(folder, "realm.json"), At: Start(), Heard: &Heard{}}
	p.Settings = project.Settings{
		Folder: folder, Command: "rehome test", Account: "ada", Host: "here", PID: os.Getpid(), Events: p.Heard,
		Now:     func() time.Time { return p.At },
		Backend: Backend,
		Local: map[string]func(context.Context) (net.Conn, error){
			"fake":      sdk.LocalSource(func() sdk.Source { return source{p} }),
			"realmfile": sdk.LocalTarget(func() sdk.Target { return realmfile.New("1.0.0") }),
		},
	}
	p.Write("main.rehome.hcl", strings.NewReplacer("TENANT", tenant, "REALM", p.Realm).Replace(Configuration))
	if _, _, err := state.MakeIdentity(filepath.Join(folder, ".rehome", "identity.txt")); err != nil {
		t.Fatal(err)
	}
	return p
}

// Backend opens the file of a state, as a command would.
func Backend(path string, patience time.Duration) (state.Backend, error) {
	return bolt.Open(path, patience, bolt.Holder{PID: os.Getpid(), Host: "here", Command: "rehome test"})
}

// Write writes a file of the folder.
func (p *Place) Write(name, content string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.Folder, name), []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// Read is the content of a file of the folder, empty where there is none.
func (p *Place) Read(name string) string {
	content, err := os.ReadFile(filepath.Join(p.Folder, name))
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	return string(content)
}

// Open opens a project; it is closed with the test.
func (p *Place) Open() *project.Project {
	opened := project.New(p.Settings)
	p.t.Cleanup(opened.Close)
	return opened
}

// Answers lets a person be asked, who answers with these lines and then has no more to say.
func (p *Place) Answers(lines ...string) *Person {
	person := &Person{Lines: lines}
	p.Ask = person
	return person
}

// Item makes an item of the source. Attributes are those of the kind, such as kinds.Group.
func Item(t testing.TB, kind identity.Kind, id, name string, attributes any,
	references ...identity.Reference) identity.Item {
	t.Helper()
	item, err := identity.NewItem(kind, id, name, attributes)
	if err != nil {
		t.Fatal(err)
	}
	item.References = references
	return item
}

// Groups makes local groups, whose ids are g1, g2 and so on.
func Groups(t testing.TB, names ...string) []identity.Item {
	t.Helper()
	var items []identity.Item
	for i, name := range names {
		items = append(items, Item(t, identity.KindGroup, "g"+string(rune('1'+i)), name, kinds.Group{Name: name,
			Origin: "local"}))
	}
	return items
}

// source has the items of its place.
type source struct{ place *Place }

// Schema implements sdk.Source.
func (source) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{Name: "fake", Version: "1.0.0", Doc: "Has what a test gives it.",
		Kinds: identity.Kinds(),
		Config: []contract.ConfigAttribute{
			{Name: "address", Type: "string", Doc: "Where it is; nobody goes there."},
			{Name: "label", Type: "string", Doc: "What it is called."},
			{Name: "token", Type: "string", Sensitive: true, Doc: "What it is read with."},
		}}
}

// Configure implements sdk.Source.
func (source) Configure(context.Context, map[string]any) diag.List { return nil }

// Identify implements sdk.Source.
func (source) Identify(context.Context) (contract.SourceIdentity, error) {
	return contract.SourceIdentity{Tenant: "corp", Detail: "items of a test"}, nil
}

// Collect implements sdk.Source.
func (s source) Collect(ctx context.Context, sink sdk.Sink) error {
	return sink.Items(ctx, slices.Clone(s.place.Items)...)
}

// Secret implements sdk.Source.
func (source) Secret(_ context.Context, item identity.ItemID, field string) (string, error) {
	return field + " of " + item.ID, nil
}

// Person answers questions with lines that were given before. A function takes the place of a line that is missing.
type Person struct {
	Lines     []string
	Otherwise func(ctx context.Context) (string, error)
	Questions []string // that were asked
}

// Possible implements project.Ask.
func (*Person) Possible() bool { return true }

// Line implements project.Ask.
func (p *Person) Line(ctx context.Context, question string) (string, error) {
	p.Questions = append(p.Questions, question)
	if len(p.Lines) == 0 {
		if p.Otherwise != nil {
			return p.Otherwise(ctx)
		}
		return "", io.EOF
	}
	answer := p.Lines[0]
	p.Lines = p.Lines[1:]
	return answer, nil
}

// Secret implements project.Ask.
func (p *Person) Secret(ctx context.Context, question string) (string, error) {
	return p.Line(ctx, question)
}

// Heard keeps what projects send. Safe for many goroutines.
type Heard struct {
	mutex  sync.Mutex
	events []project.Event
}

// Send implements project.Events.
func (h *Heard) Send(event project.Event) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.events = append(h.events, event)
}

// Hide implements project.Events.
func (*Heard) Hide(func([]byte) []byte) {}

// Facts are the types of the facts, in their order.
func (h *Heard) Facts() []string {
	return h.texts(func(e project.Event) []string {
		if fact, ok := e.(project.Fact); ok {
			return []string{fact.Type}
		}
		return nil
	})
}

// Notes are the lines for a person.
func (h *Heard) Notes() []string {
	return h.texts(func(e project.Event) []string {
		if note, ok := e.(project.Note); ok {
			return []string{note.Text}
		}
		return nil
	})
}

// Codes are those of the diagnostics.
func (h *Heard) Codes() []string {
	return h.texts(func(e project.Event) (codes []string) {
		if problems, ok := e.(project.Problems); ok {
			for _, d := range problems.List {
				codes = append(codes, d.Code)
			}
		}
		return codes
	})
}

func (h *Heard) texts(of func(project.Event) []string) []string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	var texts []string
	for _, event := range h.events {
		texts = append(texts, of(event)...)
	}
	return texts
}
