package state

import "strings"

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

// Counts is how many values of each sort the state holds.
func (s *Store) Counts() (map[string]int, error) {
	counts := map[string]int{}
	err := s.backend.View(func(tx Tx) error {
		for _, c := range counted() {
			n := 0
			if err := tx.Each(c.bucket, c.prefix, func(string, []byte) error { n++; return nil }); err != nil {
				return err
			}
			counts[c.name] = n
		}
		snapshots, err := recordsIn[Snapshot](s, tx, "snapshot/")
		counts["items"], counts["pages"] = 0, 0
		for _, snapshot := range snapshots {
			counts["items"] += snapshot.Total()
			counts["pages"] += snapshot.Pages
		}
		return err
	})
	return counts, err
}

// Export visits every value in clear, credentials and keys left out, one in memory at a time.
func (s *Store) Export(visit func(bucket, key string, value []byte) error) error {
	for _, bucket := range buckets() {
		if bucket == bucketCredentials {
			continue
		}
		err := s.backend.View(func(tx Tx) error {
			return tx.Each(bucket, "", func(key string, sealed []byte) error {
				for _, secret := range secretRecords() {
					if bucket == bucketRecords && strings.HasPrefix(key, secret) {
						return nil
					}
				}
				value, err := s.open(bucket, key, sealed)
				if err != nil {
					return err
				}
				return visit(bucket, key, value)
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
