package okta

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// wireNames says under which name the other side sends what the org knows under a name of its own.
type wireNames struct {
	known bool
	names map[string]string
}

// of is the name on the wire; a schema that names no other says that both are the same.
func (w wireNames) of(variable string) string { return firstText(w.names[variable], variable) }

// providerSchema reads the schema of what a provider sends: mappings and templates hold names of the org, which are
// not those on the wire. Where there is none, the item says what is not known of it: a wrong name lets nobody in, or
// somebody as another.
func (r *reader) providerSchema(ctx context.Context, provider element) (wireNames, error) {
	protocol := providerProtocol(provider.body.At("type").Text())
	if status(provider.body) != identity.StatusActive || protocol != "saml" && protocol != "oidc" {
		return wireNames{known: true}, nil // nobody signs in with it, or its names are those of the vendor
	}
	id := provider.body.At("id").Text()
	l := listing{doing: "reading the schema of identity provider " + id, kind: identity.KindIdentityProvider,
		permission: scopeSchemas, of: id, location: "/api/v1/meta/schemas/apps/" + url.PathEscape(id) + "/default"}
	e, err := r.one(ctx, l.doing, l.location)
	var refused *refusal
	if isMissing(err) && errors.As(err, &refused) {
		return wireNames{}, r.sink.Gap(ctx, identity.Gap{Kind: l.kind, Path: l.location, Status: refused.status,
			Cause: identity.GapNotOffered, Of: id, Reason: l.doing + ": there is none: " + refused.summary})
	}
	read, err := r.settle(ctx, l, err)
	if !read {
		return wireNames{}, err
	}
	return readSchema(e.body), nil
}

// readSchema reads the properties of both parts of a schema: the vendor's own and those that were added.
func readSchema(body reading.Node) wireNames {
	out := wireNames{names: map[string]string{}}
	for _, part := range []string{"base", "custom"} {
		properties := body.At("definitions", part, "properties")
		for _, name := range properties.Names() {
			out.known = true
			if external := properties.At(name, "externalName").Text(); external != "" {
				out.names[name] = external
			}
		}
	}
	return out
}

var idpVariable = regexp.MustCompile(`^(\$\{)?(?:idpuser|appuser|source)\.([A-Za-z_][A-Za-z0-9_]*)(\})?$`)

// onTheWire puts the names on the wire in the place of the org's own. It returns what is not known.
func onTheWire(p *kinds.IdentityProvider, names wireNames) []string {
	match := idpVariable.FindStringSubmatch(strings.TrimSpace(p.UsernameTemplate))
	named := match != nil && match[2] != "subjectNameId"
	if !names.known {
		var gaps []string
		if named {
			gaps = append(gaps, "username_template")
		}
		if len(p.Mappings) > 0 {
			gaps = append(gaps, "mappings")
		}
		return gaps
	}
	if named {
		p.UsernameTemplate = match[1] + "idpuser." + names.of(match[2]) + match[3]
	}
	for i, mapping := range p.Mappings {
		p.Mappings[i].From = names.of(mapping.From)
	}
	return nil
}
