package surveying_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/project/projecttest"
	"github.com/rehome-iam/rehome/engine/surveying"
	"github.com/rehome-iam/rehome/engine/targetfile"
	"github.com/rehome-iam/rehome/state"
)

const realm = `{"realm":"acme","enabled":true,"groups":[{"name":"Crew","path":"/Crew"}],"users":[
	{"username":"ada.planted"}]}`

// loaded is a project whose configuration was read.
func loaded(t *testing.T, place *projecttest.Place) *project.Project {
	t.Helper()
	p := place.Open()
	if _, err := p.Configuration(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTake_WritesWhatTheTargetHoldsForTheKeyOfTheState(t *testing.T) {
	place := projecttest.New(t, "acme")
	if err := os.WriteFile(place.Realm, []byte(realm), 0o600); err != nil {
		t.Fatal(err)
	}
	p := place.Open()
	taken, err := surveying.Take(t.Context(), p, surveying.Input{Out: "target.age"})
	if err != nil {
		t.Fatal(err)
	}
	if taken.Target != "realmfile.portal" || taken.TakenAt != "2026-11-22T08:00:00Z" || len(taken.Resources) == 0 {
		t.Errorf("%+v", taken)
	}
	info, err := os.Stat(filepath.Join(place.Folder, "target.age"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	sealed := place.Read("target.age")
	if strings.Contains(sealed, "Crew") || !strings.HasPrefix(sealed, "age-encryption.org") {
		t.Error("the file can be read by anybody")
	}
	if place.Read("realm.json") != "" && strings.Contains(place.Read("realm.json"), "rehome") {
		t.Error("the target was written to")
	}
	opened, err := surveying.Open(loaded(t, place), "target.age")
	if err != nil {
		t.Fatal(err)
	}
	taken.FormatVersion = targetfile.FormatVersion // which the file gets as it is written
	if diff := cmp.Diff(*taken, opened); diff != "" {
		t.Error(diff)
	}
	chain, err := p.Store().Audit()
	if err != nil || chain[len(chain)-1].Event.Target != "realmfile.portal" {
		t.Errorf("%v %v", chain, err)
	}
	if _, err := surveying.Take(t.Context(), place.Open(), surveying.Input{Out: "no/such/folder.age"}); err == nil {
		t.Error("it says that it wrote where there is no folder")
	}
}

func TestTake_IsForThoseWhoAreNamedAndForNobodyElse(t *testing.T) {
	place := projecttest.New(t, "acme")
	if err := os.WriteFile(place.Realm, []byte(realm), 0o600); err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	in := surveying.Input{Out: "target.age", Recipients: []string{other.Recipient().String()}}
	if _, err := surveying.Take(t.Context(), place.Open(), in); err != nil {
		t.Fatal(err)
	}
	if _, err := surveying.Open(loaded(t, place), "target.age"); !unusable(err, "the key of this state does not open it") {
		t.Error(err)
	}
	file, err := age.Decrypt(strings.NewReader(place.Read("target.age")), other)
	if err != nil {
		t.Fatal(err)
	}
	if snapshot, err := targetfile.Read(file); err != nil || snapshot.Target != "realmfile.portal" {
		t.Errorf("%+v %v", snapshot, err)
	}
	for _, text := range []string{"", "age1", "AGE-SECRET-KEY-1PLANTED", "ssh-ed25519 AAAA"} {
		_, err := surveying.Recipients(place.Open(), []string{other.Recipient().String(), text})
		if err == nil || !strings.Contains(err.Error(), "not an age public key") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func unusable(err error, says string) bool {
	var d diag.Diagnostic
	return errors.As(err, &d) && d.Code == "target-snapshot-unusable" && strings.Contains(d.Detail, says)
}

func TestOpen_BelievesNoFileThatIsNotOfThisTargetAndTime(t *testing.T) {
	place := projecttest.New(t, "acme")
	identities, err := place.Open().Identities()
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := age.ParseX25519Recipient(state.RecipientOf(identities))
	if err != nil {
		t.Fatal(err)
	}
	write := func(target, at string) []byte {
		t.Helper()
		path := filepath.Join(place.Folder, "made.age")
		snapshot := targetfile.Snapshot{Resources: []identity.Resource{{Type: "group", Key: "/a"}}}
		snapshot.Target, snapshot.TakenAt, snapshot.Identity.Identity = target, at, "realm acme"
		if err := surveying.Write(path, snapshot, []age.Recipient{recipient}); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	good := write("realmfile.portal", place.At.Format(time.RFC3339))
	for name, c := range map[string]struct {
		content []byte
		says    string // empty: it opens
	}{
		"of now":                   {good, ""},
		"of a clock that is ahead": {write("realmfile.portal", place.At.Add(4*time.Minute).Format(time.RFC3339)), ""},
		"of the future": {write("realmfile.portal", place.At.Add(time.Hour).Format(time.RFC3339)),
			"in the future"},
		"of no time": {write("realmfile.portal", "yesterday"), "or of when"},
		"of another target": {write("keycloak.portal", place.At.Format(time.RFC3339)),
			"it is of target keycloak.portal"},
		"of a hostile name":          {write("\x1b[31mred\u202e", place.At.Format(time.RFC3339)), "it is of target"},
		"cut":                        {good[:len(good)-20], ""},
		"empty":                      {nil, "the key of this state does not open it"},
		"not encrypted":              {[]byte(`{"head":{}}`), "the key of this state does not open it"},
		"one byte is another":        {append(bytes.Clone(good[:len(good)-1]), good[len(good)-1]^1), ""},
		"more stands behind its end": {append(bytes.Clone(good), "more"...), ""},
	} {
		place.Write("target.age", string(c.content))
		_, err := surveying.Open(loaded(t, place), "target.age")
		opens := name == "of now" || name == "of a clock that is ahead"
		if opens != (err == nil) || !opens && !unusable(err, c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x1b\u202e") {
			t.Errorf("%s: the message moves the terminal: %q", name, err.Error())
		}
	}
	if _, err := surveying.Open(loaded(t, place), "gone.age"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
