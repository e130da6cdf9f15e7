package okta

import (
	"strings"
	"testing"
)

// What may decide about access, and is not read, is asked about by name.
func TestSchema_NamesWhatIsNotRead(t *testing.T) {
	names := map[string]bool{}
	for _, one := range unread() {
		names[one.Name] = true
		if !strings.Contains(one.Question, "?") {
			t.Errorf("%s asks nothing: %s", one.Name, one.Question)
		}
	}
	for _, want := range []string{"custom authorization servers", "sign-on policies of a classic org", "trusted origins",
		"provisioning connections", "brands and texts", "authenticators and enrolled factors", "user schema"} {
		if !names[want] {
			t.Errorf("nobody is asked about %s", want)
		}
	}
}
