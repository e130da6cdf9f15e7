package switchover_test

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/switchover"
)

// A file system takes names of 255 bytes, and an ending belongs to them.
func TestFileNames_FitAndAreOneEach(t *testing.T) {
	long := strings.Repeat("application ", 21)
	sheets := []switchover.Sheet{
		{Name: "Wiki", Address: "okta.corp/application/1"},
		{Name: long + "of finance", Address: "okta.corp/application/2"},
		{Name: long + "of sales", Address: "okta.corp/application/" + strings.Repeat("3", 250)},
		{Name: long, Address: "okta.corp/application/" + strings.Repeat("3", 249) + "4"},
		{Name: long, Address: "okta.corp/application/5"},
		{Name: "日本語", Address: "okta.corp/application/6"},
		{Name: "Café", Address: "okta.corp/application/7"},
		{Name: "Cafe\u0301", Address: "okta.corp/application/8"},
		{Name: "a b", Address: "c"}, {Name: "a-b-c", Address: "d"}, {Name: "A B", Address: "c-x"}, {Name: "a b c", Address: "y"},
	}
	names := switchover.FileNames(sheets)
	seen := map[string]bool{}
	for i, name := range names {
		if name == "" || len(name) > 200 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || seen[name] {
			t.Errorf("%q becomes %q", sheets[i].Name, name)
		}
		seen[name] = true
	}
	if names[0] != "wiki" {
		t.Errorf("a short name becomes %q", names[0])
	}
	for i, again := range switchover.FileNames(sheets) {
		if again != names[i] {
			t.Errorf("%q becomes %q, then %q", sheets[i].Name, names[i], again)
		}
	}
}
