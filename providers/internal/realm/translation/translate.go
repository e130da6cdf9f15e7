package translation

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// Translate says what a realm makes of one item, as things are now: a certificate that has expired is worth nothing.
func Translate(item identity.Item) contract.Translation { return TranslateAt(item, time.Now()) }

// TranslateAt says what a realm makes of one item at a time. It is pure.
func TranslateAt(item identity.Item, now time.Time) contract.Translation {
	return withTells(realm.WithinLimits(translated(item, now)))
}

func translated(item identity.Item, now time.Time) contract.Translation {
	if item.Deleted {
		return invisible("the source listed it and had it no more when it was read")
	}
	translators := map[identity.Kind]translator{
		identity.KindApplication: at(now, translateApplication), identity.KindServicePrincipal: translateServicePrincipal,
		identity.KindIdentityProvider: at(now, translateProvider), identity.KindRoutingRule: translateRoutingRule,
		identity.KindDomain: translateDomain, identity.KindGroup: translateGroup,
		identity.KindAppAssignment: translateAssignment,
		identity.KindAuthPolicy:    translateAuthPolicy, identity.KindSessionPolicy: translateSessionPolicy,
		identity.KindRole: translateRole, identity.KindRoleAssignment: translateRoleAssignment,
		identity.KindUser: translateUser,
	}
	translate, known := translators[item.Kind]
	if !known {
		return translateOther(item.Kind)
	}
	translation, err := translate(item)
	if err != nil {
		return only("", fidelity.Finding{Type: fidelity.Missing, Field: "attributes", Summary: err.Error(),
			Action: "Run collect again with a source plugin of this version."})
	}
	translation.Findings = append(translation.Findings, leftBehind(item, translation.Findings)...)
	return translation
}

// translator says what a realm makes of one item of a kind.
type translator = func(identity.Item) (contract.Translation, error)

// at gives a translator the time.
func at(now time.Time, translate func(identity.Item, time.Time) (contract.Translation, error)) translator {
	return func(item identity.Item) (contract.Translation, error) { return translate(item, now) }
}

// leftBehind names each setting of the source that nothing carries, whatever the kind and whatever becomes of the
// item, unless it moves nothing anyway.
func leftBehind(item identity.Item, found []fidelity.Finding) []fidelity.Finding {
	if isInvisible(found) {
		return nil
	}
	var settings struct {
		Unknown []string `json:"unknown"`
	}
	if item.Decode(&settings) != nil {
		return nil // told by the translator of the kind
	}
	var findings []fidelity.Finding
	for _, path := range settings.Unknown {
		findings = append(findings, lost("unknown", "set at the source and not carried: "+path))
	}
	return findings
}

func translateOther(kind identity.Kind) contract.Translation {
	switch kind {
	case identity.KindMembership:
		return invisible("people are moved in a later step")
	case identity.KindAccessKey, identity.KindSCIMToken:
		return only("", rebuild("value", "the value of a key cannot be read",
			"Make a client with a service account in the realm and hand its secret out."))
	case identity.KindSCIMConnection:
		return only("", rebuild("provisioning", "Keycloak does not provision into applications",
			"Set up provisioning from another place before cut-over; until then leavers stay active in the application."))
	}
	return invisible(fmt.Sprintf("a realm has no counterpart of the kind %s", kind))
}

// withImpact makes an impact of a finding of any type, without changing what the finding means for the item.
func withImpact(f fidelity.Finding, audience fidelity.Audience, severity fidelity.Severity,
	code string) fidelity.Finding {
	f.Audience, f.Severity, f.ImpactCode = audience, severity, code
	return f
}

func only(held string, findings ...fidelity.Finding) contract.Translation {
	return contract.Translation{Contract: held, Findings: findings}
}

func invisible(summary string) contract.Translation {
	return only("", fidelity.Finding{Type: fidelity.Invisible, Field: "", Summary: summary})
}

func rebuild(field, summary, action string) fidelity.Finding {
	return fidelity.Finding{Type: fidelity.Rebuild, Field: field, Summary: summary, Action: action}
}

// toDo is the question of a source as a sentence, which is how a to-do reads.
func toDo(question string) string { return phrase.Sentence(errors.New(question)) }

func missing(field, summary, action string) fidelity.Finding {
	return fidelity.Finding{Type: fidelity.Missing, Field: field, Summary: summary, Action: action}
}

func invalid(field, summary, action string) fidelity.Finding {
	return fidelity.Finding{Type: fidelity.Invalid, Field: field, Summary: summary, Action: action}
}

func lost(field, summary string) fidelity.Finding {
	return fidelity.Finding{Type: fidelity.Lost, Field: field, Summary: summary}
}

// impact is an approximation that somebody feels.
func impact(field, summary string, direction fidelity.Direction, audience fidelity.Audience, severity fidelity.Severity,
	code string) fidelity.Finding {
	return fidelity.Finding{Type: fidelity.Approximation, Field: field, Summary: summary, Direction: direction,
		Audience: audience, Severity: severity, ImpactCode: code}
}

// isInvisible tells whether nothing of the item is meant to move.
func isInvisible(findings []fidelity.Finding) bool {
	return slices.ContainsFunc(findings, func(f fidelity.Finding) bool { return f.Type == fidelity.Invisible })
}

// stops tells whether a finding leaves nothing to create.
func stops(findings []fidelity.Finding) bool {
	for _, f := range findings {
		switch f.Type {
		case fidelity.Missing, fidelity.Invalid, fidelity.Rebuild, fidelity.Blocked,
			fidelity.Invisible:
			return true
		}
	}
	return false
}

// longestSlug keeps an alias short enough for an address that people type.
const longestSlug = 60

// Slug makes an alias of a name: small letters, digits and dashes; a digest when nothing of the name is left.
func Slug(name string) string {
	var slug strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			slug.WriteRune(r)
		case slug.Len() > 0 && !strings.HasSuffix(slug.String(), "-"):
			slug.WriteByte('-')
		}
	}
	text := strings.Trim(slug.String(), "-")
	if len(text) > longestSlug {
		text = strings.Trim(text[:longestSlug], "-")
	}
	if text == "" {
		digest := sha256.Sum256([]byte(name))
		return "provider-" + hex.EncodeToString(digest[:])
	}
	return text
}

// str reads a text out of attributes.
func str(a identity.Attributes, name string) string {
	text, _ := a[name].(string)
	return text
}

func translateServicePrincipal(item identity.Item) (contract.Translation, error) {
	var sp kinds.ServicePrincipal
	if err := item.Decode(&sp); err != nil {
		return contract.Translation{}, err
	}
	switch {
	case sp.OwnTenant && sp.JoinedApplication != "":
		return invisible("carried by its application"), nil
	case sp.Vendor || sp.Type == "SocialIdp":
		return invisible("an application of the incumbent's vendor stays there"), nil
	case sp.Type == "ManagedIdentity":
		return invisible("a managed identity lives and ends with its cloud"), nil
	case sp.Status == identity.StatusInactive:
		return invisible("inactive at the source"), nil
	}
	action := toDo(sp.Undecided)
	if sp.Undecided == "" {
		action = "Ask its vendor for sign-in with an identity provider of your own, and make a client for it by hand; or " +
			"leave it where it is with a skip block."
	}
	return only("", rebuild("app_id", "client type, secret and claims belong to another tenant", action)), nil
}

func translateGroup(item identity.Item) (contract.Translation, error) {
	var g kinds.Group
	if err := item.Decode(&g); err != nil {
		return contract.Translation{}, err
	}
	switch {
	case g.Everyone:
		return contract.Translation{Contract: "group", Resources: []identity.Resource{everyoneGroup(item.Source)},
			Findings: []fidelity.Finding{everyoneFinding("everyone", item.Source)}}, nil
	case g.Origin == "builtin":
		return invisible("built into the incumbent"), nil
	case g.Type == "distribution":
		return invisible("a mail list gives no access"), nil
	case g.Name == "":
		return only("", missing("name", "the group has no name", "Give it a name at the source.")), nil
	}
	t := contract.Translation{Contract: "group", Findings: groupFindings(g)}
	if stops(t.Findings) {
		return t, nil
	}
	attributes := map[string]any{}
	for name, values := range g.Attributes {
		attributes[name] = object.List(values)
	}
	path := "/" + identity.EscapePath(g.Name)
	a := identity.Attributes{"path": path, "name": g.Name, "attributes": attributes}
	if g.Description != "" {
		a["description"] = g.Description
	}
	t.Resources = []identity.Resource{{Type: realm.TypeGroup, Key: path, Attributes: a}}
	return t, nil
}

func groupFindings(g kinds.Group) []fidelity.Finding {
	var findings []fidelity.Finding
	if g.HiddenMembers {
		findings = append(findings, missing("members", "the members may not be read, and an empty list is not an empty group",
			"Grant the permission that reads hidden members, then collect again."))
	}
	if strings.Contains(g.Name, "/") {
		findings = append(findings, invalid("name", "a slash in the name makes paths ambiguous",
			"Give it another one with set = { name = … } in a map block."))
	}
	if g.Dynamic || g.MembershipRule != "" {
		findings = append(findings, impact("membership_rule", "members stay as they are now: the rule ends, and leavers "+
			"keep what they have",
			fidelity.DirectionSame, fidelity.AudienceAdministrators, fidelity.SeverityMedium, "rule_ends"))
	}
	if g.Origin == "imported" {
		findings = append(findings, impact("origin", "members no longer follow the directory that the group comes from",
			fidelity.DirectionSame, fidelity.AudienceAdministrators, fidelity.SeverityLow, "import_ends"))
	}
	if len(g.ParentGroups) > 0 {
		findings = append(findings, impact("parent_groups", "stands by itself: whoever is in it no longer counts as a "+
			"member of the groups that contain it",
			fidelity.DirectionTighter, fidelity.AudienceAdministrators, fidelity.SeverityMedium, "nesting_ends"))
	}
	if g.Origin == "mail" || g.Type == "microsoft365" {
		findings = append(findings, lost("mail", "the mailbox and what belongs to it stay at the source"))
	}
	return findings
}

func translateAssignment(item identity.Item) (contract.Translation, error) {
	var assignment kinds.AppAssignment
	if err := item.Decode(&assignment); err != nil {
		return contract.Translation{}, err
	}
	switch {
	case !assignment.Direct:
		return invisible("follows from the assignment of a group"), nil
	case assignment.Status == identity.StatusInactive:
		return invisible("inactive at the source"), nil
	case assignment.PrincipalKind == "user":
		return only("role assignment", fidelity.Finding{Type: fidelity.Blocked, Field: "principal",
			Summary: "user not linked: people are moved in a later step",
			Action:  "Assign a group, or wait until people are moved."}), nil
	case assignment.PrincipalKind != "group":
		return only("role assignment", rebuild("principal", "held by "+assignment.PrincipalKind,
			"Give the role to its service account by hand.")), nil
	}
	t := contract.Translation{Contract: "role assignment"}
	if assignment.Role != "" {
		t.Findings = append(t.Findings, fidelity.Finding{Type: fidelity.Lost, Field: "role",
			Summary:  "the application role is not carried, only the access",
			Audience: fidelity.AudienceAppOwners, Severity: fidelity.SeverityMedium, ImpactCode: "app_roles_lost"})
	}
	key := fmt.Sprintf("group/%s -> application/%s/%s", assignment.Principal, assignment.Application, gating.AccessRole)
	t.Resources = []identity.Resource{{Type: realm.TypeRoleAssignment, Key: key, Attributes: identity.Attributes{
		"group":  identity.Refer(identity.KindGroup, assignment.Principal, realm.TypeGroup),
		"client": identity.Refer(identity.KindApplication, assignment.Application, realm.TypeClient),
		"role":   gating.AccessRole,
	}, DependsOn: []identity.Dependency{identity.OnItem(identity.KindApplication, assignment.Application,
		realm.TypeClientRole)}}}
	return t, nil
}
