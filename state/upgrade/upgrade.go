// Package upgrade brings a state of format 1, in which every key belonged to the whole store, to format 2, in which it
// belongs to a migration or a tenant.
//
// In: the values of the old state, through Store and Tx. Out: each of them at its place in the part of its owner, or
// nothing changed and *fault.OwnerError for the first of which nobody can tell whose it is. What it reads of records is
// what format 1 had, whatever records look like today. It knows neither encryption nor how the part of an owner is told
// from others. Begin with Run; places.go finds the owners.
package upgrade

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
)

// batch is how many large values one transaction moves.
const batch = 256

// Buckets of format 1.
const (
	records     = "records"
	items       = "items"
	pages       = "pages"
	results     = "results"
	bindings    = "bindings"
	audits      = "audit"
	credentials = "credentials"
)

// Owner of a value: a migration or, without the name of one, a tenant. The zero one is the store itself.
type Owner struct{ Tenant, Migration string }

// Store is the old state.
type Store interface {
	View(func(Tx) error) error
	Update(func(Tx) error) error
	Due(Tx) bool                  // tells whether it has format 1 still
	Done(Tx) error                // notes, in the last transaction, that all is moved
	Blind(text string) string     // a keyed hash, as keys hold it
	Derive(purpose string) []byte // a key of its own
}

// Tx is one transaction of it.
type Tx interface {
	// Keys lists those with a prefix that belong to the whole store.
	Keys(bucket, prefix string) ([]string, error)
	// Read decodes a value that belongs to the whole store.
	Read(bucket, key string, value any) error
	// Move takes a value from the whole store to a key of an owner. One that is not there any more was moved before.
	Move(bucket, from string, owner Owner, key string) error
	// Delete removes a value of the whole store.
	Delete(bucket, key string) error
	// Has tells whether an owner has a value.
	Has(bucket string, owner Owner, key string) bool
	// Put gives an owner a value.
	Put(bucket string, owner Owner, key string, value any) error
}

// What format 1 said of whose something is.
type (
	migration struct {
		Name      string    `json:"name"`
		Tenant    string    `json:"tenant"`
		Status    string    `json:"status"`
		CreatedAt time.Time `json:"created_at"`
		Sources   []source  `json:"sources"`
	}
	source struct {
		Name string `json:"name"`
	}
	snapshot struct {
		ID        string    `json:"id"`
		Source    string    `json:"source"`
		Migration string    `json:"migration"`
		StartedAt time.Time `json:"started_at"`
	}
	assessment struct {
		ID       string `json:"id"`
		Snapshot string `json:"snapshot"`
	}
	run struct {
		ID        string    `json:"id"`
		Migration string    `json:"migration"`
		StartedAt time.Time `json:"started_at"`
	}
	step struct {
		Resource identity.ResourceID `json:"resource"`
	}
	plan struct {
		Hash      string `json:"hash"`
		Migration string `json:"migration"`
	}
	binding struct {
		Item     identity.Address    `json:"item"`
		Resource identity.ResourceID `json:"resource"`
	}
)

// has tells whether a migration has a source.
func (m migration) has(name string) bool {
	return slices.ContainsFunc(m.Sources, func(s source) bool { return s.Name == name })
}

// compare puts older migrations first, of one moment those that are not archived, then orders by name.
func (m migration) compare(other migration) int {
	archived := func(m migration) int {
		if m.Status == "archived" {
			return 1
		}
		return 0
	}
	return cmp.Or(m.CreatedAt.Compare(other.CreatedAt), cmp.Compare(archived(m), archived(other)),
		cmp.Compare(m.Name, other.Name))
}

// work is one upgrade. Items, pages and results move in batches; the rest in one transaction at the end: an upgrade
// that was cut off goes on when the state is opened again.
type work struct {
	store       Store
	migrations  []migration
	tenants     []string          // of the migrations
	noted       map[string]string // tenant of what an audit record is about, by event and target
	snapshots   map[string]Owner
	assessments map[string]Owner
	runs        map[string]Owner
	plans       map[string]Owner
	resources   map[string]Owner // that a run made or found, by type:key; the newest run counts
	followUps   map[Owner]int    // highest number of a migration
}

// errDone says that another process finished the upgrade meanwhile: what this one read is of no use any more.
var errDone = errors.New("the state was upgraded by another process")

// guarded is a store that is asked in each transaction whether it is old still.
type guarded struct{ Store }

func (g guarded) unless(do func(Tx) error) func(Tx) error {
	return func(tx Tx) error {
		if !g.Due(tx) {
			return errDone
		}
		return do(tx)
	}
}

func (g guarded) View(do func(Tx) error) error   { return g.Store.View(g.unless(do)) }
func (g guarded) Update(do func(Tx) error) error { return g.Store.Update(g.unless(do)) }

// Run gives everything to its owner. Several processes may do so at the same time: each value is moved once, and who
// comes after the last transaction of another one changes nothing.
func Run(store Store) error {
	if err := carryOut(guarded{store}); !errors.Is(err, errDone) {
		return err
	}
	return nil
}

func carryOut(store Store) error {
	u := &work{
		store: store, noted: map[string]string{}, snapshots: map[string]Owner{}, assessments: map[string]Owner{},
		runs: map[string]Owner{}, plans: map[string]Owner{}, resources: map[string]Owner{}, followUps: map[Owner]int{},
	}
	if err := store.View(u.learn); err != nil {
		return err
	}
	// nothing is moved unless everything can be
	if err := store.View(func(tx Tx) error { return u.moveRecords(tx, true) }); err != nil {
		return err
	}
	for bucket, owners := range map[string]map[string]Owner{
		items: u.snapshots, pages: u.snapshots, results: u.assessments,
	} {
		if err := u.moveBucket(bucket, owners); err != nil {
			return fmt.Errorf("moving %s: %w", bucket, err)
		}
	}
	return store.Update(func(tx Tx) error {
		if err := u.moveRecords(tx, false); err != nil {
			return err
		}
		return store.Done(tx)
	})
}

// each reads the values with a prefix, in the order of their keys.
func each[T any](tx Tx, bucket, prefix string, visit func(T)) error {
	keys, err := tx.Keys(bucket, prefix)
	for _, key := range keys {
		var value T
		if err := tx.Read(bucket, key, &value); err != nil {
			return err
		}
		visit(value)
	}
	return err
}

func all[T any](tx Tx, bucket, prefix string) (found []T, err error) {
	err = each(tx, bucket, prefix, func(value T) { found = append(found, value) })
	return found, err
}
