package current

import (
	"context"

	"github.com/rehome-iam/rehome/providers/internal/realm/gating"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// Refusal is what people are sent to whom no gate lets through: see realm.RefusalProvider.
type Refusal struct {
	Client, Provider     object.Object // nil where it is not there
	Authorization, Token string        // addresses of the realm as people see them
	Broker               string        // where the provider waits for an answer
}

// IsWhole tells whether all of it is as it must be; flow is the id of the flow that denies.
func (r Refusal) IsWhole(flow string) bool {
	return gating.RefusalIsWhole(r.Client, r.Provider, flow, r.Authorization)
}

// IsThere tells whether anything of it is there: a realm that was made of a file has nothing, and refuses all the same.
func (r Refusal) IsThere() bool { return r.Client != nil || r.Provider != nil }

// ReadRefusal reads what refuses people.
func (c *Realm) ReadRefusal(ctx context.Context) (Refusal, error) {
	var found struct {
		Issuer        string `json:"issuer"`
		Authorization string `json:"authorization_endpoint"`
		Token         string `json:"token_endpoint"`
	}
	if err := c.Get(ctx, c.Public(".well-known", "openid-configuration"), nil, &found); err != nil {
		return Refusal{}, err
	}
	refusal := Refusal{Authorization: c.Outside(found.Authorization), Token: c.Outside(found.Token),
		Broker: c.Outside(found.Issuer) + "/broker/" + gating.RefusalName + "/endpoint"}
	var err error
	if refusal.Client, err = c.Application(ctx, gating.RefusalName); err != nil {
		return refusal, err
	}
	refusal.Provider, err = c.Provider(ctx, gating.RefusalName)
	return refusal, err
}
