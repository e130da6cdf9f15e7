// Package policy reads who a tenant asks for what at sign-in: conditional access policies, and the security defaults
// that stand in their place.
//
// In: the body of a policy. Out: what it is as an item, and what of it is not understood. It must not know how a body
// is fetched. The service adds members without notice; one that is set and was not read may be a demand.
package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/entra/internal/leftover"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

const statusReportOnly = "report_only"

// ConditionalAccess reads one policy: IF all conditions THEN grant controls and session controls. A member that was not
// understood makes the policy unknown, and is returned.
func ConditionalAccess(n reading.Node) (out kinds.AuthPolicy, gaps []string) {
	var r policyReader
	out = kinds.AuthPolicy{Name: n.At("displayName").Text(), Type: kinds.ConditionalAccess, Rules: 1}
	conditions := r.conditions(n.At("conditions"))
	controls := r.grant(n.At("grantControls"))
	sessions := r.session(n.At("sessionControls"))
	switch state := n.At("state").Text(); state {
	case "enabled":
		out.Status = identity.StatusActive
	case "disabled":
		out.Status = identity.StatusInactive
	case "enabledForReportingButNotEnforced":
		out.Status = statusReportOnly
	default:
		out.Status = identity.StatusActive // the safe side: it may be enforced
		r.strange("state " + state)
	}
	leftover.Settle(n, "id", "templateId", "createdDateTime", "modifiedDateTime", "deletedDateTime")
	controls = append(controls, r.rest(n, "")...)
	out.Summary = []string{summarize(conditions, append(controls, sessions...))}
	out.Unknown = r.unknown
	out.Known = len(r.gaps) == 0
	out.OwnOnly = out.Known && ownOnly(n.At("conditions"))
	out.PasswordSuffices = out.Known && passwordSuffices(n.At("grantControls"))
	out.Only, out.Spares = reach(n.At("conditions", "applications"))
	out.Restricts = out.Status == identity.StatusActive && (!out.Known || !r.moot(len(controls)+len(sessions)))
	return out, r.gaps
}

// SecurityDefaults reads the one switch that asks everybody for a second factor where a tenant has no policies of its
// own.
func SecurityDefaults(n reading.Node) kinds.AuthPolicy {
	out := kinds.AuthPolicy{Name: n.At("displayName").Text(), Type: kinds.SecurityDefaults, System: true, Rules: 1, Known: true,
		Status: identity.StatusInactive, Summary: []string{"if always then mfa, and no protocol that cannot ask for it"}}
	if out.Name == "" {
		out.Name = "Security defaults"
	}
	if n.At("isEnabled").Flag() {
		out.Status, out.Restricts = identity.StatusActive, true
	}
	leftover.Settle(n, "id", "description", "deletedDateTime")
	out.Unknown = leftover.Paths(n, "")
	return out
}

// What a policy is for where it names no applications.
const byAction, byContext = "includeUserActions", "includeAuthenticationContextClassReferences"

// officeSuffix ends the application ids of the vendor's own suite.
const officeSuffix = "-0000-0ff1-ce00-000000000000"

// ownOnly tells whether a policy reaches nothing that could move: the vendor's own suites and portals, or nobody at all.
// One that names an action of people, or a context that applications ask for, may reach more.
func ownOnly(conditions reading.Node) bool {
	applications, users := conditions.At("applications"), conditions.At("users")
	if users.At("includeUsers").Is("None") || slices.Equal(users.At("includeUsers").Texts(), []string{"None"}) {
		return true
	}
	included := applications.At("includeApplications").Texts()
	return len(included) > 0 && !applications.AnySet(byAction, byContext) &&
		!slices.ContainsFunc(included, func(name string) bool {
			return name != "Office365" && name != "MicrosoftAdminPortals" && name != "None" &&
				!strings.HasSuffix(name, officeSuffix)
		})
}

// passwordSuffices tells whether none of the controls asks for more than a password, or may ask for it.
func passwordSuffices(controls reading.Node) bool {
	asks := func(word string) bool { return word == "mfa" || word == "riskRemediation" }
	return !controls.AnySet("authenticationStrength", "customAuthenticationFactors") &&
		!slices.ContainsFunc(controls.At("builtInControls").Texts(), asks)
}

// reach lists the client ids that a policy names, nothing where it may be for more than these, and those that it
// leaves out. The vendor's words for its own products are no client ids, so they name nothing that moves.
func reach(applications reading.Node) (only, spares []string) {
	if included := applications.At("includeApplications").Texts(); !slices.Contains(included, "All") &&
		!applications.AnySet("applicationFilter", byAction, byContext) {
		only = inOrder(included)
	}
	return only, inOrder(applications.At("excludeApplications").Texts())
}

func inOrder(names []string) []string { return slices.Sorted(slices.Values(names)) }

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
	gaps     []string
	unknown  []string // members that are set and were not read
	clients  []string // client types
	controls []string // built-in controls
}

func (r *policyReader) strange(what string) { r.gaps = append(r.gaps, "unknown: "+what) }

// rest names the members of a part of which something was not read.
func (r *policyReader) rest(n reading.Node, where string) []string {
	var out []string
	for _, name := range n.Names() {
		value := n.At(name)
		if len(leftover.Paths(value, name)) == 0 {
			continue
		}
		r.unknown = append(r.unknown, where+name)
		r.strange(where + name)
		out = append(out, name+" "+short(value))
	}
	return out
}

func (r *policyReader) conditions(n reading.Node) []string {
	out := members(n.At("applications"), "applicationFilter", "excludeApplications", "includeApplications", byContext,
		byAction)
	out = append(out, r.rest(n.At("applications"), "conditions.applications.")...)
	out = append(out, members(n, "agentContext", "agentIdRiskLevels", "authenticationFlows", "clientApplications")...)
	if types := n.At("clientAppTypes"); types.IsSet() {
		r.clients = r.words("clientAppTypes", types, "all", "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync",
			"easSupported", "other")
		if !slices.Equal(r.clients, []string{"all"}) {
			out = append(out, "client types "+strings.Join(r.clients, ", "))
		}
	}
	out = append(out, members(n, "deviceStates", "devices", "insiderRiskLevels", "locations", "platforms",
		"servicePrincipalRiskLevels", "signInRiskLevels", "userRiskLevels")...)
	out = append(out, members(n.At("users"), "excludeGroups", "excludeGuestsOrExternalUsers", "excludeRoles",
		"excludeUsers", "includeGroups", "includeGuestsOrExternalUsers", "includeRoles", "includeUsers")...)
	out = append(out, r.rest(n.At("users"), "conditions.users.")...)
	return append(out, r.rest(n, "conditions.")...)
}

// members reads those that are set, each with all that is in it: a list of names by its length, when it is long.
func members(n reading.Node, names ...string) []string {
	var out []string
	for _, name := range names {
		value := n.At(name)
		if !value.IsSet() {
			continue
		}
		text := short(value)
		if value.IsList() {
			if list := value.Texts(); len(list) > 3 {
				text = fmt.Sprintf("%d entries", len(list))
			} else if len(list) > 0 {
				text = strings.Join(list, ", ")
			}
		}
		out = append(out, name+" "+text)
	}
	return out
}

func (r *policyReader) grant(n reading.Node) []string {
	var controls []string
	if built := n.At("builtInControls"); built.IsSet() {
		r.controls = r.words("builtInControls", built, "block", "mfa", "compliantDevice", "domainJoinedDevice",
			"approvedApplication", "compliantApplication", "passwordChange", "riskRemediation")
		controls = append(controls, r.controls...)
	}
	if strength := n.At("authenticationStrength"); strength.IsSet() {
		name := strength.At("displayName").Text()
		if name == "" {
			name = strength.At("id").Text()
		}
		strength.Settled()
		controls = append(controls, "authentication strength "+name)
	}
	if factors := n.At("customAuthenticationFactors"); factors.IsSet() {
		controls = append(controls, "custom factor "+strings.Join(factors.Texts(), ", "))
	}
	if terms := n.At("termsOfUse"); terms.IsSet() {
		terms.Settled()
		controls = append(controls, "terms of use")
	}
	joint := " or "
	if operator := n.At("operator"); operator.Text() == "AND" {
		joint = " and "
	} else if operator.Text() != "OR" && operator.Text() != "" {
		r.strange("grantControls.operator " + operator.Plain())
	}
	controls = append(controls, r.rest(n, "grantControls.")...)
	if len(controls) == 0 {
		return nil
	}
	return []string{strings.Join(controls, joint)}
}

func (r *policyReader) session(n reading.Node) []string {
	for _, name := range n.Names() {
		if control := n.At(name); isOff(control) {
			control.Settled()
		}
	}
	var out []string
	for _, name := range []string{"applicationEnforcedRestrictions", "cloudAppSecurity", "continuousAccessEvaluation",
		"disableResilienceDefaults", "persistentBrowser", "secureSignInSession", "signInFrequency"} {
		if control := n.At(name); control.IsSet() && !isOff(control) {
			out = append(out, name+" "+short(control))
		}
	}
	return append(out, r.rest(n, "sessionControls.")...)
}

// isOff tells whether a control says of itself that it is off.
func isOff(control reading.Node) bool {
	for _, name := range control.Names() {
		if name == "isEnabled" {
			return !control.At(name).IsNull() && !control.At(name).IsSet()
		}
	}
	return false
}

// words refuses a list with a word that is not known: its meaning may be a demand.
func (r *policyReader) words(name string, n reading.Node, known ...string) []string {
	list := n.Texts()
	for _, word := range list {
		if !slices.Contains(known, word) {
			r.strange(name + " " + word)
		}
	}
	return list
}

// moot tells whether nothing is lost without a policy that demands so much: a block of protocols that only Entra has,
// or controls that demand nothing.
func (r *policyReader) moot(demands int) bool {
	if demands == 0 {
		return true
	}
	if demands > 1 || !slices.Equal(r.controls, []string{"block"}) || len(r.clients) == 0 {
		return false
	}
	return !slices.ContainsFunc(r.clients, func(word string) bool { return word != "exchangeActiveSync" && word != "other" })
}

// longestCondition keeps a summary readable, in bytes; the whole policy is in the item's raw body.
const longestCondition = 160

func short(n reading.Node) string {
	text := n.Plain()
	if len(text) > longestCondition {
		return strings.ToValidUTF8(text[:longestCondition], "") + "…"
	}
	return text
}
