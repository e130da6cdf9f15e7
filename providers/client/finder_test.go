package client_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/providers/client"
)

func binary(t *testing.T, dir, name string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("x"), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheFirstDirectoryWithABinaryWins(t *testing.T) {
	empty, first, second := t.TempDir(), t.TempDir(), t.TempDir()
	binary(t, empty, "rehome-provider-okta", 0o600) // cannot be run
	want := binary(t, first, "rehome-provider-okta", 0o700)
	binary(t, second, "rehome-provider-okta", 0o700)
	got, err := client.Finder{Dirs: []string{empty, first, second}}.Find("okta")
	if err != nil || got != want {
		t.Errorf("path is %q, %v", got, err)
	}
}

func TestAnOverrideWins(t *testing.T) {
	dir := t.TempDir()
	binary(t, dir, "rehome-provider-okta", 0o700)
	want := binary(t, dir, "mine", 0o700)
	got, err := client.Finder{Dirs: []string{dir}, Overrides: map[string]string{"okta": want}}.Find("okta")
	if err != nil || got != want {
		t.Errorf("path is %q, %v", got, err)
	}
	_, err = client.Finder{Dirs: []string{dir}, Overrides: map[string]string{"okta": want + "-gone"}}.Find("okta")
	wantCode(t, err, "plugin-missing")
}

func TestAMissingBinaryNamesWhereItWasSought(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"okta", "../okta", "", "Okta"} {
		_, err := client.Finder{Dirs: []string{dir}}.Find(name)
		if d := wantCode(t, err, "plugin-missing"); name == "okta" && !strings.Contains(d.Detail, dir) {
			t.Errorf("detail is %s", d.Detail)
		}
	}
}

func TestOverridesAreParsed(t *testing.T) {
	cases := []struct {
		text string
		want map[string]string
		bad  bool
	}{
		{text: "", want: map[string]string{}},
		{text: "okta=/a, keycloak=/b/c=d", want: map[string]string{"okta": "/a", "keycloak": "/b/c=d"}},
		{text: "okta", bad: true},
		{text: "okta=", bad: true},
		{text: "=/a", bad: true},
		{text: "okta=/a,okta=/b", bad: true},
	}
	for _, c := range cases {
		got, err := client.ParseOverrides(c.text)
		if (err != nil) != c.bad || !c.bad && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q gives %v, %v", c.text, got, err)
		}
	}
}
