package upgrade

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/state/fault"
)

// memory is an old state without encryption. Keys are bucket, owner and key, as "records|acme/m|run/r1".
type memory struct {
	values map[string]string
	done   bool
	moved  int // how many values
}

func (m *memory) View(do func(Tx) error) error { return do(m) }

// Update undoes what a failed transaction did.
func (m *memory) Update(do func(Tx) error) error {
	before := maps.Clone(m.values)
	err := do(m)
	if err != nil {
		m.values = before
	}
	return err
}

func (m *memory) Due(Tx) bool                  { return !m.done }
func (m *memory) Done(Tx) error                { m.done = true; return nil }
func (m *memory) Blind(text string) string     { return "<" + text + ">" }
func (m *memory) Derive(purpose string) []byte { return []byte(purpose) }

func where(bucket string, owner Owner, key string) string {
	name := owner.Tenant
	if owner.Migration != "" {
		name += "/" + owner.Migration
	}
	return bucket + "|" + name + "|" + key
}

func (m *memory) Keys(bucket, prefix string) ([]string, error) {
	var keys []string
	for key := range m.values {
		if name, ours := strings.CutPrefix(key, bucket+"||"); ours && strings.HasPrefix(name, prefix) {
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

func (m *memory) Read(bucket, key string, value any) error {
	text, is := m.values[where(bucket, Owner{}, key)]
	if !is {
		return fmt.Errorf("%s %s: %w", bucket, key, fault.ErrNotFound)
	}
	return json.Unmarshal([]byte(text), value)
}

func (m *memory) Move(bucket, from string, owner Owner, key string) error {
	m.moved++
	old := where(bucket, Owner{}, from)
	m.values[where(bucket, owner, key)] = m.values[old]
	delete(m.values, old)
	return nil
}

func (m *memory) Delete(bucket, key string) error {
	delete(m.values, where(bucket, Owner{}, key))
	return nil
}

func (m *memory) Has(bucket string, owner Owner, key string) bool {
	_, is := m.values[where(bucket, owner, key)]
	return is
}

func (m *memory) Put(bucket string, owner Owner, key string, value any) error {
	encoded, err := json.Marshal(value)
	m.values[where(bucket, owner, key)] = string(encoded)
	return err
}

// old is a state of format 1 with these lines, "bucket key json" each.
func old(t *testing.T, lines ...string) *memory {
	t.Helper()
	m := &memory{values: map[string]string{}}
	for _, line := range lines {
		bucket, rest, _ := strings.Cut(line, " ")
		key, value, _ := strings.Cut(rest, " ")
		if !json.Valid([]byte(value)) {
			t.Fatalf("%s is no JSON", value)
		}
		m.values[where(bucket, Owner{}, key)] = value
	}
	return m
}

// day is a moment of format 1.
func day(n int) string { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC).Format(time.RFC3339) }

func migrationLine(name, tenant string, begun int, sources ...string) string {
	m := map[string]any{"name": name, "tenant": tenant, "created_at": day(begun)}
	var all []any
	for _, source := range sources {
		all = append(all, map[string]any{"name": source})
	}
	m["sources"] = all
	encoded, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return "records migration/" + name + " " + string(encoded)
}

func auditLine(number int, event audit.Event) string {
	encoded, err := json.Marshal(audit.Record{Event: event})
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("audit %08d %s", number, encoded)
}

// Two migrations of acme with the same source, one after the other, and one of beta with another source.
func three(more ...string) []string {
	return append([]string{
		migrationLine("first", "acme", 10, "okta.corp"),
		migrationLine("second", "acme", 20, "okta.corp", "entra.hq"),
		migrationLine("third", "beta", 15, "okta.north"),
	}, more...)
}

func TestRun_PutsEachThingWhereItsOwnerFindsIt(t *testing.T) {
	cases := map[string]struct {
		lines []string
		want  string // empty: nothing of it stays anywhere
	}{
		"a snapshot that names its migration": {[]string{
			`records snapshot/s1 {"id":"s1","source":"okta.corp","migration":"first","started_at":"` + day(25) + `"}`,
		}, "records|acme/first|snapshot/s1"},
		"a snapshot without a name is of the migration that had its source at its time": {[]string{
			`records snapshot/s1 {"id":"s1","source":"okta.corp","started_at":"` + day(25) + `"}`,
		}, "records|acme/second|snapshot/s1"},
		"one from between the two is of the first": {[]string{
			`records snapshot/s1 {"id":"s1","source":"okta.corp","started_at":"` + day(19) + `"}`,
		}, "records|acme/first|snapshot/s1"},
		"one of the very moment at which a migration began is of that one": {[]string{
			`records snapshot/s1 {"id":"s1","source":"okta.corp","started_at":"` + day(20) + `"}`,
		}, "records|acme/second|snapshot/s1"},
		"one older than every migration is of the first": {[]string{
			`records snapshot/s1 {"id":"s1","source":"okta.corp","started_at":"` + day(1) + `"}`,
		}, "records|acme/first|snapshot/s1"},
		"what was matched for an assessment that is gone goes too": {[]string{
			`records matched/a9 []`,
		}, ""},
		"a plan's steps without its record go by the name inside": {[]string{
			`records plan-steps/h {"migration":{"name":"third"}}`,
		}, "records|beta/third|plan-steps/h"},
		"an impact loses the name of its migration, not that of its own slashes": {[]string{
			`records impact/third/ocm-1 {}`,
		}, "records|beta/third|impact/ocm-1"},
		"a decision likewise": {[]string{
			`records decision/second/abc {}`,
		}, "records|acme/second|decision/abc"},
		"the rules of access are of the tenant that they name": {[]string{
			`records access {"tenant":"beta"}`,
		}, "records|beta|access"},
		"the draft of a plan has a place of its own": {[]string{
			`records plan-draft/xyz {"migration":"second"}`,
		}, "records|acme/second|plan-draft"},
		"so has a summary": {[]string{
			`records summary/second {"migration":"second"}`,
		}, "records|acme/second|summary"},
		"a rehearsal keeps its key": {[]string{
			`records rehearsal/h1 {"migration":"first"}`,
		}, "records|acme/first|rehearsal/h1"},
		"what is known of a journal is of whose run it followed": {[]string{
			`records journal/r1 {"process":{"migration":"third"}}`,
		}, "records|beta/third|journal/r1"},
		"a verification without runs is of its tenant's migration of that time": {[]string{
			auditLine(1, audit.Event{Name: audit.VerificationCompleted, Tenant: "acme", Target: "v1"}),
			`records verification/v1 {"id":"v1","at":"` + day(12) + `"}`,
		}, "records|acme/first|verification/v1"},
		"the cutover of an application is dated by the first thing that was noted": {[]string{
			`records cutover/x {"application":"okta.corp/application/wiki","sheet":{"at":"` + day(12) +
				`"},"switched":{"at":"` + day(25) + `"},"owner":"jane"}`,
		}, "records|acme/first|cutover/x"},
		"a credential is of the tenant that kept it last": {[]string{
			auditLine(1, audit.Event{Name: audit.CredentialSet, Tenant: "acme", Target: "okta"}),
			auditLine(2, audit.Event{Name: audit.CredentialSet, Tenant: "beta", Target: "okta"}),
			`credentials okta "sealed"`,
		}, "credentials|beta|okta"},
		"an event of another sort about that name says nothing": {[]string{
			auditLine(1, audit.Event{Name: audit.CredentialSet, Tenant: "acme", Target: "okta"}),
			auditLine(2, audit.Event{Name: audit.VerificationCompleted, Tenant: "beta", Target: "okta"}),
			`credentials okta "sealed"`,
		}, "credentials|acme|okta"},
		"a binding is of the newest run that made its resource": {[]string{
			`records run/r2 {"id":"r2","migration":"second","started_at":"` + day(22) + `"}`,
			`records run/r1 {"id":"r1","migration":"first","started_at":"` + day(12) + `"}`,
			`records run-step/r1/00000001 {"resource":{"type":"group","key":"/eng"}}`,
			`records run-step/r2/00000001 {"resource":{"type":"group","key":"/eng"}}`,
			`bindings b1 {"item":{"source":"okta.corp","kind":"group","id":"g1"},"resource":{"type":"group","key":"/eng"}}`,
		}, "bindings|acme/second|b1"},
		"a run of a migration without the source made another thing of that name": {[]string{
			`records run/r1 {"id":"r1","migration":"first","started_at":"` + day(12) + `"}`,
			`records run-step/r1/00000001 {"resource":{"type":"group","key":"/eng"}}`,
			`bindings b1 {"item":{"source":"okta.north","kind":"group","id":"g1"},"resource":{"type":"group","key":"/eng"}}`,
		}, "bindings|beta/third|b1"},
		"the pseudonyms of several tenants were the same, and are given up": {[]string{
			`records pseudonym-key "a2V5"`,
		}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := old(t, three(c.lines...)...)
			last := strings.Fields(c.lines[len(c.lines)-1])
			value := m.values[where(last[0], Owner{}, last[1])]
			if err := Run(m); err != nil {
				t.Fatal(err)
			}
			if c.want != "" && m.values[c.want] != value {
				t.Errorf("%s is not there: %v", c.want, slices.Sorted(maps.Keys(m.values)))
			}
			for key := range m.values {
				bucket, rest, _ := strings.Cut(key, "|")
				owner, what, _ := strings.Cut(rest, "|")
				if owner == "" && bucket != audits && !strings.HasPrefix(what, "migration/") {
					t.Errorf("%s belongs to everybody still", key)
				}
				if c.want == "" && bucket == last[0] && what == last[1] {
					t.Errorf("%s was kept", key)
				}
			}
			if !m.done {
				t.Error("the new format is not noted")
			}
		})
	}
}

func TestRun_RefusesWhatNobodyOwnsBeforeItMovesAnything(t *testing.T) {
	cases := map[string][2]string{
		"a snapshot of a source of two tenants": {
			`records snapshot/s1 {"id":"s1","source":"okta.shared"}`, `migrations of tenants "acme" and "beta"`},
		"an assessment without its snapshot": {
			`records assessment/a1 {"id":"a1","snapshot":"s9"}`, "its snapshot s9 is not in the state"},
		"a step of a run that is not recorded": {
			`records run-step/r9/00000001 {}`, "run-step/r9/00000001"},
		"a plan of a migration that is gone": {
			`records plan/h {"hash":"h","migration":"fourth"}`, `migration "fourth"`},
		"the evidence of a plan that is gone": {
			`records evidence/h {}`, "the plan is not recorded"},
		"a journal that followed nobody's run": {
			`records journal/r1 {"sequence":3}`, "it does not say whose run it followed"},
		"a verification that the audit chain does not know": {
			`records verification/v1 {"id":"v1"}`, `no migration of tenant ""`},
		"a verification of a run that is gone": {
			`records verification/v1 {"id":"v1","runs":["r9"]}`, "nothing of that id is recorded"},
		"a cutover of an unknown source": {
			`records cutover/x {"application":"okta.gone/application/wiki"}`, "the cutover of okta.gone/application/wiki"},
		"an impact without a migration": {
			`records impact/ocm-1 {}`, `names migration ""`},
		"a binding of a source that two migrations have": {
			`bindings b1 {"item":{"source":"okta.corp","kind":"group","id":"g1"},"resource":{"type":"group","key":"/x"}}`,
			"2 migrations have source okta.corp and none has a run that made it"},
		"a credential that the chain does not know": {
			`credentials okta "sealed"`, "does not say which tenant kept it"},
		"a record of a sort that came later": {
			`records quorum/1 {}`, "this version does not know what it is"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := old(t, three(
				migrationLine("shared", "acme", 11, "okta.shared"), migrationLine("shared2", "beta", 12, "okta.shared"),
				`records snapshot/s0 {"id":"s0","source":"okta.corp","migration":"first"}`, `items s0/group/0 []`, c[0])...)
			before := maps.Clone(m.values)
			err := Run(m)
			var ownerless *fault.OwnerError
			if !errors.As(err, &ownerless) || !strings.Contains(err.Error(), c[1]) {
				t.Errorf("wanted %q, got %v", c[1], err)
			}
			if diff := cmp.Diff(before, m.values); diff != "" || m.moved > 0 || m.done {
				t.Errorf("%d values were moved: %s", m.moved, diff)
			}
		})
	}
}

// The last part is one transaction: a state is never seen with some records old and some new.
func TestRun_ARecordThatNobodyOwnsAmongTheLargeOnesUndoesItsBatch(t *testing.T) {
	m := old(t, three(`records snapshot/s1 {"id":"s1","source":"okta.corp","migration":"first"}`,
		`items s1/group/0 []`, `items s9/group/0 []`)...)
	err := Run(m)
	var ownerless *fault.OwnerError
	if !errors.As(err, &ownerless) || !strings.Contains(err.Error(), "moving items") || m.done {
		t.Fatalf("done %t: %v", m.done, err)
	}
	if _, is := m.values["items||s1/group/0"]; !is {
		t.Errorf("half a batch was moved: %v", slices.Sorted(maps.Keys(m.values)))
	}
}

func TestRun_GoesOnCountingFollowUpsAfterTheHighest(t *testing.T) {
	m := old(t, three(`records follow-up-count 9`,
		`records follow-up/a {"id":"f-2","migration":"first","step_id":"s-a"}`,
		`records follow-up/b {"id":"f-11","migration":"first","step_id":"s-b"}`,
		`records follow-up/c {"id":"f-4","migration":"third","step_id":"s-a"}`)...)
	if err := Run(m); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"records|acme/first|follow-up-count": "11", "records|beta/third|follow-up-count": "4",
		"records|acme/second|follow-up-count": "", "records||follow-up-count": "",
	} {
		if m.values[key] != want {
			t.Errorf("%s is %q, wanted %q", key, m.values[key], want)
		}
	}
	for _, key := range []string{"records|acme/first|follow-up/<follow-up#s-a>",
		"records|acme/first|follow-up/<follow-up#s-b>", "records|beta/third|follow-up/<follow-up#s-a>"} {
		if _, is := m.values[key]; !is {
			t.Errorf("%s is not there: a step that runs again would open a second follow-up", key)
		}
	}
}

func TestRun_OneTenantKeepsCredentialsAndPseudonymsWithoutATrace(t *testing.T) {
	m := old(t, migrationLine("first", "acme", 10, "okta.corp"), migrationLine("second", "acme", 20, "okta.corp"),
		`credentials okta "sealed"`)
	if err := Run(m); err != nil {
		t.Fatal(err)
	}
	if m.values["credentials|acme|okta"] != `"sealed"` {
		t.Errorf("the credential of the only tenant: %v", m.values)
	}
	var key []byte
	if err := json.Unmarshal([]byte(m.values["records|acme|pseudonym-key"]), &key); err != nil ||
		string(key) != "rehome/state/pseudonyms/v1" {
		t.Errorf("the key of pseudonyms is %q, %v", key, err)
	}
}

func TestRun_AnEmptyStateOnlyBecomesNew(t *testing.T) {
	m := old(t)
	if err := Run(m); err != nil || !m.done || len(m.values) > 0 {
		t.Errorf("done %t, %v, %v", m.done, m.values, err)
	}
}

func TestRun_LeavesAloneWhatIsNewAlready(t *testing.T) {
	m := old(t, three(`records process/1 {"kind":"of the new format"}`)...)
	m.done = true
	before := maps.Clone(m.values)
	if err := Run(m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, m.values); diff != "" {
		t.Error(diff)
	}
}

// More values than one transaction moves: the batches together move all of them, each once.
func TestRun_MovesMoreThanOneBatch(t *testing.T) {
	m := old(t, three(`records snapshot/s1 {"id":"s1","source":"okta.corp","migration":"first"}`)...)
	const many = 3*batch + 7
	for i := range many {
		m.values[where(items, Owner{}, fmt.Sprintf("s1/user/%06d", i))] = "[]"
	}
	if err := Run(m); err != nil {
		t.Fatal(err)
	}
	found := 0
	for key := range m.values {
		if strings.HasPrefix(key, "items|acme/first|s1/user/") {
			found++
		}
	}
	if found != many || m.moved != many+1 {
		t.Errorf("%d items are there, %d values were moved", found, m.moved)
	}
}
