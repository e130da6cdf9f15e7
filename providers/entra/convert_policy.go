package entra

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

const statusReportOnly = "report_only"

// policyBody keeps the parts of a policy as raw objects: the service adds keys without notice, and a key that is not
// known and is set must not get lost.
type policyBody struct {
	ID         string                     `json:"id"`
	Name       string                     `json:"displayName"`
	State      string                     `json:"state"`
	Conditions map[string]json.RawMessage `json:"conditions"`
	Grant      map[string]json.RawMessage `json:"grantControls"`
	Session    map[string]json.RawMessage `json:"sessionControls"`
}

// convertPolicy reads one conditional access policy: IF all conditions THEN grant controls and session controls.
func convertPolicy(raw json.RawMessage, page int) (identity.Item, error) {
	body, err := decode[policyBody](raw)
	if err != nil {
		return identity.Item{}, err
	}
	reader := policyReader{known: true}
	conditions := reader.conditions(body.Conditions)
	controls := reader.grant(body.Grant)
	sessions := reader.session(body.Session)
	out := kinds.AuthPolicy{
		Name: body.Name, Type: "conditional_access", Rules: 1,
		Summary: []string{summarize(conditions, append(controls, sessions...))},
	}
	switch body.State {
	case "enabled":
		out.Status = identity.StatusActive
	case "disabled":
		out.Status = identity.StatusInactive
	case "enabledForReportingButNotEnforced":
		out.Status = statusReportOnly
	default:
		out.Status = identity.StatusActive // the safe side: it may be enforced
		reader.strange("state " + body.State)
	}
	out.Known = reader.known
	out.Restricts = out.Status == identity.StatusActive && (!out.Known || !reader.moot(body))
	item, err := itemOf(identity.KindAuthPolicy, body.ID, body.Name, out, original{raw, page})
	if err == nil {
		item.Gaps = reader.gaps
	}
	return item, err
}

func summarize(conditions, controls []string) string {
	if len(conditions) == 0 {
		conditions = []string{"always"}
	}
	if len(controls) == 0 {
		controls = []string{"nothing is demanded"}
	}
	return "if " + strings.Join(conditions, "; ") + " then " + strings.Join(controls, "; ")
}

// policyReader notes what it does not understand.
type policyReader struct {
	known bool
	gaps  []string
}

func (r *policyReader) strange(what string) {
	r.known = false
	r.gaps = append(r.gaps, "unknown: "+what)
}

// set tells whether a member says anything: null, false, empty text, and empty lists and objects do not.
func set(raw json.RawMessage) bool {
	switch text := string(bytes.TrimSpace(raw)); text {
	case "", "null", "[]", "{}", `""`, "false":
		return false
	}
	return true
}

// each walks the members that are set in order of their names, without annotations.
func each(object map[string]json.RawMessage, do func(name string, value json.RawMessage)) {
	var names []string
	for name, value := range object {
		if set(value) && !strings.ContainsAny(name, "@#") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		do(name, object[name])
	}
}

func (r *policyReader) conditions(object map[string]json.RawMessage) []string {
	var out []string
	each(object, func(name string, value json.RawMessage) {
		switch name {
		case "users", "applications":
			out = append(out, r.inner(name, value, policyKeys(name))...)
		case "clientAppTypes":
			r.words(name, value, "all", "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other")
			if list := texts(value); !slices.Equal(list, []string{"all"}) {
				out = append(out, "client types "+strings.Join(list, ", "))
			}
		case "locations", "platforms", "devices", "deviceStates", "signInRiskLevels", "userRiskLevels", "insiderRiskLevels",
			"servicePrincipalRiskLevels", "agentIdRiskLevels", "agentContext", "clientApplications", "authenticationFlows":
			out = append(out, name+" "+compact(value))
		default:
			r.strange("conditions." + name)
			out = append(out, name+" "+compact(value))
		}
	})
	return out
}

func policyKeys(name string) []string {
	if name == "users" {
		return []string{"includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles",
			"includeGuestsOrExternalUsers", "excludeGuestsOrExternalUsers"}
	}
	return []string{"includeApplications", "excludeApplications", "includeUserActions", "includeAuthenticationContextClassReferences",
		"applicationFilter"}
}

func (r *policyReader) inner(where string, raw json.RawMessage, known []string) []string {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		r.strange("conditions." + where)
		return nil
	}
	var out []string
	each(object, func(name string, value json.RawMessage) {
		if !slices.Contains(known, name) {
			r.strange("conditions." + where + "." + name)
		}
		list := texts(value)
		switch {
		case len(list) == 0:
			out = append(out, name+" "+compact(value))
		case len(list) <= 3:
			out = append(out, name+" "+strings.Join(list, ", "))
		default:
			out = append(out, fmt.Sprintf("%s %d entries", name, len(list)))
		}
	})
	return out
}

func (r *policyReader) grant(object map[string]json.RawMessage) []string {
	var controls []string
	operator := "OR"
	each(object, func(name string, value json.RawMessage) {
		switch name {
		case "operator":
			operator = text(value)
			if operator != "OR" && operator != "AND" {
				r.strange("grantControls.operator " + operator)
			}
		case "builtInControls":
			r.words(name, value, "block", "mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication",
				"compliantApplication", "passwordChange", "riskRemediation")
			controls = append(controls, texts(value)...)
		case "authenticationStrength":
			controls = append(controls, "authentication strength "+strengthName(value))
		case "termsOfUse":
			controls = append(controls, "terms of use")
		case "customAuthenticationFactors":
			controls = append(controls, "custom factor "+strings.Join(texts(value), ", "))
		default:
			r.strange("grantControls." + name)
			controls = append(controls, name)
		}
	})
	if len(controls) == 0 {
		return nil
	}
	joint := " or "
	if operator == "AND" {
		joint = " and "
	}
	return []string{strings.Join(controls, joint)}
}

func (r *policyReader) session(object map[string]json.RawMessage) []string {
	var out []string
	each(object, func(name string, value json.RawMessage) {
		var control struct {
			Enabled *bool `json:"isEnabled"`
		}
		if json.Unmarshal(value, &control) == nil && control.Enabled != nil && !*control.Enabled {
			return
		}
		switch name {
		case "signInFrequency", "persistentBrowser", "applicationEnforcedRestrictions", "cloudAppSecurity",
			"continuousAccessEvaluation", "disableResilienceDefaults", "secureSignInSession":
		default:
			r.strange("sessionControls." + name)
		}
		out = append(out, name+" "+compact(value))
	})
	return out
}

// words refuses a list with a word that is not known: its meaning may be a demand.
func (r *policyReader) words(name string, raw json.RawMessage, known ...string) {
	list := texts(raw)
	if len(list) == 0 {
		r.strange(name)
	}
	for _, word := range list {
		if !slices.Contains(known, word) {
			r.strange(name + " " + word)
		}
	}
}

// moot tells whether nothing is lost without the policy: a block of protocols that only Entra has, or controls that
// demand nothing.
func (r *policyReader) moot(body policyBody) bool {
	controls := texts(body.Grant["builtInControls"])
	demands := len(r.grant(body.Grant)) + len(r.session(body.Session))
	if demands == 0 {
		return true
	}
	if !slices.Equal(controls, []string{"block"}) || demands > 1 {
		return false
	}
	clients := texts(body.Conditions["clientAppTypes"])
	if len(clients) == 0 {
		return false
	}
	return !slices.ContainsFunc(clients, func(word string) bool { return word != "exchangeActiveSync" && word != "other" })
}

func strengthName(raw json.RawMessage) string {
	var strength struct {
		ID   string `json:"id"`
		Name string `json:"displayName"`
	}
	if json.Unmarshal(raw, &strength) == nil && strength.Name != "" {
		return strength.Name
	}
	return strength.ID
}

// texts reads a list of texts; anything else gives nothing.
func texts(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

func text(raw json.RawMessage) string {
	var one string
	if json.Unmarshal(raw, &one) != nil {
		return compact(raw)
	}
	return one
}

// longestCondition keeps a summary readable, in bytes; the whole policy is in the item's raw body.
const longestCondition = 160

func compact(raw json.RawMessage) string {
	var out bytes.Buffer
	if json.Compact(&out, raw) != nil {
		return ""
	}
	if out.Len() > longestCondition {
		return strings.ToValidUTF8(out.String()[:longestCondition], "") + "…"
	}
	return out.String()
}
