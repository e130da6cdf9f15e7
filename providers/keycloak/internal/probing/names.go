package probing

import (
	"context"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// namesNotOwn looks whether people may change themselves what the application knows them by. Whether the incumbent let
// them is not known, so that it is a question.
func (p *probing) namesNotOwn(ctx context.Context) (finding, error) {
	if !p.flag("standard_flow") && !p.flag("implicit_flow") && p.text("protocol") != "saml" {
		return skipped("nobody signs in to the client in a browser"), nil
	}
	names := realm.NamesOf(p.request.Attributes)
	if len(names) == 0 {
		return skipped("the application is told no name of a person"), nil
	}
	var profile realm.Profile
	if err := p.Get(ctx, p.Admin("users", "profile"), nil, &profile); err != nil {
		return finding{}, err
	}
	var settings object.Object
	if err := p.Get(ctx, p.Admin(), nil, &settings); err != nil {
		return finding{}, err
	}
	own := profile.OwnToChange(names, object.Truth(settings, "editUsernameAllowed"))
	if len(own) == 0 {
		return passed("nobody can change himself what the application knows him by"), nil
	}
	fields := admin.Printable(strings.Join(own, ", "))
	return unknown("a person may change himself what the application knows him by (%s): where the incumbent did not let "+
		"him, take the user out of \"Who can edit\" of it in Realm settings, User profile", fields).with("own", fields), nil
}
