package audit_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/audit"
)

func chain(t *testing.T, n int) []audit.Record {
	t.Helper()
	var records []audit.Record
	head := ""
	for i := range n {
		record, err := audit.Chain(audit.Event{Name: "migration.test", At: time.Unix(int64(i), 5),
			Target: fmt.Sprint(i)}, i, head)
		if err != nil {
			t.Fatal(err)
		}
		records, head = append(records, record), record.Hash
	}
	return records
}

// follow checks a whole chain, and returns the last hash that fits.
func follow(t *testing.T, records []audit.Record) (string, error) {
	t.Helper()
	follower, err := audit.Follow("")
	if err != nil {
		t.Fatal(err)
	}
	head := ""
	for _, record := range records {
		if err := follower.Add(record); err != nil {
			return head, err
		}
		head = record.Hash
	}
	_, err = follower.End(len(records), head)
	return head, err
}

func TestFollower_NamesTheRecordThatDoesNotFit(t *testing.T) {
	cases := map[string]struct {
		change func([]audit.Record) []audit.Record
		broken int
	}{
		"nothing":            {func(r []audit.Record) []audit.Record { return r }, 0},
		"a changed fact":     {func(r []audit.Record) []audit.Record { r[1].Event.Actor = "somebody else"; return r }, 2},
		"a removed record":   {func(r []audit.Record) []audit.Record { return slices.Delete(r, 1, 2) }, 2},
		"two exchanged":      {func(r []audit.Record) []audit.Record { r[0], r[1] = r[1], r[0]; return r }, 1},
		"a forged last hash": {func(r []audit.Record) []audit.Record { r[3].Hash = r[2].Hash; return r }, 4},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := follow(t, c.change(chain(t, 4)))
			var broken *audit.BrokenError
			if c.broken == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.As(err, &broken) || broken.Sequence != c.broken {
				t.Errorf("wanted record %d, got %v", c.broken, err)
			}
		})
	}
}

func TestFollower_FindsACutChainByTheHeadThatItsKeeperNames(t *testing.T) {
	whole := chain(t, 3)
	follower, err := audit.Follow("")
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range whole[:2] {
		if err := follower.Add(record); err != nil {
			t.Fatal(err)
		}
	}
	var broken *audit.BrokenError
	if _, err := follower.End(3, whole[2].Hash); !errors.As(err, &broken) || broken.Sequence != 3 {
		t.Errorf("%v", err)
	}
}
