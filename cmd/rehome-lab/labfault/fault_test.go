package labfault_test

import (
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
)

func TestParseKnowsItsNamesAndNoOthers(t *testing.T) {
	for _, name := range labfault.Names() {
		if _, err := labfault.Parse(string(name), "/api"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, known := range map[string]bool{
		"": true, "forbidden-groups": true, "forbidden-": false, "429": false, "HTML-200": false,
	} {
		if _, err := labfault.Parse(name, ""); (err == nil) != known {
			t.Errorf("%q: error is %v, want known %v", name, err, known)
		}
	}
}
