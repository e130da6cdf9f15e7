package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/state/journal"
)

// OwnerError says that a record of an earlier format cannot be given to the migration or tenant that it belongs to.
// Nothing was changed: a record whose owner is not known is shown to nobody.
type OwnerError struct {
	What string // "credential okta-corp"
	Why  string
}

// Error names what has no owner that can be told.
func (e *OwnerError) Error() string {
	return fmt.Sprintf("the state has a format in which things had no owner, and it is not known whose %s is: %s",
		e.What, e.Why)
}

// upgradeBatch is how many large values one transaction moves.
const upgradeBatch = 256

// upgrade brings a state of format 1, in which every key belonged to the whole store, to the format of today, in which
// it belongs to a migration or a tenant. Items, pages and results move in batches; the rest, and the number of the
// format, in one transaction at the end: an upgrade that was cut off goes on when the state is opened again.
type upgrade struct {
	store       *Store
	migrations  []lifecycle.Migration
	tenants     []string          // of the migrations
	noted       map[string]string // tenant of what an audit record is about, by event and target
	snapshots   map[string]space
	assessments map[string]space
	runs        map[string]space
	plans       map[string]space
	resources   map[string]space // that a run made or found, by type:key; the newest run counts
	followUps   map[string]int   // highest number of a migration, by the prefix of its space
}

// bringForward upgrades a state of an earlier format.
func (s *Store) bringForward() error {
	u := &upgrade{
		store: s, noted: map[string]string{}, snapshots: map[string]space{}, assessments: map[string]space{},
		runs:  map[string]space{},
		plans: map[string]space{}, resources: map[string]space{}, followUps: map[string]int{},
	}
	if err := s.backend.View(u.learn); err != nil {
		return err
	}
	if err := s.backend.View(u.rehearse); err != nil { // nothing is moved unless everything can be
		return err
	}
	for bucket, owners := range map[string]map[string]space{bucketItems: u.snapshots, bucketPages: u.snapshots,
		bucketResults: u.assessments} {
		if err := u.moveBucket(bucket, owners); err != nil {
			return fmt.Errorf("moving %s: %w", bucket, err)
		}
	}
	return s.backend.Update(func(tx Tx) error {
		if err := u.moveRecords(tx, false); err != nil {
			return err
		}
		return tx.Put(bucketMeta, "format_version", []byte(strconv.Itoa(FormatVersion)))
	})
}

func (u *upgrade) rehearse(tx Tx) error { return u.moveRecords(tx, true) }

// learn reads whose everything is.
func (u *upgrade) learn(tx Tx) error {
	var err error
	if u.migrations, err = u.store.migrations(tx); err != nil {
		return err
	}
	slices.SortStableFunc(u.migrations, func(a, b lifecycle.Migration) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, m := range u.migrations {
		if !slices.Contains(u.tenants, m.Tenant) {
			u.tenants = append(u.tenants, m.Tenant)
		}
	}
	err = tx.Each(bucketAudit, "", func(key string, sealed []byte) error {
		var record AuditRecord
		err := u.store.decode(bucketAudit, key, sealed, &record)
		if e := record.Event; e.Tenant != "" && (e.Name == audit.CredentialSet || e.Name == audit.VerificationCompleted) {
			u.noted[string(e.Name)+"\x00"+e.Target] = e.Tenant
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, read := range []func(Tx) error{u.learnSnapshots, u.learnAssessments, u.learnRuns, u.learnPlans} {
		if err := read(tx); err != nil {
			return err
		}
	}
	return nil
}

func (u *upgrade) learnSnapshots(tx Tx) error {
	all, err := recordsIn[Snapshot](u.store.root(), tx, bucketRecords, "snapshot/")
	for _, snapshot := range all {
		owner, unknown := u.ofMigration(snapshot.Migration, "snapshot "+snapshot.ID)
		if snapshot.Migration == "" {
			owner, unknown = u.ofSource(snapshot.Source, snapshot.StartedAt, "snapshot "+snapshot.ID)
		}
		u.snapshots[snapshot.ID], err = owner, errors.Join(err, unknown)
	}
	return err
}

func (u *upgrade) learnAssessments(tx Tx) error {
	all, err := recordsIn[Assessment](u.store.root(), tx, bucketRecords, "assessment/")
	for _, a := range all {
		owner, known := u.snapshots[a.Snapshot]
		if !known {
			err = errors.Join(err, &OwnerError{What: "assessment " + a.ID,
				Why: "its snapshot " + a.Snapshot + " is not in the state"})
		}
		u.assessments[a.ID] = owner
	}
	return err
}

func (u *upgrade) learnRuns(tx Tx) error {
	all, err := recordsIn[Run](u.store.root(), tx, bucketRecords, "run/")
	slices.SortStableFunc(all, func(a, b Run) int { return a.StartedAt.Compare(b.StartedAt) })
	for _, run := range all {
		owner, unknown := u.ofMigration(run.Migration, "run "+run.ID)
		u.runs[run.ID], err = owner, errors.Join(err, unknown)
		steps, failed := recordsIn[RunStep](u.store.root(), tx, bucketRecords, "run-step/"+run.ID+"/")
		err = errors.Join(err, failed)
		for _, step := range steps {
			u.resources[step.Resource.String()] = owner
		}
	}
	return err
}

func (u *upgrade) learnPlans(tx Tx) error {
	all, err := recordsIn[PlanRecord](u.store.root(), tx, bucketRecords, "plan/")
	for _, p := range all {
		owner, unknown := u.ofMigration(p.Migration, "plan "+p.Hash)
		u.plans[p.Hash], err = owner, errors.Join(err, unknown)
	}
	return err
}

// ofMigration is the space of a migration that a record names.
func (u *upgrade) ofMigration(name, what string) (space, error) {
	for _, m := range u.migrations {
		if m.Name == name {
			return u.store.migrationSpace(m.Tenant, m.Name), nil
		}
	}
	return space{}, &OwnerError{What: what, Why: fmt.Sprintf("it names migration %q, which the state does not have", name)}
}

// ofSource is the space of the migration that had a source at a time. A tenant has one active migration at a time, so
// the last one that had begun by then is the owner; what is older than all of them belongs to the first.
func (u *upgrade) ofSource(source string, at time.Time, what string) (space, error) {
	var owner *lifecycle.Migration
	for i, m := range u.migrations { // oldest first
		if !slices.ContainsFunc(m.Sources, func(s lifecycle.Source) bool { return s.Name == source }) {
			continue
		}
		if owner != nil && owner.Tenant != m.Tenant {
			return space{}, &OwnerError{What: what, Why: fmt.Sprintf("source %s is in migrations of tenants %q and %q", source,
				owner.Tenant, m.Tenant)}
		}
		if owner == nil || !m.CreatedAt.After(at) {
			owner = &u.migrations[i]
		}
	}
	if owner == nil {
		return space{}, &OwnerError{What: what, Why: fmt.Sprintf("no migration of the state has source %s", source)}
	}
	return u.store.migrationSpace(owner.Tenant, owner.Name), nil
}

// ofTenant is the migration that a tenant had at a time.
func (u *upgrade) ofTenant(tenant string, at time.Time, what string) (space, error) {
	var owner *lifecycle.Migration
	for i, m := range u.migrations {
		if m.Tenant == tenant && (owner == nil || !m.CreatedAt.After(at)) {
			owner = &u.migrations[i]
		}
	}
	if owner == nil {
		return space{}, &OwnerError{What: what, Why: fmt.Sprintf("no migration of tenant %q is recorded", tenant)}
	}
	return u.store.migrationSpace(owner.Tenant, owner.Name), nil
}

// moveBucket moves the values of a bucket whose keys begin with the id of a record that has an owner.
func (u *upgrade) moveBucket(bucket string, owners map[string]space) error {
	keys, err := u.store.root().keys(bucket, "")
	if err != nil {
		return err
	}
	// moved before the upgrade was cut off
	keys = slices.DeleteFunc(keys, func(key string) bool { return within(key) != key })
	for batch := range slices.Chunk(keys, upgradeBatch) {
		err := u.store.backend.Update(func(tx Tx) error {
			for _, key := range batch {
				id, _, _ := strings.Cut(key, "/")
				owner, known := owners[id]
				if !known {
					return &OwnerError{What: bucket + " " + key, Why: "nothing of that id is recorded"}
				}
				if err := u.move(tx, bucket, key, owner, key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// move encrypts a value for its new place and removes it from the old one.
func (u *upgrade) move(tx Tx, bucket, from string, owner space, to string) error {
	packed, err := u.store.box.open(bucket+"/"+from, tx.Get(bucket, from))
	if err != nil {
		return err
	}
	to = owner.prefix + to
	sealed, err := u.store.box.seal(bucket+"/"+to, packed)
	if err != nil {
		return err
	}
	if err := tx.Put(bucket, to, sealed); err != nil {
		return err
	}
	return tx.Delete(bucket, from)
}

// place is where a value goes: to which key of whose space. Dropped values belong to something that is gone.
type place struct {
	owner   space
	key     string
	dropped bool
}

// moveRecords finds the place of every record, binding and credential and, unless it only looks, moves it there.
func (u *upgrade) moveRecords(tx Tx, look bool) error {
	for bucket, find := range map[string]func(Tx, string) (place, error){
		bucketRecords: u.placeOfRecord, bucketBindings: u.placeOfBinding, bucketCredentials: u.placeOfCredential,
	} {
		keys, err := u.store.root().keysIn(tx, bucket, "")
		if err != nil {
			return err
		}
		for _, key := range keys {
			to, err := find(tx, key)
			switch {
			case err != nil:
				return err
			case look || to.owner.store == nil && !to.dropped: // the store's own stays where it is
			case to.dropped:
				err = tx.Delete(bucket, key)
			default:
				err = u.move(tx, bucket, key, to.owner, to.key)
			}
			if err != nil {
				return err
			}
		}
	}
	if look {
		return nil
	}
	for _, m := range u.migrations {
		owner := u.store.migrationSpace(m.Tenant, m.Name)
		if n := u.followUps[owner.prefix]; n > 0 {
			if err := owner.put(tx, bucketRecords, "follow-up-count", n); err != nil {
				return err
			}
		}
	}
	return u.keepPseudonyms(tx)
}

// keepPseudonyms lets a state of one tenant go on with the pseudonyms that it gave so far. Several tenants had the
// same, so that anybody could tell whom they both know; each gets its own.
func (u *upgrade) keepPseudonyms(tx Tx) error {
	if len(u.tenants) != 1 {
		return nil
	}
	owner := u.store.tenantSpace(u.tenants[0])
	if owner.has(tx, bucketRecords, "pseudonym-key") {
		return nil
	}
	return owner.put(tx, bucketRecords, "pseudonym-key", u.store.box.derive("rehome/state/pseudonyms/v1"))
}

func (u *upgrade) placeOfBinding(tx Tx, key string) (place, error) {
	var b Binding
	if err := u.store.root().read(tx, bucketBindings, key, &b); err != nil {
		return place{}, err
	}
	if owner, known := u.resources[b.Resource.String()]; known && u.has(owner, b.Item.Source) {
		return place{owner: owner, key: key}, nil
	}
	what := "the binding of " + b.Item.String()
	if n := u.countOf(b.Item.Source); n > 1 {
		return place{}, &OwnerError{What: what,
			Why: fmt.Sprintf("%d migrations have source %s and none has a run that made it", n, b.Item.Source)}
	}
	owner, err := u.ofSource(b.Item.Source, time.Time{}, what)
	return place{owner: owner, key: key}, err
}

// countOf is how many migrations have a source.
func (u *upgrade) countOf(source string) int {
	n := 0
	for _, m := range u.migrations {
		if slices.ContainsFunc(m.Sources, func(s lifecycle.Source) bool { return s.Name == source }) {
			n++
		}
	}
	return n
}

// has tells whether the migration of a space has a source.
func (u *upgrade) has(owner space, source string) bool {
	return slices.ContainsFunc(u.migrations, func(m lifecycle.Migration) bool {
		return u.store.migrationSpace(m.Tenant, m.Name).prefix == owner.prefix &&
			slices.ContainsFunc(m.Sources, func(s lifecycle.Source) bool { return s.Name == source })
	})
}

// placeOfCredential gives a credential to the tenant that kept it last, as the audit chain says.
func (u *upgrade) placeOfCredential(_ Tx, name string) (place, error) {
	tenant := u.noted[string(audit.CredentialSet)+"\x00"+name]
	if tenant == "" && len(u.tenants) == 1 {
		tenant = u.tenants[0]
	}
	if tenant == "" {
		return place{}, &OwnerError{What: "credential " + name, Why: "the audit chain does not say which tenant kept it"}
	}
	return place{owner: u.store.tenantSpace(tenant), key: name}, nil
}

// placeOfRecord finds the owner of a record by its kind, which is the first part of its key.
func (u *upgrade) placeOfRecord(tx Tx, key string) (place, error) {
	kind, rest, _ := strings.Cut(key, "/")
	id, _, _ := strings.Cut(rest, "/")
	switch kind {
	case "migration":
		return place{}, nil
	case "snapshot":
		return known(u.snapshots, id, key)
	case "assessment":
		return known(u.assessments, id, key)
	case "matched":
		owner, is := u.assessments[id]
		return place{owner: owner, key: key, dropped: !is}, nil // of an assessment that was pruned
	case "run", "run-step", "run-plan":
		return known(u.runs, id, key)
	case "plan":
		return known(u.plans, id, key)
	case "plan-steps", "evidence":
		return u.placeOfPlan(tx, key, id)
	case "impact", "decision":
		name := rest[:max(strings.LastIndexByte(rest, '/'), 0)]
		owner, err := u.ofMigration(name, key)
		return place{owner: owner, key: kind + rest[len(name):]}, err
	case "access":
		return u.placeOfAccess(tx, key)
	case "pseudonym-key":
		if len(u.tenants) != 1 {
			return place{dropped: true}, nil
		}
		return place{owner: u.store.tenantSpace(u.tenants[0]), key: key}, nil
	case "follow-up-count":
		return place{dropped: true}, nil
	}
	return u.placeByContent(tx, kind, key)
}

func known(owners map[string]space, id, key string) (place, error) {
	owner, is := owners[id]
	if !is {
		return place{}, &OwnerError{What: key, Why: "nothing of that id is recorded"}
	}
	return place{owner: owner, key: key}, nil
}

func (u *upgrade) placeOfPlan(tx Tx, key, hash string) (place, error) {
	if owner, is := u.plans[hash]; is {
		return place{owner: owner, key: key}, nil
	}
	var content struct {
		Migration struct {
			Name string `json:"name"`
		} `json:"migration"`
	}
	if err := u.store.root().read(tx, bucketRecords, "plan-steps/"+hash, &content); err != nil {
		return place{}, &OwnerError{What: key, Why: "the plan is not recorded"}
	}
	owner, err := u.ofMigration(content.Migration.Name, key)
	return place{owner: owner, key: key}, err
}

func (u *upgrade) placeOfAccess(tx Tx, key string) (place, error) {
	var record AccessRecord
	err := u.store.root().read(tx, bucketRecords, key, &record)
	return place{owner: u.store.tenantSpace(record.Tenant), key: key}, err
}

// placeByContent finds the owner of a record that says itself whose it is.
func (u *upgrade) placeByContent(tx Tx, kind, key string) (place, error) {
	var content struct {
		ID          string           `json:"id"`
		Migration   string           `json:"migration"`
		StepID      string           `json:"step_id"`
		Application string           `json:"application"`
		Process     *journal.Process `json:"process"`
		At          time.Time        `json:"at"`
		Runs        []string         `json:"runs"`
	}
	if err := u.store.root().read(tx, bucketRecords, key, &content); err != nil {
		return place{}, err
	}
	var owner space
	var err error
	switch kind {
	case "plan-draft", "summary", "rehearsal", "follow-up":
		owner, err = u.ofMigration(content.Migration, key)
	case "journal":
		if content.Process == nil {
			return place{}, &OwnerError{What: key, Why: "it does not say whose run it followed"}
		}
		owner, err = u.ofMigration(content.Process.Migration, key)
	case "verification":
		return u.placeOfVerification(key, content.ID, content.Runs, content.At)
	case "cutover":
		return u.placeOfCutover(tx, key, content.Application)
	default:
		return place{}, &OwnerError{What: "record " + key, Why: "this version does not know what it is"}
	}
	switch kind {
	case "plan-draft":
		key = planDraft
	case "summary":
		key = "summary"
	case "follow-up":
		number, _ := strconv.Atoi(strings.TrimPrefix(content.ID, "f-"))
		u.followUps[owner.prefix] = max(u.followUps[owner.prefix], number)
		key = "follow-up/" + u.store.box.blind("follow-up#"+content.StepID)
	}
	return place{owner: owner, key: key}, err
}

func (u *upgrade) placeOfVerification(key, id string, runs []string, at time.Time) (place, error) {
	if len(runs) > 0 {
		return known(u.runs, runs[0], key)
	}
	tenant := u.noted[string(audit.VerificationCompleted)+"\x00"+id]
	owner, err := u.ofTenant(tenant, at, "verification "+id)
	return place{owner: owner, key: key}, err
}

// placeOfCutover takes the time of the first thing that was written down about an application.
func (u *upgrade) placeOfCutover(tx Tx, key, application string) (place, error) {
	var record map[string]json.RawMessage
	if err := u.store.root().read(tx, bucketRecords, key, &record); err != nil {
		return place{}, err
	}
	first := time.Now()
	for _, part := range record {
		var timed struct {
			At time.Time `json:"at"`
		}
		if json.Unmarshal(part, &timed) == nil && !timed.At.IsZero() && timed.At.Before(first) {
			first = timed.At
		}
	}
	source, _, _ := strings.Cut(application, "/")
	owner, err := u.ofSource(source, first, "the cutover of "+application)
	return place{owner: owner, key: key}, err
}
