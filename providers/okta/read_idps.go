package okta

import (
	"context"
	"net/url"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
)

func (r *reader) identityProviders(ctx context.Context) error {
	keys, err := r.providerKeys(ctx)
	if err != nil {
		return err
	}
	l := listing{doing: "reading identity providers", location: "/api/v1/idps?limit=200",
		kind: identity.KindIdentityProvider, permission: scopeIDPs}
	err = r.pages(ctx, l, func(ctx context.Context, elements []element) error {
		return r.each(ctx, elements, func(ctx context.Context, e element) error {
			mappings, err := r.mappings(ctx, e.body.At("id").Text())
			if err != nil {
				return err
			}
			names, err := r.providerSchema(ctx, e)
			if err != nil {
				return err
			}
			item, err := convertIdentityProvider(e.body, keys, mappings, names)
			return r.emit(ctx, e, item, err)
		})
	})
	_, err = r.settle(ctx, l, err)
	return err
}

// providerKeys reads the certificates of all upstreams, by key id.
func (r *reader) providerKeys(ctx context.Context) (map[string][]string, error) {
	l := listing{doing: "reading keys of identity providers", location: "/api/v1/idps/credentials/keys?limit=200",
		kind: identity.KindIdentityProvider, permission: scopeIDPs, id: "kid"}
	keys := map[string][]string{}
	err := r.pages(ctx, l, func(_ context.Context, elements []element) error {
		for _, e := range elements {
			var chain []string
			for _, certificate := range e.body.At("x5c").Texts() {
				chain = append(chain, bareBase64(certificate))
			}
			keys[e.body.At("kid").Text()] = chain
		}
		return nil
	})
	_, err = r.settle(ctx, l, err)
	return keys, err
}

// bareBase64 drops the line breaks that certificates come with.
func bareBase64(text string) string { return strings.Join(strings.Fields(text), "") }

// profileMappings of one identity provider; known is false when they could not be read.
type profileMappings struct {
	known    bool
	mappings []kinds.AttributeMapping
}

// mappings reads what the provider fills in. A token without the permission for them still reads everything else.
func (r *reader) mappings(ctx context.Context, provider string) (profileMappings, error) {
	l := listing{doing: "reading the mappings of identity provider " + provider, kind: identity.KindIdentityProvider,
		permission: scopeMappings, of: provider,
		location: "/api/v1/mappings?limit=200&sourceId=" + url.QueryEscape(provider)}
	out := profileMappings{known: true}
	var ids []string
	err := r.pages(ctx, l, func(_ context.Context, elements []element) error {
		for _, e := range elements {
			// The server's own next link may have lost sourceId, so the source is looked at again.
			if e.body.At("source", "id").Text() == provider {
				ids = append(ids, e.body.At("id").Text())
			}
		}
		return nil
	})
	for index := 0; err == nil && index < len(ids); index++ {
		var e element
		if e, err = r.one(ctx, "reading mapping "+ids[index], "/api/v1/mappings/"+url.PathEscape(ids[index])); err == nil {
			out.mappings = append(out.mappings, convertMapping(e.body)...)
		}
	}
	if isMissing(err) {
		_, err = r.gone(ctx, l, "/api/v1/idps/"+url.PathEscape(provider), err)
		return profileMappings{}, err
	}
	read, err := r.settle(ctx, l, err)
	if !read {
		return profileMappings{}, err
	}
	return out, err
}
