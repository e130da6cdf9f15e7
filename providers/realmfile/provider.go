package realmfile

import (
	"context"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/args"
)

var _ sdk.OfflineConfigurer = (*Target)(nil)

// Target writes one realm file. It looks before each write whether the file is as it left it, so that an edit in
// between is seen.
type Target struct {
	version string
	path    string
	realm   string
	mutex   sync.Mutex // one step at a time
	open    *opened    // nil when the file must be read
}

// New makes a target that is not configured yet.
func New(version string) *Target { return &Target{version: version} }

// Schema says which arguments the target takes and what it writes.
func (t *Target) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{
		Name: "realmfile", Version: t.version,
		Doc: "Writes a Keycloak realm file, made where there is none and merged where there is one.",
		Config: []contract.ConfigAttribute{
			{Name: "path", Type: "string", Required: true, TargetFile: true,
				Doc: "Realm file. It will hold secrets and is written with mode 0600."},
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

// identityOf is the path as the configuration has it, in one form, and the realm: two files of one realm are two targets,
// and a plan for one is none for the other. It is the same on every machine, as the hash of a plan must be.
func identityOf(path, realm string) string {
	return "realmfile:" + filepath.ToSlash(filepath.Clean(path)) + "#" + realm
}

// Identify reads the file, or checks that a new one can be begun.
func (t *Target) Identify(context.Context) (contract.TargetIdentity, error) {
	var who contract.TargetIdentity
	err := t.look(func(o *opened) error {
		who = contract.TargetIdentity{Identity: identityOf(t.path, o.name()), Summary: "realm file, realm " + o.name()}
		if o.isNew {
			who.Summary = "new " + who.Summary
		}
		return nil
	})
	return who, err
}
