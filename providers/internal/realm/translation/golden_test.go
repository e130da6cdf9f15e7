package translation

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/sdk/sdktest"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// goldenDay is the day of the goldens: certificates of the practice tenants are read as they are on it.
func goldenDay() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

// practiceItems are the items of a folder of files with one item a line. The tests of the sources write those of the
// practice tenants; own holds what no practice tenant has.
func practiceItems(t *testing.T) map[identity.Kind][]identity.Item {
	t.Helper()
	files, err := filepath.Glob("testdata/items/*.jsonl")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	items := map[identity.Kind][]identity.Item{}
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var item identity.Item
			if err := json.Unmarshal(lines.Bytes(), &item); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			item.Source = strings.TrimSuffix(filepath.Base(path), ".jsonl") + ".practice"
			items[item.Kind] = append(items[item.Kind], item)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, item := range ownItems(t) {
		items[item.Kind] = append(items[item.Kind], item)
	}
	return items
}

// TestGoldens_OfWholeTranslations holds what becomes of every item: resources, notes and what is left to do, one file
// a kind.
func TestGoldens_OfWholeTranslations(t *testing.T) {
	items := practiceItems(t)
	for _, kind := range slices.Sorted(maps.Keys(items)) {
		t.Run(string(kind), func(t *testing.T) {
			var text strings.Builder
			for _, item := range items[kind] {
				translation := TranslateAt(item, goldenDay())
				checkTranslation(t, item, translation)
				fmt.Fprintf(&text, "== %s %q\n", item.Address(), item.Name)
				showTranslation(t, &text, item, translation)
			}
			sdktest.Golden(t, filepath.Join("testdata", "translations", string(kind)+".golden"), text.String())
		})
	}
}

func showTranslation(t *testing.T, text *strings.Builder, item identity.Item, translation contract.Translation) {
	t.Helper()
	for _, f := range translation.Findings {
		fmt.Fprintf(text, "%s %s: %s", f.Type, f.Field, f.Summary)
		for _, part := range []string{string(f.Direction), string(f.Audience), string(f.Severity), f.ImpactCode} {
			if part != "" {
				fmt.Fprintf(text, ", %s", part)
			}
		}
		text.WriteByte('\n')
		if f.Compensated != "" {
			fmt.Fprintf(text, "  made up for: %s\n", f.Compensated)
		}
		if f.Action != "" {
			fmt.Fprintf(text, "  to do: %s\n", f.Action)
		}
	}
	for _, r := range translation.Resources {
		everyone := r.Type == realm.TypeGroup && r.Key == everyoneGroup(item.Source).Key
		if reflect.DeepEqual(r, realm.GateFlows()) || everyone && item.Kind != identity.KindGroup {
			fmt.Fprintf(text, "  %s, the same for all\n", r.ID())
			continue
		}
		encoded, err := json.MarshalIndent(r, "  ", "  ")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(text, "  %s\n", encoded)
	}
}

// checkTranslation holds for every item of every source: nothing is dropped without a word, what is made fits the
// columns and the schema, and it comes back out of its representation as it was wanted.
func checkTranslation(t *testing.T, item identity.Item, translation contract.Translation) {
	t.Helper()
	if len(translation.Resources) == 0 && len(translation.Findings) == 0 {
		t.Errorf("%s is dropped without a word", item.Address())
	}
	if len(translation.Resources) > 0 && stops(translation.Findings) {
		t.Errorf("%s is made though something stops it", item.Address())
	}
	for _, f := range translation.Findings {
		if f.Summary == "" || (f.Action == "" && stops([]fidelity.Finding{f}) && f.Type != fidelity.Invisible) {
			t.Errorf("%s: %q says too little: %+v", item.Address(), f.Field, f)
		}
	}
	if again := realm.WithinLimits(translation); len(again.Findings) != len(translation.Findings) {
		t.Errorf("%s does not fit its columns: %+v", item.Address(), again.Findings)
	}
	for _, r := range translation.Resources {
		schema := realm.TypeOf(r.Type).Schema
		for name := range r.Attributes {
			if attribute, known := schema.Attribute(name); !known || attribute.Computed {
				t.Errorf("%s: nobody can want %s of %s", item.Address(), name, r.ID())
			}
		}
		wanted := readable(r)
		read, written := readBack(r.Type, wanted)
		if names := steps.Differences(realm.TypeOf(r.Type).Schema, wanted, read); written && len(names) > 0 {
			t.Errorf("%s: %v of %s come back in another way: %v", item.Address(), names, r.ID(), read)
		}
	}
}

// readable leaves out what does not stand in the representation itself: the link of an organization to its provider.
// The engine has put keys in the place of references by then.
func readable(r identity.Resource) identity.Attributes {
	wanted := identity.Attributes{}
	for name, value := range r.Attributes {
		if _, refers := identity.AsItemReference(value); refers {
			value = "a-key"
		}
		if r.Type != realm.TypeOrganization || (name != "identity_provider" && name != "redirect") {
			wanted[name] = value
		}
	}
	return wanted
}

// readBack writes a resource into its representation and reads it; false for a type that is not one object of the
// server.
func readBack(resourceType string, a identity.Attributes) (identity.Attributes, bool) {
	switch resourceType {
	case realm.TypeClient:
		return realm.ReadClient(realm.WriteClient(nil, a, "", nil)).Attributes, true
	case realm.TypeProvider:
		mappers, _ := realm.WriteMappers(a)
		return realm.ReadProvider(realm.WriteProvider(nil, a, "", nil), mappers).Attributes, true
	case realm.TypeOrganization:
		return realm.ReadOrganization(realm.WriteOrganization(nil, a, ""), nil).Attributes, true
	case realm.TypeGroup:
		return realm.ReadGroup(realm.WriteGroup(nil, a, ""), "/"+identity.EscapePath(a["name"].(string))).Attributes, true
	case realm.TypeClientRole:
		return realm.ReadClientRole("a-key", realm.WriteClientRole(nil, a)).Attributes, true
	}
	return nil, false
}
