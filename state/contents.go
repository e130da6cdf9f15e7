package state

import (
	"slices"
	"strings"
)

// secretRecords are records that are keys themselves; Export leaves them out.
func secretRecords() []string { return []string{"pseudonym-key"} }

type counter struct{ name, bucket, prefix string }

// counted says what Counts counts: a name, the bucket and the prefix of the keys.
func counted() []counter {
	return []counter{
		{"migrations", bucketRecords, "migration/"},
		{"snapshots", bucketRecords, "snapshot/"},
		{"items", bucketItems, ""}, // items and pages are counted by the snapshots, as values are not one each
		{"pages", bucketPages, ""},
		{"assessments", bucketRecords, "assessment/"},
		{"plans", bucketRecords, "plan/"},
		{"runs", bucketRecords, "run/"},
		{"run steps", bucketRecords, "run-step/"},
		{"follow-ups", bucketRecords, "follow-up/"},
		{"bindings", bucketBindings, ""},
		{"credentials", bucketCredentials, ""},
		{"audit records", bucketAudit, ""},
	}
}

// CountNames lists what Counts counts, in the order in which it is read.
func CountNames() []string {
	var names []string
	for _, c := range counted() {
		names = append(names, c.name)
	}
	return names
}

// within is a key without the prefix of its owner.
func within(key string) string {
	if strings.HasPrefix(key, prefixMigration) || strings.HasPrefix(key, prefixTenant) {
		_, key, _ = strings.Cut(key, "/")
	}
	return key
}

// Counts is how many values of each sort a tenant has, or all tenants together where none is named. Records of the
// audit chain are counted whole: the chain is one.
func (s *Store) Counts(tenant string) (map[string]int, error) {
	counts := map[string]int{}
	err := s.backend.View(func(tx Tx) error {
		theirs, err := s.spacesOf(tx, tenant)
		if err != nil {
			return err
		}
		for _, c := range counted() {
			n := 0
			err := tx.Keys(c.bucket, "", func(key string) error {
				if strings.HasPrefix(within(key), c.prefix) && (c.bucket == bucketAudit || theirs(key)) {
					n++
				}
				return nil
			})
			if err != nil {
				return err
			}
			counts[c.name] = n
		}
		counts["items"], counts["pages"] = 0, 0
		return tx.Each(bucketRecords, "", func(key string, sealed []byte) error {
			if !strings.HasPrefix(within(key), "snapshot/") || !theirs(key) {
				return nil
			}
			var snapshot Snapshot
			err := s.decode(bucketRecords, key, sealed, &snapshot)
			counts["items"] += snapshot.Total()
			counts["pages"] += snapshot.Pages
			return err
		})
	})
	return counts, err
}

// spacesOf tells of a key whether it is a tenant's.
func (s *Store) spacesOf(tx Tx, tenant string) (func(key string) bool, error) {
	all, err := s.migrations(tx)
	prefixes := []string{s.tenantSpace(tenant).prefix}
	for _, m := range all {
		if m.Tenant == tenant {
			prefixes = append(prefixes, s.migrationSpace(m.Tenant, m.Name).prefix, s.migrationKey(m.Name))
		}
	}
	return func(key string) bool {
		return tenant == "" || slices.ContainsFunc(prefixes,
			func(prefix string) bool { return strings.HasPrefix(key, prefix) })
	}, err
}

// Export visits every value in clear, credentials and keys left out, a few in memory at a time.
func (s *Store) Export(visit func(bucket, key string, value []byte) error) error {
	for _, bucket := range buckets() {
		if bucket == bucketCredentials {
			continue
		}
		keys, err := s.root().keys(bucket, "")
		if err != nil {
			return err
		}
		err = s.inPages(bucket, keys, func(key string, sealed []byte) error {
			for _, secret := range secretRecords() {
				if bucket == bucketRecords && strings.HasPrefix(within(key), secret) {
					return nil
				}
			}
			value, err := s.open(bucket, key, sealed)
			if err != nil {
				return err
			}
			return visit(bucket, key, value)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
