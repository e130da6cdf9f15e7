package standing_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/lifecycle"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/reading"
	"github.com/rehome-iam/rehome/engine/standing"
)

func collected(t *testing.T, w *projecttest.Place) *project.Project {
	t.Helper()
	p := w.Open()
	if _, err := p.StateForChange(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := reading.Collect(t.Context(), p, p.Config().SourceBlocks()[0]); err != nil {
		t.Fatal(err)
	}
	return p
}

func crew(t *testing.T) identity.Item {
	return projecttest.Item(t, identity.KindGroup, "1", "Crew", kinds.Group{Name: "Crew"})
}

func TestSources_AreThereBeforeAnythingWasRead(t *testing.T) {
	got, err := standing.Sources(t.Context(), projecttest.New(t, "acme").Open())
	want := []standing.Source{{Source: "fake.corp", Status: lifecycle.SourceConfigured}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v\n%s", err, diff)
	}
}

func TestSources_SayWhatWasReadOfThem(t *testing.T) {
	w := projecttest.New(t, "acme", crew(t))
	got, err := standing.Sources(t.Context(), collected(t, w))
	if err != nil || len(got) != 1 || got[0].Items != 1 || got[0].LastInventory == nil || !got[0].LastInventory.Equal(w.At) {
		t.Errorf("error %v, sources %+v", err, got)
	}
}

func TestConnectionOf_ShowsNoSecretWhereverItIsMadeOf(t *testing.T) {
	w := projecttest.New(t, "acme", crew(t))
	w.Write("main.rehome.hcl", strings.Replace(w.Read("main.rehome.hcl"), `source "fake" "corp" {}`, `
variable "key" {
  type      = string
  sensitive = true
  default   = "planted-key"
}
source "fake" "corp" {
  address = "https://corp.example"
  label   = "with ${var.key}"
  token   = "planted-token"
}`, 1))
	p := collected(t, w)
	for _, name := range []string{"fake.corp", "corp"} {
		got, err := standing.ConnectionOf(t.Context(), p, name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]any{"address": "https://corp.example"}, got.Arguments); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"label", "token"}, got.Withheld); diff != "" {
			t.Error(diff)
		}
		if got.Provider != "fake" || !strings.HasSuffix(got.File, "main.rehome.hcl") || got.Line == 0 ||
			len(got.Snapshots) != 1 {
			t.Errorf("%+v", got)
		}
		encoded, err := json.Marshal(got)
		if err != nil || strings.Contains(string(encoded), "planted") {
			t.Errorf("error %v, a secret is in %s", err, encoded)
		}
	}
}

func TestConnectionOf_KeepsWhatTheConfigurationHasNoMore(t *testing.T) {
	w := projecttest.New(t, "acme", crew(t))
	collected(t, w)
	w.Write("main.rehome.hcl", strings.Replace(w.Read("main.rehome.hcl"), `source "fake" "corp" {}`,
		`source "fake" "new" {}`, 1))
	p := w.Open()
	if _, err := p.StateForChange(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := standing.ConnectionOf(t.Context(), p, "fake.corp")
	if err != nil || got.Status != lifecycle.SourceArchived || got.File != "" || len(got.Arguments) != 0 || got.Items != 1 {
		t.Errorf("error %v, %+v", err, got)
	}
}

func TestConnectionOf_RefusesANameThatIsNoneOrTwo(t *testing.T) {
	w := projecttest.New(t, "acme")
	collected(t, w)
	w.Settings.Local["other"] = w.Settings.Local["fake"]
	w.Write("main.rehome.hcl", strings.Replace(w.Read("main.rehome.hcl"), `"fake" "corp"`, `"other" "corp"`, 1))
	p := w.Open()
	if _, err := p.StateForChange(t.Context()); err != nil { // fake.corp is archived, other.corp took its place
		t.Fatal(err)
	}
	for name, want := range map[string]string{"corp": "more than one", "cor": "none", "": "none"} {
		_, err := standing.ConnectionOf(t.Context(), p, name)
		var d diag.Diagnostic
		if !errors.As(err, &d) || d.Code != "source-unknown" || !strings.Contains(d.Detail, want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if got, err := standing.ConnectionOf(t.Context(), p, "fake.corp"); err != nil || got.Provider != "fake" {
		t.Errorf("error %v, %+v", err, got)
	}
}
