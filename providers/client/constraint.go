package client

import (
	goversion "github.com/hashicorp/go-version"

	"github.com/rehome-iam/rehome/engine/diag"
)

// Satisfies checks a plugin's version against the constraint of required_providers; none is met by all.
func Satisfies(name, version, constraint string) error {
	if constraint == "" {
		return nil
	}
	wanted, err := goversion.NewConstraint(constraint)
	if err != nil {
		return diag.Errorf("version-constraint-invalid", "Version constraint is invalid",
			"The version %q of provider %q is no constraint such as \">= 0.1.0\".", constraint, name)
	}
	got, err := goversion.NewVersion(version)
	if err != nil {
		return diag.Errorf("plugin-version-mismatch", "Provider has no version",
			"The plugin of provider %q says its version is %q.", name, version)
	}
	if !wanted.Check(got) {
		return diag.Errorf("plugin-version-mismatch", "Provider version does not fit",
			"The plugin of provider %q has version %s, the configuration wants %s.\n"+
				"Install a version that fits and run rehome init -upgrade.", name, version, constraint)
	}
	return nil
}
