package okta

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

const fieldClientSecret = "client_secret"

func unknownSecret(item identity.ItemID, field string) error {
	return &contract.ProviderError{Code: contract.ErrorNotFound,
		Message: fmt.Sprintf("okta holds no secret %s of %s", field, item)}
}

func (c *client) providerSecret(ctx context.Context, id string) (string, error) {
	const doing = "fetching the client secret of an identity provider"
	location := "/api/v1/idps/" + url.PathEscape(id)
	a, err := c.raw(ctx, doing, location, "application/json")
	if err != nil {
		return "", c.problem(doing, scopeIDPs, err)
	}
	body, err := reading.Parse(a.body)
	if err != nil {
		return "", reading.Invalid(http.MethodGet, location, "the body is not JSON")
	}
	secret := body.At("protocol", "credentials", "client", "client_secret").Text()
	if secret == "" {
		return "", unknownSecret(identity.ItemID{Kind: identity.KindIdentityProvider, ID: id}, fieldClientSecret)
	}
	return secret, nil
}

// applicationSecret returns the newest active one: an app may have two while its owner rotates.
func (c *client) applicationSecret(ctx context.Context, id string) (string, error) {
	const doing = "fetching the client secret of an application"
	location := "/api/v1/apps/" + url.PathEscape(id) + "/credentials/secrets"
	a, err := c.raw(ctx, doing, location, "application/json")
	if err != nil {
		return "", c.problem(doing, "okta.apps.manage or the role Application Administrator", err)
	}
	body, err := reading.Parse(a.body)
	if err != nil {
		return "", reading.Invalid(http.MethodGet, location, "the body is not JSON")
	}
	newest, secret := "", ""
	for _, entry := range body.List() {
		value, created := entry.At("client_secret").Text(), entry.At("created").Text()
		if entry.At("status").Text() == "ACTIVE" && value != "" && created >= newest {
			newest, secret = created, value
		}
	}
	if secret == "" {
		return "", unknownSecret(identity.ItemID{Kind: identity.KindApplication, ID: id}, fieldClientSecret)
	}
	return secret, nil
}
