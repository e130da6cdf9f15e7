package probing

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// breakGlass tries an account that must always get in. Its password is not needed: that there is one is read, and that
// the sign-in page asks for it, and not for an upstream, is seen by typing the name.
func (p *probing) breakGlass(ctx context.Context) {
	p.try(ctx, "account_ready", p.accountReady)
	p.try(ctx, "password_asked", p.passwordAsked)
	p.try(ctx, "signs_in", p.signsIn)
}

func (p *probing) accountReady(ctx context.Context) (finding, error) {
	name := p.request.Resource.Key
	id, err := p.person(ctx, name)
	if err != nil {
		return finding{}, err
	}
	var user object.Object
	if err := p.Get(ctx, p.Admin("users", id), nil, &user); err != nil {
		return finding{}, err
	}
	var credentials []object.Object
	if err := p.Get(ctx, p.Admin("users", id, "credentials"), nil, &credentials); err != nil {
		return finding{}, err
	}
	var locked struct {
		Disabled bool `json:"disabled"`
	}
	if err := p.Get(ctx, p.Admin("attack-detection", "brute-force", "users", id), nil, &locked); err != nil {
		return finding{}, err
	}
	password := false
	for _, credential := range credentials {
		password = password || admin.Text(credential, "type") == "password"
	}
	enabled, _ := user["enabled"].(bool)
	actions := object.Texts(user["requiredActions"])
	switch {
	case !enabled:
		return failed("the account "+name, "the account is disabled"), nil
	case locked.Disabled:
		return failed("the account "+name, "the account is locked after wrong passwords"), nil
	case !password:
		return failed("the credentials of "+name, "the account has no password of its own"), nil
	case len(actions) > 0:
		return failed("the required actions of "+name, "the account must first do something else: %s",
			admin.Printable(strings.Join(actions, ", "))), nil
	}
	return passed("the account is on, has a password of its own and nothing to do first"), nil
}

// passwordAsked types the name into the realm's sign-in page: a page with a password must follow, not an upstream.
func (p *probing) passwordAsked(ctx context.Context) (finding, error) {
	person := newVisitor(p.Realm)
	query := url.Values{"client_id": {probeClient}, "redirect_uri": {p.consoleCallback()}, "response_type": {"code"},
		"scope": {"openid"}, "state": {"rehome-probe"},
		"code_challenge_method": {"S256"}, "code_challenge": {someChallenge}, "prompt": {"login"}}
	page, err := person.open(ctx, p.authorization(query), nil)
	if err != nil {
		return finding{}, err
	}
	action := formOf(page)
	if page.Status != http.StatusOK || action == "" {
		return failed("the browser flow of the realm", "the sign-in page does not come: %d %s", page.Status,
			complaintOf(page)), nil
	}
	if !asksPassword(page) { // with organizations the name is asked first
		if page, err = person.open(ctx, action, url.Values{"username": {p.request.Resource.Key}}); err != nil {
			return finding{}, err
		}
	}
	if target := sentTo(page); target != nil {
		return failed("the organization of the account's e-mail domain",
			"the account is sent to %s instead of being asked for its password", printableURL(target.String())), nil
	}
	if !asksPassword(page) {
		return failed("the browser flow of the realm", "the sign-in page does not ask for a password: %d %s", page.Status,
			complaintOf(page)), nil
	}
	return passed("the sign-in page asks the account for its password"), nil
}

func asksPassword(page admin.Reply) bool {
	return page.Status == http.StatusOK && bytes.Contains(page.Body, []byte(`type="password"`))
}

// signsIn goes through the realm's flow with a session of the account, where the configuration allows to act as
// somebody.
func (p *probing) signsIn(ctx context.Context) (result finding, err error) {
	if !p.request.Impersonate {
		return skipped("the configuration does not allow to act as somebody"), nil
	}
	person, session, err := p.actAs(ctx, p.request.Resource.Key)
	if err != nil {
		return finding{}, err
	}
	defer func() {
		if ended := p.Delete(context.WithoutCancel(ctx), p.Admin("sessions", session), nil); ended != nil && err == nil {
			result, err = failed("the sessions of "+p.request.Resource.Key,
				"the session of the probe could not be ended: %v", ended), nil
		}
	}()
	query := url.Values{"client_id": {probeClient}, "redirect_uri": {p.consoleCallback()}, "response_type": {"code"},
		"scope": {"openid"}, "state": {"rehome-probe"},
		"code_challenge_method": {"S256"}, "code_challenge": {someChallenge}, "prompt": {"none"}}
	answer, err := person.open(ctx, p.authorization(query), nil)
	if err != nil {
		return finding{}, err
	}
	if target := sentTo(answer); target == nil || answerOf(target).Get("code") == "" {
		return failed("the browser flow of the realm", "a session of the account gets no code: %d %s", answer.Status,
			complaintOf(answer)), nil
	}
	return passed("a session of the account gets a code"), nil
}
