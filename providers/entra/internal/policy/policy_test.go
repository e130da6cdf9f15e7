package policy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

func parsed(t *testing.T, text string) reading.Node {
	t.Helper()
	node, err := reading.Parse(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	return node
}

func TestConditionalAccess_KnowsWhatReachesNothingThatMoves(t *testing.T) {
	for name, c := range map[string]struct {
		conditions string
		own        bool
	}{
		"the office suite":  {`{"applications":{"includeApplications":["Office365"]},"users":{"includeUsers":["All"]}}`, true},
		"nobody":            {`{"applications":{"includeApplications":["All"]},"users":{"includeUsers":["None"]}}`, true},
		"everything":        {`{"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"]}}`, false},
		"an action as well": {`{"applications":{"includeApplications":["Office365"],"includeUserActions":["x"]}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			out, gaps := ConditionalAccess(parsed(t, `{"id":"1","displayName":"P","state":"enabled","conditions":`+c.conditions+
				`,"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`))
			if out.OwnOnly != c.own || len(gaps) > 0 || !out.Known || out.Status != identity.StatusActive || !out.Restricts {
				t.Errorf("%+v, gaps %q", out, gaps)
			}
		})
	}
}

func TestConditionalAccess_AMemberThatIsNotKnownMayBeADemand(t *testing.T) {
	out, gaps := ConditionalAccess(parsed(t, `{"id":"1","state":"enabled","conditions":{"users":{"includeUsers":["All"]},
		"weather":"rain"},"grantControls":{"operator":"XOR","builtInControls":["mfa"]}}`))
	if out.Known || !out.Restricts || len(gaps) != 2 || strings.Join(out.Unknown, " ") != "conditions.weather" {
		t.Errorf("%+v, gaps %q", out, gaps)
	}
}

func TestSecurityDefaults_AreAPolicyWhereTheyAreOn(t *testing.T) {
	on := SecurityDefaults(parsed(t, `{"id":"1","isEnabled":true}`))
	off := SecurityDefaults(parsed(t, `{"id":"1","displayName":"D","isEnabled":false}`))
	if on.Status != identity.StatusActive || !on.Restricts || on.Name == "" || off.Status != identity.StatusInactive ||
		off.Restricts || off.Name != "D" || len(on.Unknown)+len(off.Unknown) > 0 {
		t.Errorf("on %+v, off %+v", on, off)
	}
}

// What a policy is for, and whether a password satisfies it, is known or taken for the worst.
func TestConditionalAccess_KnowsWhatItIsForAndWhetherAPasswordIsEnough(t *testing.T) {
	const own, other = "55f32264-bcb3-f27a-f4b3-8fc2d5bec4c5", "66f32264-bcb3-f27a-f4b3-8fc2d5bec4c5"
	for name, c := range map[string]struct {
		applications, controls string
		reaches, suffices      bool
	}{
		"all":           {`{"includeApplications":["All"]}`, `{"builtInControls":["mfa"]}`, true, false},
		"all but it":    {`{"includeApplications":["All"],"excludeApplications":["` + own + `"]}`, `{}`, false, true},
		"it alone":      {`{"includeApplications":["` + own + `"]}`, `{"builtInControls":["block"]}`, true, true},
		"another":       {`{"includeApplications":["` + other + `"]}`, `{"builtInControls":["compliantDevice"]}`, false, true},
		"no word of it": {`{}`, `{"authenticationStrength":{"id":"s"}}`, true, false},
		"by a filter": {`{"includeApplications":["` + other + `"],"applicationFilter":{"mode":"include","rule":"x"}}`,
			`{"customAuthenticationFactors":["f"]}`, true, false},
		"by an action":    {`{"includeUserActions":["urn:user:registerdevice"]}`, `{"builtInControls":["riskRemediation"]}`, true, false},
		"what is unknown": {`{"includeApplications":["All"]}`, `{"builtInControls":["somethingNew"]}`, true, false},
		"a way beside it": {`{"includeApplications":["All"]}`, `{"builtInControls":["compliantDevice","mfa"]}`, true, false},
	} {
		out, _ := ConditionalAccess(parsed(t, `{"id":"p","displayName":"P","state":"enabled","conditions":{"applications":`+
			c.applications+`},"grantControls":`+c.controls+`}`))
		if out.Reaches(own) != c.reaches || out.PasswordSuffices != c.suffices {
			t.Errorf("%s: reaches it %t, a password suffices %t", name, out.Reaches(own), out.PasswordSuffices)
		}
	}
}
