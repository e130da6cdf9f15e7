package blueprint

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/current"
)

// What an export shows in place of a secret, and the listener that only writes into the server's own log.
const (
	maskedValue   = "**********"
	quietListener = "jboss-logging"
)

// Make copies the settings of the realm into a realm file that POST /admin/realms takes: all but people. It reads
// only.
func Make(ctx context.Context, c *current.Realm, name string) (observation.Blueprint, error) {
	if name == "" {
		name = c.RealmName + "-rehearsal"
	}
	if strings.ContainsAny(name, "/\x00") || name == "." || name == ".." {
		return observation.Blueprint{}, &contract.ProviderError{Code: contract.ErrorInvalid,
			Message: fmt.Sprintf("a realm cannot be called %q", admin.Printable(name))}
	}
	document, err := c.Document(ctx)
	if err != nil {
		return observation.Blueprint{}, admin.Outward("reading the realm", err)
	}
	if document["components"] == nil {
		return observation.Blueprint{}, &contract.ProviderError{Code: contract.ErrorForbidden, Permission: "manage-realm",
			Message: "only an export holds all settings of a realm, and Keycloak gives one to whoever may manage the realm"}
	}
	stripped := strip(document, c.RealmName, name)
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return observation.Blueprint{}, fmt.Errorf("encoding the blueprint: %w", err)
	}
	return observation.Blueprint{Name: name, Document: encoded.Bytes(), Stripped: stripped}, nil
}

// strip makes of an exported realm one of another name that holds no secret, shares no id with the first, and reaches
// nobody. It says what it took out or switched off, sorted; a realm that was made of a blueprint gives nothing.
func strip(document object.Object, from, name string) []string {
	s := &stripper{from: from, name: name}
	s.realm(document)
	flows := s.flows(document)
	s.clients(document, flows)
	s.providers(document)
	s.components(document)
	document["users"] = serviceAccounts(document)
	s.forget(document, true)
	document["realm"] = name
	slices.Sort(s.stripped)
	return s.stripped
}

type stripper struct {
	from, name string
	stripped   []string
}

func (s *stripper) took(format string, args ...any) {
	s.stripped = append(s.stripped, admin.Printable(fmt.Sprintf(format, args...)))
}

func (s *stripper) realm(document object.Object) {
	if mail := admin.Part(document, "smtpServer"); len(mail) > 0 {
		s.took("mail server %s", admin.Text(mail, "host"))
	}
	document["smtpServer"] = object.Object{}
	for _, listener := range object.Texts(document["eventsListeners"]) {
		if listener != quietListener {
			s.took("event listener %s", listener)
		}
	}
	document["eventsListeners"] = []any{quietListener}
	if attributes := admin.Part(document, "attributes"); admin.Text(attributes, "frontendUrl") != "" {
		s.took("frontend address %s", admin.Text(attributes, "frontendUrl"))
		delete(attributes, "frontendUrl")
	}
}

// flows gives every flow a new id, and tells which: applications name their own flows by id.
func (s *stripper) flows(document object.Object) map[string]string {
	fresh := map[string]string{}
	for _, flow := range object.Objects(document["authenticationFlows"]) {
		if id := admin.Text(flow, "id"); id != "" {
			fresh[id] = newUUID()
			flow["id"] = fresh[id]
		}
	}
	return fresh
}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it does not fail
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// logoutAttributes are the attributes of a client that hold an address to which the server sends something at a
// sign-out.
func logoutAttributes() []string {
	return []string{
		"backchannel.logout.url", "frontchannel.logout.url", "saml_single_logout_service_url_post",
		"saml_single_logout_service_url_redirect",
		"saml_single_logout_service_url_soap", "saml_single_logout_service_url_artifact",
	}
}

func (s *stripper) clients(document object.Object, flows map[string]string) {
	var kept []object.Object
	for _, client := range object.Objects(document["clients"]) {
		id := admin.Text(client, "clientId")
		if id == realm.MarkerClient || id == gating.RefusalName {
			continue // a run makes its own
		}
		kept = append(kept, client)
		current.DropSecrets(client)
		attributes := admin.Part(client, "attributes")
		for _, name := range logoutAttributes() {
			if admin.Text(attributes, name) != "" {
				s.took("logout address of client %s (%s)", id, name)
			}
			delete(attributes, name)
		}
		if address := admin.Text(client, "adminUrl"); address != "" && !strings.HasPrefix(address, "${") &&
			!strings.HasPrefix(address, "/") {
			s.took("admin address of client %s", id)
			delete(client, "adminUrl")
		}
		s.rename(client)
		overrides := admin.Part(client, "authenticationFlowBindingOverrides")
		for binding, flow := range overrides {
			if fresh, known := flows[fmt.Sprint(flow)]; known {
				overrides[binding] = fresh
			} else {
				delete(overrides, binding)
			}
		}
		for _, b := range gating.Bindings() { // what it was bound to before its gate
			if former := admin.Text(attributes, b.Former); former != "" {
				attributes[b.Former] = flows[former]
			}
		}
	}
	document["clients"] = admin.List(kept)
	// roles of a client that is not there refuse an import
	for _, gone := range []string{realm.MarkerClient, gating.RefusalName} {
		delete(admin.Part(admin.Part(document, "roles"), "client"), gone)
		delete(admin.Part(document, "clientScopeMappings"), gone)
	}
}

// rename lets the addresses of the server's own clients name the new realm.
func (s *stripper) rename(client object.Object) {
	change := func(text string) string {
		for _, path := range []string{"/realms/", "/admin/"} {
			if rest, ok := strings.CutPrefix(text, path+s.from+"/"); ok {
				return path + s.name + "/" + rest
			}
		}
		return text
	}
	if base := admin.Text(client, "baseUrl"); base != "" {
		client["baseUrl"] = change(base)
	}
	if uris, ok := client["redirectUris"].([]any); ok {
		for i, uri := range uris {
			if text, ok := uri.(string); ok {
				uris[i] = change(text)
			}
		}
	}
}

func (s *stripper) providers(document object.Object) {
	providers := slices.DeleteFunc(object.Objects(document["identityProviders"]), func(provider object.Object) bool {
		return admin.Text(provider, "alias") == gating.RefusalName
	})
	if document["identityProviders"] != nil {
		document["identityProviders"] = admin.List(providers)
	}
	for _, provider := range providers {
		if enabled, _ := provider["enabled"].(bool); enabled {
			s.took("identity provider %s was enabled", admin.Text(provider, "alias"))
		}
		provider["enabled"] = false
		delete(provider, "organizationId") // an organization names its providers
		delete(provider, "types")
		for _, name := range []string{"clientSecret", "encryptionKey", "signingKey"} {
			delete(admin.Part(provider, "config"), name)
		}
	}
}

// components: keys are made anew, and what asks a directory is switched off.
func (s *stripper) components(document object.Object) {
	components := admin.Part(document, "components")
	delete(components, "org.keycloak.keys.KeyProvider")
	for _, store := range object.Objects(components["org.keycloak.storage.UserStorageProvider"]) {
		config := admin.Part(store, "config")
		if !slices.Equal(object.Texts(config["enabled"]), []string{"false"}) {
			s.took("user federation %s was enabled", admin.Text(store, "name"))
		}
		if config == nil {
			config = object.Object{}
			store["config"] = config
		}
		config["enabled"] = []any{"false"}
		delete(config, "bindCredential")
	}
}

// serviceAccounts are the only users that are copied: those by which clients act, with their roles.
func serviceAccounts(document object.Object) []any {
	var kept []object.Object
	for _, user := range object.Objects(document["users"]) {
		if admin.Text(user, "serviceAccountClientId") == "" {
			continue
		}
		for _, name := range []string{"credentials", "createdTimestamp", "federatedIdentities", "requiredActions", "totp"} {
			delete(user, name)
		}
		kept = append(kept, user)
	}
	return admin.List(kept)
}

// forget drops ids, which are unique over a whole server, and masked secrets. Only flows keep an id: a new one.
func (s *stripper) forget(value any, ids bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, each := range v {
			if _, isText := each.(string); isText && ids &&
				(name == "id" || name == "containerId" || name == "internalId" || name == "parentId") {
				delete(v, name)
				continue
			}
			if list := object.Texts(each); each == maskedValue || len(list) == 1 && list[0] == maskedValue {
				delete(v, name)
				continue
			}
			// Settings have names of their own, where id may mean anything; a flow has its new id.
			s.forget(each, ids && name != "config" && name != "attributes" && name != "authenticationFlows")
		}
	case []any:
		for _, each := range v {
			s.forget(each, ids)
		}
	}
}
