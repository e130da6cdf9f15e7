package upgrade

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/state/fault"
)

// learn reads whose everything is.
func (u *work) learn(tx Tx) error {
	var err error
	if u.migrations, err = all[migration](tx, records, "migration/"); err != nil {
		return err
	}
	slices.SortStableFunc(u.migrations, migration.compare)
	for _, m := range u.migrations {
		if !slices.Contains(u.tenants, m.Tenant) {
			u.tenants = append(u.tenants, m.Tenant)
		}
	}
	err = each(tx, audits, "", func(record audit.Record) {
		e := record.Event
		if e.Tenant != "" && (e.Name == audit.CredentialSet || e.Name == audit.VerificationCompleted) {
			u.noted[string(e.Name)+"\x00"+e.Target] = e.Tenant
		}
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

func (u *work) learnSnapshots(tx Tx) error {
	found, err := all[snapshot](tx, records, "snapshot/")
	for _, snapshot := range found {
		owner, unknown := u.ofMigration(snapshot.Migration, "snapshot "+snapshot.ID)
		if snapshot.Migration == "" {
			owner, unknown = u.ofSource(snapshot.Source, snapshot.StartedAt, "snapshot "+snapshot.ID)
		}
		u.snapshots[snapshot.ID], err = owner, errors.Join(err, unknown)
	}
	return err
}

func (u *work) learnAssessments(tx Tx) error {
	found, err := all[assessment](tx, records, "assessment/")
	for _, a := range found {
		owner, known := u.snapshots[a.Snapshot]
		if !known {
			err = errors.Join(err, &fault.OwnerError{What: "assessment " + a.ID,
				Why: "its snapshot " + a.Snapshot + " is not in the state"})
		}
		u.assessments[a.ID] = owner
	}
	return err
}

func (u *work) learnRuns(tx Tx) error {
	found, err := all[run](tx, records, "run/")
	slices.SortStableFunc(found, func(a, b run) int { return a.StartedAt.Compare(b.StartedAt) })
	for _, run := range found {
		owner, unknown := u.ofMigration(run.Migration, "run "+run.ID)
		u.runs[run.ID], err = owner, errors.Join(err, unknown)
		steps, failed := all[step](tx, records, "run-step/"+run.ID+"/")
		err = errors.Join(err, failed)
		for _, step := range steps {
			u.resources[step.Resource.String()] = owner
		}
	}
	return err
}

func (u *work) learnPlans(tx Tx) error {
	found, err := all[plan](tx, records, "plan/")
	for _, p := range found {
		owner, unknown := u.ofMigration(p.Migration, "plan "+p.Hash)
		u.plans[p.Hash], err = owner, errors.Join(err, unknown)
	}
	return err
}

// ofMigration is the space of a migration that a record names.
func (u *work) ofMigration(name, what string) (Owner, error) {
	for _, m := range u.migrations {
		if m.Name == name {
			return Owner{m.Tenant, m.Name}, nil
		}
	}
	return Owner{}, &fault.OwnerError{What: what,
		Why: fmt.Sprintf("it names migration %q, which the state does not have", name)}
}

// ofSource is the space of the migration that had a source at a time. A tenant has one active migration at a time, so
// the last one that had begun by then is the owner; what is older than all of them belongs to the first.
func (u *work) ofSource(source string, at time.Time, what string) (Owner, error) {
	var owner *migration
	for i, m := range u.migrations { // oldest first
		if !m.has(source) {
			continue
		}
		if owner != nil && owner.Tenant != m.Tenant {
			return Owner{}, &fault.OwnerError{What: what,
				Why: fmt.Sprintf("source %s is in migrations of tenants %q and %q", source, owner.Tenant, m.Tenant)}
		}
		if owner == nil || !m.CreatedAt.After(at) {
			owner = &u.migrations[i]
		}
	}
	if owner == nil {
		return Owner{}, &fault.OwnerError{What: what, Why: fmt.Sprintf("no migration of the state has source %s", source)}
	}
	return Owner{owner.Tenant, owner.Name}, nil
}

// ofTenant is the migration that a tenant had at a time.
func (u *work) ofTenant(tenant string, at time.Time, what string) (Owner, error) {
	var owner *migration
	for i, m := range u.migrations {
		if m.Tenant == tenant && (owner == nil || !m.CreatedAt.After(at)) {
			owner = &u.migrations[i]
		}
	}
	if owner == nil {
		return Owner{}, &fault.OwnerError{What: what, Why: fmt.Sprintf("no migration of tenant %q is recorded", tenant)}
	}
	return Owner{owner.Tenant, owner.Name}, nil
}

// moveBucket moves the values of a bucket whose keys begin with the id of a record that has an owner. What was moved
// before the upgrade was cut off is not listed any more.
func (u *work) moveBucket(bucket string, owners map[string]Owner) error {
	var keys []string
	err := u.store.View(func(tx Tx) (err error) {
		keys, err = tx.Keys(bucket, "")
		return err
	})
	if err != nil {
		return err
	}
	for part := range slices.Chunk(keys, batch) {
		err := u.store.Update(func(tx Tx) error {
			for _, key := range part {
				id, _, _ := strings.Cut(key, "/")
				owner, known := owners[id]
				if !known {
					return &fault.OwnerError{What: bucket + " " + key, Why: "nothing of that id is recorded"}
				}
				if err := tx.Move(bucket, key, owner, key); err != nil {
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

// place is where a value goes: to which key of whose space. Dropped values belong to something that is gone.
type place struct {
	owner   Owner
	key     string
	dropped bool
}

// moveRecords finds the place of every record, binding and credential and, unless it only looks, moves it there.
func (u *work) moveRecords(tx Tx, look bool) error {
	for bucket, find := range map[string]func(Tx, string) (place, error){
		records: u.placeOfRecord, bindings: u.placeOfBinding, credentials: u.placeOfCredential,
	} {
		keys, err := tx.Keys(bucket, "")
		if err != nil {
			return err
		}
		for _, key := range keys {
			to, err := find(tx, key)
			switch {
			case err != nil:
				return err
			case look || to.owner == (Owner{}) && !to.dropped: // the store's own stays where it is
			case to.dropped:
				err = tx.Delete(bucket, key)
			default:
				err = tx.Move(bucket, key, to.owner, to.key)
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
		owner := Owner{m.Tenant, m.Name}
		if n := u.followUps[owner]; n > 0 {
			if err := tx.Put(records, owner, "follow-up-count", n); err != nil {
				return err
			}
		}
	}
	return u.keepPseudonyms(tx)
}

// keepPseudonyms lets a state of one tenant go on with the pseudonyms that it gave so far. Several tenants had the
// same, so that anybody could tell whom they both know; each gets its own.
func (u *work) keepPseudonyms(tx Tx) error {
	if len(u.tenants) != 1 {
		return nil
	}
	owner := Owner{Tenant: u.tenants[0]}
	if tx.Has(records, owner, "pseudonym-key") {
		return nil
	}
	return tx.Put(records, owner, "pseudonym-key", u.store.Derive("rehome/state/pseudonyms/v1"))
}

func (u *work) placeOfBinding(tx Tx, key string) (place, error) {
	var b binding
	if err := tx.Read(bindings, key, &b); err != nil {
		return place{}, err
	}
	if owner, known := u.resources[b.Resource.String()]; known && u.has(owner, b.Item.Source) {
		return place{owner: owner, key: key}, nil
	}
	what := "the binding of " + b.Item.String()
	if n := u.countOf(b.Item.Source); n > 1 {
		return place{}, &fault.OwnerError{What: what,
			Why: fmt.Sprintf("%d migrations have source %s and none has a run that made it", n, b.Item.Source)}
	}
	owner, err := u.ofSource(b.Item.Source, time.Time{}, what)
	return place{owner: owner, key: key}, err
}

// countOf is how many migrations have a source.
func (u *work) countOf(source string) int {
	n := 0
	for _, m := range u.migrations {
		if m.has(source) {
			n++
		}
	}
	return n
}

// has tells whether the migration of a space has a source.
func (u *work) has(owner Owner, source string) bool {
	return slices.ContainsFunc(u.migrations, func(m migration) bool {
		return Owner{m.Tenant, m.Name} == owner &&
			m.has(source)
	})
}

// placeOfCredential gives a credential to the tenant that kept it last, as the audit chain says.
func (u *work) placeOfCredential(_ Tx, name string) (place, error) {
	tenant := u.noted[string(audit.CredentialSet)+"\x00"+name]
	if tenant == "" && len(u.tenants) == 1 {
		tenant = u.tenants[0]
	}
	if tenant == "" {
		return place{}, &fault.OwnerError{What: "credential " + name,
			Why: "the audit chain does not say which tenant kept it"}
	}
	return place{owner: Owner{Tenant: tenant}, key: name}, nil
}

// placeOfRecord finds the owner of a record by its kind, which is the first part of its key.
func (u *work) placeOfRecord(tx Tx, key string) (place, error) {
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
		return place{owner: Owner{Tenant: u.tenants[0]}, key: key}, nil
	case "follow-up-count":
		return place{dropped: true}, nil
	}
	return u.placeByContent(tx, kind, key)
}

func known(owners map[string]Owner, id, key string) (place, error) {
	owner, is := owners[id]
	if !is {
		return place{}, &fault.OwnerError{What: key, Why: "nothing of that id is recorded"}
	}
	return place{owner: owner, key: key}, nil
}

func (u *work) placeOfPlan(tx Tx, key, hash string) (place, error) {
	if owner, is := u.plans[hash]; is {
		return place{owner: owner, key: key}, nil
	}
	var content struct {
		Migration struct {
			Name string `json:"name"`
		} `json:"migration"`
	}
	if err := tx.Read(records, "plan-steps/"+hash, &content); err != nil {
		return place{}, &fault.OwnerError{What: key, Why: "the plan is not recorded"}
	}
	owner, err := u.ofMigration(content.Migration.Name, key)
	return place{owner: owner, key: key}, err
}

func (u *work) placeOfAccess(tx Tx, key string) (place, error) {
	var record struct {
		Tenant string `json:"tenant"`
	}
	err := tx.Read(records, key, &record)
	return place{owner: Owner{Tenant: record.Tenant}, key: key}, err
}

// placeByContent finds the owner of a record that says itself whose it is.
func (u *work) placeByContent(tx Tx, kind, key string) (place, error) {
	var content struct {
		ID          string `json:"id"`
		Migration   string `json:"migration"`
		StepID      string `json:"step_id"`
		Application string `json:"application"`
		Process     *struct {
			Migration string `json:"migration"`
		} `json:"process"`
		At   time.Time `json:"at"`
		Runs []string  `json:"runs"`
	}
	if err := tx.Read(records, key, &content); err != nil {
		return place{}, err
	}
	var owner Owner
	var err error
	switch kind {
	case "plan-draft", "summary", "rehearsal", "follow-up":
		owner, err = u.ofMigration(content.Migration, key)
	case "journal":
		if content.Process == nil {
			return place{}, &fault.OwnerError{What: key, Why: "it does not say whose run it followed"}
		}
		owner, err = u.ofMigration(content.Process.Migration, key)
	case "verification":
		return u.placeOfVerification(key, content.ID, content.Runs, content.At)
	case "cutover":
		return u.placeOfCutover(tx, key, content.Application)
	default:
		return place{}, &fault.OwnerError{What: "record " + key, Why: "this version does not know what it is"}
	}
	switch kind {
	case "plan-draft":
		key = "plan-draft"
	case "summary":
		key = "summary"
	case "follow-up":
		number, _ := strconv.Atoi(strings.TrimPrefix(content.ID, "f-"))
		u.followUps[owner] = max(u.followUps[owner], number)
		key = "follow-up/" + u.store.Blind("follow-up#"+content.StepID)
	}
	return place{owner: owner, key: key}, err
}

func (u *work) placeOfVerification(key, id string, runs []string, at time.Time) (place, error) {
	if len(runs) > 0 {
		return known(u.runs, runs[0], key)
	}
	tenant := u.noted[string(audit.VerificationCompleted)+"\x00"+id]
	owner, err := u.ofTenant(tenant, at, "verification "+id)
	return place{owner: owner, key: key}, err
}

// placeOfCutover takes the time of the first thing that was written down about an application.
func (u *work) placeOfCutover(tx Tx, key, application string) (place, error) {
	var record map[string]json.RawMessage
	if err := tx.Read(records, key, &record); err != nil {
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
