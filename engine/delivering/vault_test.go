package delivering

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/rehome-iam/rehome/engine/identity"
)

func read(t *testing.T, path string, open func([]byte) []byte) []OneTimeSecret {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var secrets []OneTimeSecret
	if err := json.Unmarshal(open(content), &secrets); err != nil {
		t.Fatalf("%v: %s", err, content)
	}
	return secrets
}

func plain(b []byte) []byte { return b }

func TestVault_KeepsEverySecretInAFileForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets.json")
	v, err := openOutlet(path, nil, nil, false)
	if err != nil || !v.ready() {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file is there before there is a secret")
	}
	for _, key := range []string{"a", "b"} {
		if err := v.Deliver(identity.ResourceID{Type: "client", Key: key}, "secret", "of "+key); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path, plain); got[len(got)-1] != (OneTimeSecret{"client:" + key, "secret", "of " + key}) {
			t.Errorf("%+v", got)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if _, err := openOutlet(path, nil, nil, false); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("an earlier file: %v", err)
	}
	again, err := openOutlet(path, nil, nil, true)
	if err != nil || filepath.Base(again.path) != "secrets.part2.json" {
		t.Errorf("%v %+v", err, again)
	}
}

func TestVault_EncryptsForItsRecipients(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "secrets.age")
	v, err := openOutlet(path, []string{key.Recipient().String()}, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Deliver(identity.ResourceID{Type: "client", Key: "a"}, "secret", "hidden"); err != nil {
		t.Fatal(err)
	}
	got := read(t, path, func(sealed []byte) []byte {
		if bytes.Contains(sealed, []byte("hidden")) {
			t.Error("the secret is readable")
		}
		opened, err := age.Decrypt(armor.NewReader(bytes.NewReader(sealed)), key)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(opened); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	})
	if len(got) != 1 || got[0].Value != "hidden" {
		t.Errorf("%+v", got)
	}
	for _, recipients := range [][]string{{"not a key"}, {key.Recipient().String()}} {
		if _, err := openOutlet("", recipients, nil, false); err == nil {
			t.Errorf("%v without a file is let through", recipients)
		}
	}
}

func TestVault_ShowsASecretOnlyWhereItMay(t *testing.T) {
	var out bytes.Buffer
	for _, v := range []*outlet{{terminal: &out}, {}} {
		err := v.Deliver(identity.ResourceID{Type: "client", Key: "a"}, "secret", "x")
		if (err == nil) != v.ready() {
			t.Errorf("%v", err)
		}
	}
	if out.String() != "client:a secret: x\n" {
		t.Errorf("%q", out.String())
	}
}

func TestVaults_GiveEachSecretToItsOwner(t *testing.T) {
	folder := t.TempDir()
	id := func(key string) identity.ResourceID { return identity.ResourceID{Type: "client", Key: key} }
	v := &Vault{
		out: folder, rest: &outlet{path: filepath.Join(folder, "rest")},
		owners: map[string]*outlet{"pay": {path: filepath.Join(folder, "pay")}},
		owner:  map[identity.ResourceID]string{id("a"): "pay"},
	}
	for _, key := range []string{"a", "b"} {
		if err := v.Deliver(id(key), "secret", "of "+key); err != nil {
			t.Fatal(err)
		}
	}
	for file, want := range map[string]string{"pay": "of a", "rest": "of b"} {
		if got := read(t, filepath.Join(folder, file), plain); len(got) != 1 || got[0].Value != want {
			t.Errorf("%s: %+v", file, got)
		}
	}
	if got := v.Delivered(); len(got) != 2 || got[0].Path != filepath.Join(folder, "rest") || got[1].Secrets != 1 {
		t.Errorf("%+v", got)
	}
	v.rest.path = filepath.Join(folder, "no", "such", "folder")
	err := v.Deliver(id("it's"), "secret", "x")
	if err == nil || !strings.Contains(err.Error(), `rotate-client 'it'\''s' -secrets-out`) {
		t.Errorf("%v", err)
	}
}
