package config

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/rehome-iam/rehome/engine/declaration"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/merge"
	"github.com/rehome-iam/rehome/engine/plan"
)

// Inputs is everything besides the files that decides about values.
//
// Precedence, weakest first: default of the variable, environment, *.auto.vars.hcl by name, VarFiles in order, Vars in
// order.
type Inputs struct {
	VarFiles []string // files of assignments, as given by -var-file
	Vars     []string // "name=value", as given by -var
	Environ  []string // "REHOME_VAR_name=value" counts, everything else is ignored
	Private  []string // files with keys that no expression may read, besides everything in a .rehome folder
	// Credentials hands out a stored secret. It is called by DecodeProvider only, never by Load, so that a configuration
	// can be checked without an open state. It may be nil.
	Credentials func(name string) (Credential, error)
}

// Config is one checked configuration. After Load it is read only and safe for many goroutines.
type Config struct {
	Dir              string
	Rehome           Rehome
	Variables        []Variable
	Migration        Migration
	Sources          []ProviderBlock
	Target           *ProviderBlock
	Rehearsal        *ProviderBlock // the throw-away target of rehome rehearse; nil without the block
	Skips            []merge.Skip
	Maps             []merge.Map
	Merges           []merge.Rule
	Acknowledgements []plan.Acknowledgement
	Applications     []Application
	Checks           []Check
	Access           *Access // nil without the block
	Rollback         *declaration.Rollback
	Evidence         *declaration.Evidence
	Verify           *Verify
	BreakGlass       *BreakGlass
	SecretRecipients []SecretRecipients
	Waves            []Wave
	VolumeGuard      *VolumeGuard
	Undos            []declaration.Undo
	Rebuilts         []declaration.Rebuilt // policies that were built again by hand in the target

	phase   string
	sources *sourceFiles
	scope   *scope
}

// Rehome is the block with the settings of rehome itself.
type Rehome struct {
	RequiredVersion   string
	RequiredProviders map[string]RequiredProvider
	State             State
	Recipients        []string // age public keys of the team, besides the identity at hand
	TrustedPlanners   []string // public keys whose plan files are believed, besides the identity at hand
	MaxPlanAge        string   // a duration such as 24h; empty when not set
	MaxSnapshotAge    string
	// how long nobody may use the incumbent before an application counts as retired; empty when not set
	RetireAfter string
	// MaxPeopleSnapshotAge counts in place of MaxSnapshotAge, where it is shorter, for a plan that moves people.
	MaxPeopleSnapshotAge string
	Range                diag.Range
}

// RequiredProvider says where a plugin comes from and which versions fit.
type RequiredProvider struct {
	Source  string // such as rehome/okta
	Version string // a constraint such as ">= 0.1.0", empty for any
	Range   diag.Range
}

// State says where the state is. Type is bbolt or postgres.
type State struct {
	Type  string
	Path  string // of bbolt
	URL   string // of postgres; may hold a password, so it must not be printed
	Range diag.Range
}

// Variable is a declared variable. Its value is not here: expressions use it, and Config.SensitiveValues lists what
// must not be shown.
type Variable struct {
	Name        string
	Type        string // as written
	Description string
	Sensitive   bool
	Range       diag.Range
}

// Migration says which tenant moves, and how.
type Migration struct {
	Name   string
	Tenant string
	Mode   merge.Mode
	Range  diag.Range
}

// ProviderBlock is one source, target or rehearsal block. Its body is decoded by Config.DecodeProvider once the
// plugin's schema is known.
type ProviderBlock struct {
	Provider string // okta
	Name     string // corp
	Range    diag.Range
	// MovedFrom is the organisation that a source answered as before, where it is meant that it answers as another now.
	MovedFrom string
	Replaced  map[string]any // values that take the place of what the block says, by argument; nil as it is loaded

	body  hcl.Body
	place hcl.Range
}

// Address is provider.name, the form of identity.Address.Source.
func (p ProviderBlock) Address() string { return p.Provider + "." + p.Name }

// SensitiveValues lists every sensitive text known so far, for a writer that must not let them through.
// It grows when DecodeProvider fetches credentials.
func (c *Config) SensitiveValues() []string { return c.scope.secrets.list() }
