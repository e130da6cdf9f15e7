package okta

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// bookkeeping is what may change at the org without changing an item: ids and dates of its own, links, its own keys,
// and values that say no more than another field which is carried.
var bookkeeping = regexp.MustCompile(`^(id|orn|created|lastUpdated|lastMembershipUpdated|objectClass|type|source|_links|_embedded|_policyId)(\.|\[|$)` +
	`|^credentials\.signing\.|^credentials\.oauthClient\.(autoKeyRotation|client_secret)$|^visibility\.appLinks\.` +
	`|^settings\.oauthClient\.(application_type|wildcard_redirect|participate_slo|response_types\[\]|consent_method)` +
	`|^settings\.oauthClient\.jwks\.keys\[\]\.|^settings\.oauthClient\.(idp_initiated_login\.mode|issuer_mode)$` +
	`|^settings\.signOn\.(requestCompressed|allowMultipleAcsEndpoints|idpIssuer|spIssuer|slo\.|inlineHooks\[\]\._links)` +
	`|^settings\.signOn\.configuredAttributeStatements\[\]\.|^settings\.(emOptInStatus|notifications\.vpn\.network\.connection)$` +
	`|^settings\.signOn\.(recipient|destination)$|^universalLogout\.` +
	`|^protocol\.(endpoints\.(acs|[a-zA-Z]+\.binding|sso\.destination)|credentials\.(signing|client\.client_secret)|algorithms\.)` +
	`|^policy\.provisioning\.conditions\.|^protocol\.type$|^policy\.maxClockSkew$|^issuerMode$|^protocol\.credentials\.trust\.kid$` +
	// A template of the sign-in name is carried unless the app has one of its own for its assertions; public clients must
	// use a proof key.
	`|^credentials\.userNameTemplate\.(template|type)$|^credentials\.oauthClient\.pkce_required$`)

// unreadOrSettled notes the paths of values that can be changed without any change of the item.
func unreadOrSettled(t *testing.T, raw json.RawMessage, convert func(reading.Node) (identity.Item, error),
	silent map[string]string) {
	t.Helper()
	before := attributesOf(t, raw, convert)
	var whole any
	if err := json.Unmarshal(raw, &whole); err != nil {
		t.Fatal(err)
	}
	var walk func(value any, path string, put func(any))
	walk = func(value any, path string, put func(any)) {
		switch v := value.(type) {
		case map[string]any:
			for name, inner := range v {
				walk(inner, strings.TrimPrefix(path+"."+name, "."), func(with any) { v[name] = with })
			}
		case []any:
			for i, inner := range v {
				walk(inner, path+"[]", func(with any) { v[i] = with })
			}
		case string:
			if v != "" {
				put(v + "-x")
				compareChanged(t, whole, before, convert, path, v, silent)
				put(v)
			}
		case bool:
			if v {
				put(false)
				compareChanged(t, whole, before, convert, path, "true", silent)
				put(v)
			}
		}
	}
	walk(whole, "", nil)
}

func compareChanged(t *testing.T, whole any, before string, convert func(reading.Node) (identity.Item, error), path,
	example string,
	silent map[string]string) {
	t.Helper()
	changed, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if after := attributesOf(t, changed, convert); after == before && !stated(before, path) {
		silent[path] = example
	}
}

// stated tells whether the path, or a list that it is in, is told as unknown. Rules are told below their policy.
func stated(attributes, path string) bool {
	for {
		if strings.Contains(attributes, `"`+path+`"`) {
			return true
		}
		end := strings.LastIndexAny(path, ".[")
		if end < 0 {
			return false
		}
		path = path[:end]
	}
}

// attributesOf is all that a target sees of a body.
func attributesOf(t *testing.T, raw json.RawMessage, convert func(reading.Node) (identity.Item, error)) string {
	t.Helper()
	body, err := reading.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	item, err := convert(body)
	if err != nil {
		t.Fatal(err)
	}
	references, err := json.Marshal([]any{item.References, item.Secrets, item.Gaps})
	if err != nil {
		t.Fatal(err)
	}
	return item.ID + item.Name + string(item.Attributes) + string(references)
}

// TestNoFreeTextOfAVendorLeavesThePlugin reads an app of the cases whose settings hold canaries in every member.
func TestNoFreeTextOfAVendorLeavesThePlugin(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "cases", "okta", "c39", "apps.json"))
	if err != nil {
		content = []byte(`[{"settings":{"app":{"scimToken":"CANARY_1","webhookKey":"CANARY_2","url":"https://h/x?token=CANARY_3"}}}]`)
		t.Logf("the cases are not here, so a body of our own is read: %v", err)
	}
	redacted, err := reading.Redact(content, secretRules())
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`"[^"]*":\s*"[^"]*CANARY[^"]*"`).FindAllString(string(redacted), -1) {
		// The shared sign-in name of a vault, and what an administrator wrote for other administrators.
		if !strings.HasPrefix(found, `"userName"`) && !strings.HasPrefix(found, `"admin"`) {
			t.Errorf("left is %s", found)
		}
	}
}
