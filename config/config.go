package config

import (
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"

	"github.com/hashicorp/hcl/v2"
)

// Inputs is everything besides the files that decides about values.
//
// Precedence, weakest first: default of the variable, environment, *.auto.vars.hcl by name, VarFiles in order, Vars in order.
type Inputs struct {
	VarFiles []string // files of assignments, as given by -var-file
	Vars     []string // "name=value", as given by -var
	Environ  []string // "REHOME_VAR_name=value" counts, everything else is ignored
	// Credentials hands out a stored secret. It is called by DecodeProvider only, never by Load, so that a configuration
	// can be checked without an open state. It may be nil.
	Credentials func(name string) (string, error)
}

// Modes of a migration.
const (
	ModeFirstRunAdoption  = "first_run_adoption"
	ModeMergeIntoExisting = "merge_into_existing"
)

// Decisions of a merge block.
const (
	DecisionMapToExisting = "map_to_existing"
	DecisionCreateNew     = "create_new"
	DecisionReconcile     = "reconcile"
	DecisionSkip          = "skip"
)

// Config is one checked configuration. After Load it is read only and safe for many goroutines.
type Config struct {
	Dir              string
	Rehome           Rehome
	Variables        []Variable
	Migration        Migration
	Sources          []ProviderBlock
	Target           *ProviderBlock
	Rehearsal        *ProviderBlock // the throw-away target of rehome rehearse; nil without the block
	Skips            []Skip
	Maps             []Map
	Merges           []Merge
	Acknowledgements []Acknowledge
	Applications     []Application
	Checks           []Check
	Access           *Access // nil without the block
	Rollback         *Rollback
	Evidence         *Evidence
	Verify           *Verify
	BreakGlass       *BreakGlass
	SecretRecipients []SecretRecipients
	Waves            []Wave
	VolumeGuard      *VolumeGuard
	Undos            []Undo

	phase   string
	sources *sourceFiles
	scope   *scope
	merges  *ruleIndex
	skips   *ruleIndex
	maps    *ruleIndex
}

// Rehome is the block with the settings of rehome itself.
type Rehome struct {
	RequiredVersion   string
	RequiredProviders map[string]RequiredProvider
	State             State
	Recipients        []string // age public keys of the team, besides the identity at hand
	MaxPlanAge        string   // a duration such as 24h; empty when not set
	MaxSnapshotAge    string
	RetireAfter       string // how long nobody may use the incumbent before an application counts as retired; empty when not set
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

// Variable is a declared variable. Its value is not here: expressions use it, and Config.SensitiveValues lists what must not be shown.
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
	Mode   string // ModeFirstRunAdoption or ModeMergeIntoExisting
	Range  diag.Range
}

// ProviderBlock is one source, target or rehearsal block. Its body is decoded by Config.DecodeProvider once the plugin's schema is known.
type ProviderBlock struct {
	Provider string // okta
	Name     string // corp
	Range    diag.Range
	Replaced map[string]any // values that take the place of what the block says, by argument; nil as it is loaded

	body hcl.Body
}

// Address is provider.name, the form of identity.Address.Source.
func (p ProviderBlock) Address() string { return p.Provider + "." + p.Name }

// ItemPredicate tells whether a block means an item. It is safe for concurrent use. The kind of the item is not compared:
// callers ask only for items of the block's kind, or use Config.MergesOf and its siblings.
type ItemPredicate func(identity.Item) (bool, error)

// Skip leaves items out.
type Skip struct {
	Kind   identity.Kind
	Name   string
	Where  ItemPredicate
	Reason string
	Range  diag.Range

	key equality
}

// Map changes attributes of items before a target sees them.
type Map struct {
	Kind  identity.Kind
	Name  string
	Where ItemPredicate
	Set   func(identity.Item) (map[string]any, error)
	Range diag.Range

	key equality
}

// Merge decides about items that meet something in the target.
type Merge struct {
	Kind      identity.Kind
	Name      string
	Where     ItemPredicate
	Decision  string
	Target    string   // of map_to_existing and reconcile: type:key
	Rename    string   // of create_new
	Overwrite []string // of reconcile
	Keep      []string // of reconcile
	Range     diag.Range

	key equality
}

// Acknowledge accepts one impact.
type Acknowledge struct {
	ID        string
	Reason    string
	Reference string
	Range     diag.Range
}

// Rollback is the plan for going back. It is not part of the plan hash.
type Rollback struct {
	Summary       string
	Owner         string
	Steps         []string
	Until         string // until when going back is possible: a day or an RFC 3339 time; empty when not said
	DecisionOwner string // who decides to go back
	Contact       string // whom to call when a run fails
	Range         diag.Range
}

// Evidence is what people declare about the move. It is not part of the plan hash.
type Evidence struct {
	CommunicationsComplete bool
	CommunicationsSummary  string
	Reference              string
	ValidationSummary      string
	FollowUpReviewed       bool
	FollowUpSummary        string
	IncumbentLogsExported  bool
	IncumbentLogsReference string // where the exported sign-in logs of the incumbent are
	Range                  diag.Range
}

// Undo decides about one resource of a rollback.
type Undo struct {
	Resource identity.ResourceID
	Decision string // UndoDelete, UndoDisable, UndoKeep or UndoRestore
	Reason   string
	Range    diag.Range
}

// Decisions of an undo block.
const (
	UndoDelete  = "delete"
	UndoDisable = "disable"
	UndoKeep    = "keep"
	UndoRestore = "restore"
)

// SensitiveValues lists every sensitive text known so far, for a writer that must not let them through.
// It grows when DecodeProvider fetches credentials.
func (c *Config) SensitiveValues() []string { return c.scope.secrets.list() }
