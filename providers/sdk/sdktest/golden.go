package sdktest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
)

// UpdateGolden is the environment variable by which golden files are written anew instead of being compared.
const UpdateGolden = "REHOME_UPDATE_GOLDEN"

// Sorted lists what was collected by kind, in the order of plans, and id.
func (c *Collected) Sorted() []identity.Item {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	kinds := identity.Kinds()
	items := make([]identity.Item, 0, len(c.Items))
	for _, item := range c.Items {
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b identity.Item) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(a.ID, b.ID))
	})
	return items
}

// GoldenItems compares what was collected with a file of one item a line, without raw bodies and pages. Where the
// address of the test's server stands in an item, the file has https://source.example.
func (c *Collected) GoldenItems(t testing.TB, path, origin string) {
	t.Helper()
	var text bytes.Buffer
	for _, item := range c.Sorted() {
		item.Raw, item.Page = nil, 0
		line, err := json.Marshal(item)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	Golden(t, path, strings.ReplaceAll(text.String(), origin, "https://source.example"))
}

// Golden compares a text with a file, or writes the file when the environment variable UpdateGolden is set. It names
// the first line that differs.
func Golden(t testing.TB, path, got string) {
	t.Helper()
	if os.Getenv(UpdateGolden) != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; set %s=1 to write it", err, UpdateGolden)
	}
	if string(content) == got {
		return
	}
	want, have := strings.Split(string(content), "\n"), strings.Split(got, "\n")
	at := 0
	for at < len(want) && at < len(have) && want[at] == have[at] {
		at++
	}
	line := func(lines []string) string {
		if at < len(lines) {
			return lines[at]
		}
		return "(the end)"
	}
	t.Errorf("%s, line %d:\n  want %s\n  got  %s\nLook whether the change is meant, then set %s=1 to write the file anew.",
		path, at+1, line(want), line(have), UpdateGolden)
}
