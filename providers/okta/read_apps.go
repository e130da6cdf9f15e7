package okta

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

func (r *reader) applications(ctx context.Context) error {
	l := listing{doing: "reading applications", location: "/api/v1/apps?limit=200", kind: identity.KindApplication,
		permission: scopeApps}
	err := r.pages(ctx, l, func(ctx context.Context, elements []element) error {
		return r.each(ctx, elements, r.application)
	})
	_, err = r.settle(ctx, l, err)
	return err
}

// assignments is what the lists of an app say about who may use it.
type assignments struct {
	users, groups int
	gaps          []string
	gone          bool
	idp           samlIdP // of a SAML app that is in use
	names         []appName
	secrets       []kinds.Credential
	otherNames    int // people whose name in the app is not what its template makes
}

// application reads who is assigned before it hands out the app, because the app's item holds the counts.
func (r *reader) application(ctx context.Context, e element) error {
	id := e.body.At("id").Text()
	var found assignments
	if hasAssignments(e.body) {
		if err := r.appGroups(ctx, id, &found); err != nil {
			return err
		}
		if !found.gone {
			if err := r.appUsers(ctx, id, &found); err != nil {
				return err
			}
		}
	}
	if err := r.samlMetadata(ctx, e.body, &found); err != nil {
		return err
	}
	if err := r.clientSecrets(ctx, e.body, &found); err != nil {
		return err
	}
	if e.body.At("signOnMode").Text() == "SAML_2_0" {
		template := usernameTemplate(e.body.At("credentials", "userNameTemplate"))
		var err error
		if found.otherNames, err = r.people.differing(ctx, template, found.names); err != nil {
			return err
		}
	}
	item, err := convertApplication(e.body, found, r.now)
	return r.emit(ctx, e, item, err)
}

// hasAssignments is false for apps that nobody is assigned to by their nature: Okta's own, and those open to everybody.
func hasAssignments(app reading.Node) bool {
	return !isVendorApp(app.At("name").Text()) && !app.At("settings", "implicitAssignment").Flag()
}

func (r *reader) appGroups(ctx context.Context, app string, found *assignments) error {
	l := listing{doing: "reading the groups of application " + app, location: "/api/v1/apps/" + url.PathEscape(app) +
		"/groups?limit=200",
		kind: identity.KindAppAssignment, permission: scopeApps, of: app}
	return r.assigned(ctx, l, app, "assigned_groups", found, func(ctx context.Context, elements []element) error {
		found.groups += len(elements)
		return r.emitAssignments(ctx, app, identity.KindGroup, elements)
	})
}

func (r *reader) appUsers(ctx context.Context, app string, found *assignments) error {
	l := listing{doing: "reading the users of application " + app, location: "/api/v1/apps/" + url.PathEscape(app) +
		"/users?limit=500",
		kind: identity.KindAppAssignment, permission: scopeApps, of: app}
	return r.assigned(ctx, l, app, "assigned_users", found, func(ctx context.Context, elements []element) error {
		for _, e := range elements {
			if isDirect(e.body) {
				found.users++
			}
			if name := e.body.At("credentials", "userName").Text(); name != "" {
				found.names = append(found.names, appName{digest(e.body.At("id").Text()), nameDigest(name)})
			}
		}
		return r.emitAssignments(ctx, app, identity.KindUser, elements)
	})
}

// assigned reads a list of an app. An app that is gone by now is marked, a list that is forbidden or missing is a gap
// of the app.
func (r *reader) assigned(ctx context.Context, l listing, app, field string, found *assignments,
	each func(context.Context, []element) error) error {
	err := r.pages(ctx, l, each)
	read := err == nil
	if isMissing(err) {
		found.gone, err = r.gone(ctx, l, "/api/v1/apps/"+url.PathEscape(app), err)
	} else {
		read, err = r.settle(ctx, l, err)
	}
	if err == nil && !read && !found.gone {
		found.gaps = append(found.gaps, field)
	}
	return err
}

func (r *reader) emitAssignments(ctx context.Context, app string, kind identity.Kind, elements []element) error {
	items := make([]identity.Item, 0, len(elements))
	for _, e := range elements {
		item, err := convertAssignment(app, kind, e.body)
		if err != nil {
			return err
		}
		item.Raw, item.Page = e.raw, e.page
		items = append(items, item)
	}
	if len(items) == 0 {
		return nil
	}
	return r.sink.Items(ctx, items...)
}

// clientSecrets lists which secrets the org takes of an app, without their values: two are active while its owner
// changes one for the other, and one of them stops with the move. Where the list may not be read, nothing is said of
// it; apply needs the right to it anyway.
func (r *reader) clientSecrets(ctx context.Context, app reading.Node, found *assignments) error {
	method := app.At("credentials", "oauthClient", "token_endpoint_auth_method").Text()
	if found.gone || status(app) != identity.StatusActive || isVendorApp(app.At("name").Text()) ||
		!strings.HasPrefix(method, "client_secret") {
		return nil
	}
	id := app.At("id").Text()
	l := listing{doing: "reading which client secrets application " + id + " has", location: "/api/v1/apps/" +
		url.PathEscape(id) + "/credentials/secrets"}
	err := r.pages(ctx, l, func(_ context.Context, elements []element) error {
		for _, e := range elements {
			found.secrets = append(found.secrets, convertSecret(e.body))
		}
		return nil
	})
	var refused *refusal
	if errors.As(err, &refused) && refused.status/100 == 4 && refused.status != 401 && refused.status != 429 {
		found.secrets = nil
		return nil
	}
	if err != nil {
		return r.client.problem(l.doing, scopeApps, err)
	}
	markCarried(found.secrets)
	return nil
}
