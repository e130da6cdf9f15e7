package entra

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

// The security defaults ask everybody for a second factor, and a tenant without policies has nothing else that does.
func TestCollect_ReadsTheSecurityDefaults(t *testing.T) {
	for name, c := range map[string]struct {
		enabled, status string
		restricts       bool
	}{
		"on": {"true", identity.StatusActive, true}, "off": {"false", identity.StatusInactive, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeTenant(t)
			f.answer(securityDefaults, body(`{"@odata.context":"x","id":"0005","displayName":"Security Defaults",
				"description":"text","isEnabled":`+c.enabled+`,"surprise":1}`))
			source, _ := configured(t, f, nil)
			sink, err := collect(t, source)
			if err != nil {
				t.Fatal(err)
			}
			policy := attributes[kinds.AuthPolicy](t, sink, "auth_policy/0005")
			if policy.Status != c.status || policy.Restricts != c.restricts || !policy.Known || policy.Type != "security_defaults" ||
				!strings.Contains(policy.Summary[0], "then mfa") || strings.Join(policy.Unknown, " ") != "surprise" {
				t.Errorf("the item is %+v", policy)
			}
		})
	}
}

func TestCollect_SecurityDefaultsThatMayNotBeReadAreAGap(t *testing.T) {
	for answer, cause := range map[int]identity.GapCause{403: identity.GapForbidden, 404: identity.GapNotOffered} {
		f := newFakeTenant(t)
		f.answer(securityDefaults, status(answer, `{"error":{"code":"Authorization_RequestDenied","message":"no"}}`))
		source, _ := configured(t, f, nil)
		sink, err := collect(t, source)
		if err != nil {
			t.Fatal(err)
		}
		if len(sink.gaps) != 1 || sink.gaps[0].Cause != cause || sink.gaps[0].Kind != identity.KindAuthPolicy ||
			(sink.gaps[0].Permission != "") != (cause == identity.GapForbidden) {
			t.Errorf("%d: the gaps are %+v", answer, sink.gaps)
		}
	}
}

// What may decide about access, and is not read, is asked about by name.
func TestSchema_NamesWhatIsNotRead(t *testing.T) {
	names := map[string]bool{}
	for _, one := range unread() {
		names[one.Name] = true
		if !strings.Contains(one.Question, "?") {
			t.Errorf("%s asks nothing: %s", one.Name, one.Question)
		}
	}
	for _, want := range []string{"claims mapping policies", "claims of federation services", "provisioning jobs",
		"social and external-domain identity providers", "company branding", "authentication methods",
		"directory extensions and custom security attributes", "cross-tenant access settings"} {
		if !names[want] {
			t.Errorf("nobody is asked about %s", want)
		}
	}
}
