package client_test

import (
	"errors"
	"testing"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/providers/client"
)

func TestAVersionMeetsItsConstraintOrSaysWhyNot(t *testing.T) {
	for _, c := range []struct{ version, constraint, code string }{
		{"1.2.3", "", ""}, {"1.2.3", ">= 1.0, < 2", ""}, {"2.0.0", ">= 1.0, < 2", "plugin-version-mismatch"},
		{"newest", ">= 1.0", "plugin-version-mismatch"}, {"1.0.0", "about one", "version-constraint-invalid"},
	} {
		err := client.Satisfies("okta", c.version, c.constraint)
		var d diag.Diagnostic
		if c.code == "" && err != nil || c.code != "" && (!errors.As(err, &d) || d.Code != c.code) {
			t.Errorf("%s against %q: %v, want %q", c.version, c.constraint, err, c.code)
		}
	}
}
