package realm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
)

// TestReference_OfTheRealmIsWhatTheRowsSay compares docs/reference/realm.md with the rows. REHOME_UPDATE_DOCS=1 (make
// docs) writes it.
func TestReference_OfTheRealmIsWhatTheRowsSay(t *testing.T) {
	path, want := filepath.Join("..", "..", "..", "docs", "reference", "realm.md"), referencePage()
	if os.Getenv("REHOME_UPDATE_DOCS") != "" {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s is not up to date (%v); run make docs", path, err)
	}
}

func referencePage() string {
	var b strings.Builder
	b.WriteString("# Resources of a realm\n\nWhat the targets `keycloak` and `realmfile` read and write, by type of " +
		"resource. " +
		"Generated from the code by `make docs`.\n\nThe place is the member of Keycloak's representation in which the " +
		"value stands. " +
		"A text may have at most so many characters: one that is too long blocks, unless the row says that it is " +
		"shortened or left out, " +
		"which a note then tells.\n")
	for _, resourceType := range Types() {
		s := resourceType.Schema
		fmt.Fprintf(&b, "\n## %s\n\n%s Key: `%s`.", s.Type, s.Doc, s.KeyFormat)
		if s.Tagged {
			b.WriteString(" It carries the address of the item it was made from.")
		}
		b.WriteString("\n\n")
		referenceTable(&b, resourceType.fields)
		if s.Type == TypeClient {
			for _, protocol := range []string{gating.ProtocolOIDC, gating.ProtocolSAML} {
				fmt.Fprintf(&b, "\n### attributes of a client, %s\n\nThose at their default are left out.\n\n", protocol)
				referenceTable(&b, clientAttributes(protocol))
			}
		}
	}
	b.WriteString("\n## Doors of a gated client\n\n" +
		"A client that has a gate is opened when none of these stands open: they " +
		"are asked when a plan is made, just before the step that opens it, and by verify.\n\n" +
		"| what opens it | read from | what shuts it |\n| --- | --- | --- |\n")
	for _, d := range doors() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", d.field, d.reads, d.action)
	}
	return b.String()
}

func referenceTable(b *strings.Builder, fields []field) {
	b.WriteString("| attribute | type | meaning | place | default | characters |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, f := range fields {
		place, none, limit := "", "", ""
		if f.at != "" {
			place = "`" + strings.Replace(f.at, "/", "` / `", 1) + "`"
		}
		if f.none != nil {
			none = fmt.Sprintf("`%v`", f.none)
		}
		if f.limit > 0 {
			limit = fmt.Sprint(f.limit) + map[long]string{shortened: ", shortened", leftOut: ", left out"}[f.long]
		}
		meaning := f.doc
		for _, mark := range []struct {
			is   bool
			text string
		}{{f.computed, " Only read."}, {f.secret, " Never read back."}, {f.generated,
			" Made by the server where none is given."}} {
			if mark.is {
				meaning += mark.text
			}
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", f.name, f.form.kind(), meaning, place, none, limit)
	}
}
