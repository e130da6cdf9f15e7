package attesting_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/applying/casetest"
	"github.com/rehome-iam/rehome/engine/attesting"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/handoff"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/plan"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/proving"
)

func noApplications(context.Context, *project.Project, *plan.Plan) ([]handoff.Application, error) {
	return nil, nil
}

// proved is what a real move left: a tenant with people was planned, applied and verified twice, and bundled.
func proved(t *testing.T, without string) (content []byte, head string) {
	t.Helper()
	file, err := os.Open("../../providers/internal/realm/translation/testdata/items/okta.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var items []identity.Item
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var item identity.Item
		if err := json.Unmarshal(lines.Bytes(), &item); err != nil {
			t.Fatal(err)
		}
		if item.Page = 0; item.Name != without {
			items = append(items, item)
		}
	}
	place := projecttest.New(t, "acme", items...)
	casetest.Apply(t, place, casetest.Judge(t, place))
	for range 2 {
		place.At = place.At.Add(1e9)
		if _, err := proving.Verify(t.Context(), place.Open(), proving.Input{Workers: 1},
			func(*proving.Report) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	report, err := attesting.Bundle(t.Context(), place.Open(), attesting.BundleInput{Out: "evidence.zip",
		Applications: noApplications})
	if err != nil {
		t.Fatal(err)
	}
	content, err = os.ReadFile(filepath.Join(place.Folder, "evidence.zip"))
	if err != nil {
		t.Fatal(err)
	}
	return content, report.AuditHead
}

// unpacked are the documents of a bundle, as JSON.
func unpacked(t *testing.T, content []byte) map[string]any {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	documents := map[string]any{}
	for _, file := range archive.File {
		entry, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(entry)
		if err != nil {
			t.Fatal(err)
		}
		var document any
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&document); err != nil {
			t.Fatalf("%s: %v", file.Name, err)
		}
		documents[file.Name] = document
	}
	return documents
}

// forged packs documents with a manifest that fits them, as somebody without a key can.
func forged(t *testing.T, documents map[string]any) []byte {
	t.Helper()
	manifest := documents[evidence.FileManifest].(map[string]any)
	var files []any
	encoded := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		if name == evidence.FileManifest {
			continue
		}
		text, err := json.Marshal(documents[name])
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		encoded[name] = text
		files = append(files, map[string]any{"name": name, "sha256": hex.EncodeToString(sum[:]), "bytes": len(text)})
	}
	manifest["files"] = files
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	encoded[evidence.FileManifest] = text
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range encoded {
		entry, err := w.Create(name)
		if err == nil {
			_, err = entry.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func checked(t *testing.T, content []byte, head string) evidence.Verdict {
	t.Helper()
	verdict, err := evidence.Check(bytes.NewReader(content), int64(len(content)), evidence.Expected{Head: head})
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

type mutation func(documents map[string]any)

// list changes the elements of a document, or of a member of it.
func list(name, member string, change func([]any) []any) mutation {
	return func(documents map[string]any) {
		if member == "" {
			documents[name] = change(slices.Clone(documents[name].([]any)))
			return
		}
		of := documents[name].(map[string]any)
		of[member] = change(slices.Clone(of[member].([]any)))
	}
}

func cutFirst(all []any) []any  { return all[1:] }
func cutLast(all []any) []any   { return all[:len(all)-1] }
func cutMiddle(all []any) []any { return slices.Delete(all, len(all)/2, len(all)/2+1) }
func reversed(all []any) []any  { slices.Reverse(all); return all }
func swapped(all []any) []any {
	middle := len(all) / 2
	all[middle-1], all[middle] = all[middle], all[middle-1]
	return all
}

// set puts a value into every object of a list that has the member.
func set(member string, value any) func([]any) []any {
	return func(all []any) []any {
		for _, one := range all {
			if of := one.(map[string]any); of[member] != nil {
				of[member] = value
			}
		}
		return all
	}
}

// outcomes makes a failure of the first step that was applied.
func outcomes(all []any) []any {
	for _, one := range all {
		of := one.(map[string]any)
		if inner, is := of["outcome"].(map[string]any); is {
			of = inner
		}
		if of["outcome"] == "applied" {
			of["outcome"] = "failed"
			return all
		}
	}
	return all
}

// hidden withholds the record of the chain that tells of a step.
func hidden(all []any) []any {
	for _, one := range all {
		of := one.(map[string]any)
		if event, is := of["event"].(map[string]any); is && event["name"] == "migration.cutover_step.applied" &&
			strings.HasPrefix(event["target"].(string), "group:") {
			of["event"] = nil
			return all
		}
	}
	return all
}

// withheld replaces the content of a step about no person and says that it was withheld.
func withheld(documents map[string]any) {
	for _, one := range documents[evidence.FilePlan].(map[string]any)["steps"].([]any) {
		step := one.(map[string]any)
		if id := step["id"].(string); strings.HasPrefix(id, "client:") {
			step["after"].(map[string]any)["redirect_uris"] = []any{"https://evil.example/"}
			hashes := documents[evidence.FileHashes].(map[string]any)
			hashes["withheld"] = append(hashes["withheld"].([]any), id)
			return
		}
	}
}

func mutations(other map[string]any) map[string]struct {
	change mutation
	file   string // that a problem names
} {
	from := func(name string) mutation {
		return func(documents map[string]any) { documents[name] = other[name] }
	}
	type row = struct {
		change mutation
		file   string
	}
	rows := map[string]row{
		"a run with another outcome": {list(evidence.FileRun, "steps", outcomes), evidence.FileRun},
		"a journal with another":     {list(evidence.FileJournal, "", outcomes), evidence.FileJournal},
		"probes with other counts":   {list(evidence.FileProbes, "", set("passed", json.Number("999"))), evidence.FileProbes},
		"probes with other findings": {list(evidence.FileProbes, "", set("findings", map[string]any{"x": "y"})),
			evidence.FileProbes},
		"another end of the run": {func(d map[string]any) { d[evidence.FileRun].(map[string]any)["status"] = "completed!" },
			evidence.FileRun},
		"a step that is withheld and names nobody":   {withheld, evidence.FileHashes},
		"a record that is withheld and names nobody": {list(evidence.FileAudit, "", hidden), evidence.FileAudit},
		"a report of another run": {func(d map[string]any) {
			d[evidence.FileReport].(map[string]any)["run"].(map[string]any)["status"] = "failed"
		}, evidence.FileReport},
		"a chain that was cut, with a head that fits": {func(d map[string]any) {
			chain := cutLast(slices.Clone(d[evidence.FileAudit].([]any)))
			d[evidence.FileAudit] = chain
			d[evidence.FileManifest].(map[string]any)["audit_head"] = chain[len(chain)-1].(map[string]any)["hash"]
		}, evidence.FileAudit},
	}
	for _, name := range []string{evidence.FilePlan, evidence.FileHashes, evidence.FileRun, evidence.FileJournal,
		evidence.FileProbes, evidence.FileAudit, evidence.FileReport} {
		rows["the "+name+" of another move"] = row{from(name), ""}
	}
	for what, change := range map[string]func([]any) []any{"without its first": cutFirst, "without its last": cutLast,
		"without one in the middle": cutMiddle, "turned round": reversed} {
		rows["a chain "+what] = row{list(evidence.FileAudit, "", change), evidence.FileAudit}
		rows["a journal "+what] = row{list(evidence.FileJournal, "", change), evidence.FileJournal}
		rows["a run "+what] = row{list(evidence.FileRun, "steps", change), ""}
		rows["a plan "+what] = row{list(evidence.FilePlan, "steps", change), ""}
		rows["probes "+what] = row{list(evidence.FileProbes, "", change), evidence.FileProbes}
	}
	rows["a journal with two records swapped"] = row{list(evidence.FileJournal, "", swapped), evidence.FileJournal}
	rows["a run with two rows swapped"] = row{list(evidence.FileRun, "steps", swapped), evidence.FileRun}
	rows["a chain with two records swapped"] = row{list(evidence.FileAudit, "", swapped), evidence.FileAudit}
	return rows
}

// TestBundle_ThePartsOfARealOneAreHeldAgainstEachOther changes each part of the bundle of a real move, with checksums
// that fit: whoever knows the head that apply printed is told which part it was.
func TestBundle_ThePartsOfARealOneAreHeldAgainstEachOther(t *testing.T) {
	whole, head := proved(t, "")
	if verdict := checked(t, whole, head); len(verdict.Problems) > 0 || verdict.Steps == 0 {
		t.Fatalf("the bundle as it was made: %+v", verdict.Problems)
	}
	if verdict := checked(t, forged(t, unpacked(t, whole)), head); len(verdict.Problems) > 0 {
		t.Fatalf("packed anew: %+v", verdict.Problems)
	}
	other, _ := proved(t, "Finance")
	for name, c := range mutations(unpacked(t, other)) {
		t.Run(name, func(t *testing.T) {
			documents := unpacked(t, whole)
			c.change(documents)
			var files []string
			for _, problem := range checked(t, forged(t, documents), head).Problems {
				files = append(files, problem.File)
			}
			if len(files) == 0 || c.file != "" && !slices.Contains(files, c.file) {
				t.Errorf("want a problem of %s, got them of %q", c.file, files)
			}
		})
	}
}

// What comes after the head that was given is not vouched for by it, and is said.
func TestBundle_TheHeadVouchesForWhatCameBeforeIt(t *testing.T) {
	whole, _ := proved(t, "")
	chain := unpacked(t, whole)[evidence.FileAudit].([]any)
	early := chain[2].(map[string]any)["hash"].(string)
	verdict := checked(t, whole, early)
	if !slices.ContainsFunc(verdict.Problems, func(p evidence.Problem) bool {
		return p.File == evidence.FileRun && strings.Contains(p.Detail, "after the head")
	}) || !slices.ContainsFunc(verdict.Notes, func(note string) bool { return strings.Contains(note, "the first 3 of") }) {
		t.Errorf("%+v, notes %q", verdict.Problems, verdict.Notes)
	}
}
