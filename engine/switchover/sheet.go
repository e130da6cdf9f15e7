package switchover

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
)

// Sheet is what the owner of one application needs to switch it over, and to go back.
type Sheet struct {
	Address   string              `json:"address"`
	Name      string              `json:"name"`
	Resource  identity.ResourceID `json:"resource"`
	Target    string              `json:"target"`
	Incumbent string              `json:"incumbent"` // the source
	Owner     string              `json:"owner,omitempty"`
	Contact   string              `json:"contact,omitempty"`
	SwitchOn  string              `json:"switch_on,omitempty"`
	OpenSince string              `json:"open_since,omitempty"` // RFC 3339: when a run opened it
	Tell      []string            `json:"tell,omitempty"`       // what its owner must know, as the plan has it
	Confirm   []string            `json:"confirm"`
	Lines     []SheetLine         `json:"lines"`
	Problem   string              `json:"problem,omitempty"` // why the old side could not be told
	Back      string              `json:"back,omitempty"`    // whom to call
	WrittenAt string              `json:"written_at"`
	Digest    string              `json:"digest"` // sha256:… of what the owner has to know; not of times
}

// SheetLine is one thing on both sides.
type SheetLine struct {
	Name    string `json:"name"`
	Label   string `json:"label"`
	Old     Side   `json:"old"`
	New     Side   `json:"new"`
	Changed bool   `json:"changed"`
}

// Side is one value. Without a text, the note says where to look.
type Side struct {
	Text    string `json:"text,omitempty"`
	Expires string `json:"expires,omitempty"` // RFC 3339, of a certificate; the first that ends
	Note    string `json:"note,omitempty"`
}

// labels gives every known fact its place and its words.
func labels() [][2]string {
	return [][2]string{
		{observation.ConnectionState, "Open"}, {observation.ConnectionWhoMay, "Who may sign in"},
		{observation.ConnectionProtocol, "Protocol"},
		{observation.ConnectionIssuer, "Issuer"}, {observation.ConnectionDiscovery, "Discovery document"},
		{observation.ConnectionMetadata, "Metadata address"},
		{observation.ConnectionEntityID, "Identity provider's entity ID (issuer)"},
		{observation.ConnectionSignOn, "Sign-on URL"}, {observation.ConnectionAuthorization, "Authorization endpoint"},
		{observation.ConnectionToken, "Token endpoint"},
		{observation.ConnectionKeys, "Signing keys (JWKS)"}, {observation.ConnectionLogout, "Sign-out address"},
		{observation.ConnectionCertificate, "Signing certificate"},
		{observation.ConnectionClientID, "Client ID"}, {observation.ConnectionClientSecret, "Client secret"},
		{observation.ConnectionMethod, "Client authentication"}, {"client_keys", "Keys that the client signs with"},
		{observation.ConnectionProofKey, "Proof key"}, {observation.ConnectionGrants, "Grant types"},
		{observation.ConnectionResponses, "Response types"}, {observation.ConnectionDevice, "Device endpoint"},
		{observation.ConnectionUserInfo, "Userinfo endpoint"},
		{observation.ConnectionIntrospection, "Introspection endpoint"},
		{observation.ConnectionRevocation, "Revocation endpoint"},
		{observation.ConnectionAudience, "Application's entity ID (audience)"},
		{observation.ConnectionRedirects, "Redirect URIs"},
		{observation.ConnectionACS, "Assertion consumer URLs"}, {observation.ConnectionScopes, "Scopes"},
		{"post_logout_redirect_uris", "Redirect URIs after sign-out"}, {"cors_origins", "Origins that may call (CORS)"},
		{observation.ConnectionSigning, "Tokens are signed with"}, {"lifetimes", "Lifetimes"},
		{observation.ConnectionBindings, "Bindings"}, {observation.ConnectionSigned, "Signed by the identity provider"},
		{observation.ConnectionRequests, "Requests of the application"},
		{observation.ConnectionEncryption, "Encryption of assertions"},
		{observation.ConnectionNameID, "NameID format"}, {"attributes", "Attributes (name format)"},
		{observation.ConnectionClaims, "Claims"}, {observation.ConnectionTest, "Test address"},
	}
}

const sameSecret = "the same secret as before"

// standardConfirm are the questions to an owner when the configuration asks none.
func standardConfirm() []string {
	return []string{
		"People who may use the application can sign in.",
		"Somebody who may not use it is turned away.",
		"Accounts, names and groups inside the application are the same as before.",
		"Sign-out works, and so does everything that signs in without a person.",
	}
}

// CompleteSheet joins both sides of a sheet, says how a secret arrives, and seals it with its digest.
func CompleteSheet(s Sheet, p Progress, incumbent, target []observation.ConnectionFact) Sheet {
	s.Address, s.Name, s.Resource, s.Tell = p.Address(), p.Name, p.Resource, p.Tell
	if p.Enabled != nil {
		s.OpenSince = p.Enabled.At
	}
	if len(s.Confirm) == 0 {
		s.Confirm = standardConfirm()
	}
	before, after := sides(incumbent), sides(target)
	if secret, ok := after[observation.ConnectionClientSecret]; ok {
		after[observation.ConnectionClientSecret] = secretSide(secret, p)
	}
	s.Lines = []SheetLine{}
	named := map[string]bool{}
	for _, label := range labels() {
		named[label[0]] = true
		s.add(label[0], label[1], before, after)
	}
	for _, fact := range append(append([]observation.ConnectionFact{}, target...), incumbent...) {
		if !named[fact.Name] {
			named[fact.Name] = true
			s.add(fact.Name, strings.ReplaceAll(fact.Name, "_", " "), before, after)
		}
	}
	s.Digest = s.digest()
	return s
}

func (s *Sheet) add(name, label string, before, after map[string]Side) {
	old, had := before[name]
	now, has := after[name]
	if !had && !has {
		return
	}
	line := SheetLine{Name: name, Label: label, Old: old, New: now}
	line.Changed = now.Text != "" && now.Text != old.Text && entered(name, old, now)
	s.Lines = append(s.Lines, line)
}

// entered tells whether a value that differs is something that the owner changes, and not something to look at.
func entered(name string, old, now Side) bool {
	switch name {
	case observation.ConnectionTest, observation.ConnectionClaims, observation.ConnectionState,
		observation.ConnectionWhoMay:
		return false
	case observation.ConnectionIssuer, observation.ConnectionDiscovery, observation.ConnectionMetadata,
		observation.ConnectionEntityID, observation.ConnectionSignOn, observation.ConnectionAuthorization,
		observation.ConnectionToken, observation.ConnectionKeys, observation.ConnectionLogout,
		observation.ConnectionCertificate:
		return true // these are those of the server, so they change also where the old ones are not known
	case observation.ConnectionClientSecret:
		return now.Text != sameSecret && !strings.HasPrefix(now.Text, "none")
	}
	return old.Text != "" // what nobody knows of the old side cannot be said to change
}

// sides indexes facts by name. Several certificates become one value, one below the other, that ends when the first of
// them does.
func sides(facts []observation.ConnectionFact) map[string]Side {
	found := map[string]Side{}
	for _, f := range facts {
		side, again := found[f.Name]
		if again {
			side.Text += "\n" + f.Value
			if f.Expires != "" && (side.Expires == "" || Earlier(f.Expires, side.Expires)) {
				side.Expires = f.Expires
			}
		} else {
			side = Side{Text: f.Value, Expires: f.Expires, Note: f.Note}
		}
		found[f.Name] = side
	}
	return found
}

// secretSide says whether the secret is another one, which only the runs know.
func secretSide(now Side, p Progress) Side {
	if strings.HasPrefix(now.Text, "none") {
		return now
	}
	switch {
	case p.NewSecret:
		return Side{Text: "a new secret",
			Note: "It was given out once when the application was made, and is handed to you apart from this sheet. Nobody " +
				"can read it again."}
	case p.OldSecret:
		return Side{Text: sameSecret, Note: "It moved with the application."}
	}
	return now
}

// digest covers what the owner enters or checks, so that a sheet that was delivered can be told from one that says
// something else.
func (s Sheet) digest() string {
	s.WrittenAt, s.Digest, s.Back, s.Problem = "", "", "", ""
	// That it was opened since changes nothing that an owner was given to enter.
	s.OpenSince = ""
	s.Lines = slices.DeleteFunc(slices.Clone(s.Lines), func(line SheetLine) bool {
		switch line.Name { // nor does a key that applications read from its address
		case observation.ConnectionState, observation.ConnectionWhoMay, observation.ConnectionSigning:
			return true
		}
		return false
	})
	encoded, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(append([]byte("rehome/sheet/v1\x00"), encoded...))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Warnings are what a reader must not overlook: certificates that end soon or have ended, and values that the target
// did not tell.
func (s Sheet) Warnings(now time.Time) []string {
	var found []string
	for _, line := range s.Lines {
		end, err := time.Parse(time.RFC3339, line.New.Expires)
		switch {
		case line.New.Expires == "" || err != nil:
		case now.After(end):
			found = append(found, fmt.Sprintf("The new %s has ended on %s.", strings.ToLower(line.Label),
				end.Format(time.DateOnly)))
		case end.Sub(now) < 90*24*time.Hour:
			found = append(found, fmt.Sprintf("The new %s ends on %s already.", strings.ToLower(line.Label),
				end.Format(time.DateOnly)))
		}
	}
	return found
}
