package current

import (
	"net/url"
	"testing"

	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

func TestRealm_GivesOutThePublicAddress(t *testing.T) {
	base := &url.URL{Scheme: "http", Host: "10.0.0.1:8080"}
	c := admin.New(admin.Settings{Base: base, RealmName: "a", Requests: 1})
	target := New(c, "https://login.example.test")
	for given, want := range map[string]string{
		"http://10.0.0.1:8080/realms/a/certs":      "https://login.example.test/realms/a/certs",
		"https://login.example.test/realms/a":      "https://login.example.test/realms/a",
		"http://10.0.0.1:80801/realms/a/elsewhere": "http://10.0.0.1:80801/realms/a/elsewhere",
	} {
		if got := target.Outside(given); got != want {
			t.Errorf("%s becomes %s, want %s", given, got, want)
		}
	}
}
