package current

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// Situation reads what the doors of a gated client are judged by, as it is now. application is the client as the
// server gives it.
func (c *Realm) Situation(ctx context.Context, application object.Object,
	gate identity.Attributes) (realm.Situation, error) {
	s := realm.Situation{Client: realm.ReadClient(application).Attributes, Gate: gate}
	document, err := c.settings(ctx)
	if err != nil {
		return s, err
	}
	s.Realm = realm.ReadRealmSwitches(document).Attributes
	exists, err := c.standing(ctx, document)
	if err != nil {
		return s, err
	}
	s.Flows = identity.Attributes{"flows": object.List(exists)}
	providers, err := c.providers(ctx)
	if err != nil {
		return s, err
	}
	for _, provider := range providers {
		if admin.Text(provider, "alias") == gating.RefusalName {
			continue // it leads nowhere but to a flow that denies
		}
		s.Providers = append(s.Providers, realm.ReadProvider(provider, nil).Attributes)
	}
	s.Others, err = c.exchangers.read(ctx, c)
	return s, err
}

// exchangerAge is how old the list of clients that exchange tokens may be. It is the one thing of a situation that
// takes the list of all clients, which for every opening anew would grow with the square of them.
const exchangerAge = 20 * time.Second

// exchangers remembers for a short while which clients may exchange tokens.
type exchangers struct {
	mutex sync.Mutex
	at    time.Time
	known []identity.Attributes
}

func (e *exchangers) read(ctx context.Context, c *Realm) ([]identity.Attributes, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	now := c.Now()
	if !e.at.IsZero() && now.Sub(e.at) < exchangerAge {
		return e.known, nil
	}
	clients, err := c.Pages(ctx, c.Admin("clients"), nil, "id")
	if err != nil {
		return nil, err
	}
	e.at, e.known = now, realm.Exchangers(clients)
	return e.known, nil
}

// settings reads the realm itself with what doors depend on: client policies, and the flow of a forgotten password
// where people may use it.
func (c *Realm) settings(ctx context.Context) (object.Object, error) {
	var document object.Object
	if err := c.Get(ctx, c.Admin(), nil, &document); err != nil {
		return nil, err
	}
	if err := c.addPolicies(ctx, document); err != nil {
		return nil, err
	}
	if allowed, _ := document["resetPasswordAllowed"].(bool); !allowed {
		return document, nil
	}
	alias := admin.Text(document, "resetCredentialsFlow")
	tree, err := c.Tree(ctx, alias, "")
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(tree.configs))
	for _, id := range tree.configs {
		ids = append(ids, id)
	}
	configs, err := c.configValues(ctx, ids)
	document["authenticationFlows"], document["authenticatorConfig"] = admin.List(tree.flows), admin.List(configs)
	return document, err
}

// SignIns reads how people sign in to a client as things are now: the flows that are bound to the realm, to the client
// and after each provider.
func (c *Realm) SignIns(ctx context.Context, application object.Object) (*realm.SignIns, error) {
	var document object.Object
	if err := c.Get(ctx, c.Admin(), nil, &document); err != nil {
		return nil, err
	}
	top, err := c.TopFlows(ctx)
	if err != nil {
		return nil, err
	}
	providers, err := c.providers(ctx)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{admin.Text(document, "browserFlow"): true, admin.Text(document, "directGrantFlow"): true}
	for _, provider := range providers {
		wanted[admin.Text(provider, "postBrokerLoginFlowAlias")] = true
	}
	overrides := admin.Part(application, "authenticationFlowBindingOverrides")
	var flows []object.Object
	for alias, id := range top {
		if !wanted[alias] && admin.Text(overrides, "browser") != id && admin.Text(overrides, "direct_grant") != id {
			continue
		}
		tree, err := c.Tree(ctx, alias, id)
		if err != nil {
			return nil, err
		}
		flows = append(flows, tree.flows...)
	}
	document["authenticationFlows"], document["identityProviders"] = admin.List(flows), admin.List(providers)
	return realm.ReadSignIns(document), nil
}

// addPolicies puts the client policies and their profiles into a realm that was read without them.
func (c *Realm) addPolicies(ctx context.Context, document object.Object) error {
	for section, path := range map[string]string{"clientPolicies": "policies", "clientProfiles": "profiles"} {
		var content object.Object
		query := url.Values{"include-global-" + path: {"true"}}
		if err := c.Get(ctx, c.Admin("client-policies", path), query, &content); err != nil {
			return err
		}
		document[section] = content
	}
	return nil
}
