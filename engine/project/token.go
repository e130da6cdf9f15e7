package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/rehome-iam/rehome/engine/authorization"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// Rules of this file: a token is a parameter or a local value, never a field, and no message holds it.

const (
	tokenVariable   = "REHOME_TOKEN"
	tokenLeeway     = 30 * time.Second // clocks of issuer and runner differ a little
	issuerTimeout   = 15 * time.Second
	longestAnswer   = 1 << 20
	longestTokenErr = 300
)

// issuerError says that the issuer could not be asked, so that nothing is known about the token.
type issuerError struct{ err error }

func (e *issuerError) Error() string { return e.err.Error() }
func (e *issuerError) Unwrap() error { return e.err }

// bearerToken is the token of REHOME_TOKEN, else one that the CI system gives out for the audience.
func bearerToken(ctx context.Context, s *Settings, audience string) (string, error) {
	if token := strings.TrimSpace(s.Variable(tokenVariable)); token != "" {
		return strings.TrimPrefix(token, "Bearer "), nil
	}
	address, secret := s.Variable("ACTIONS_ID_TOKEN_REQUEST_URL"), s.Variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
	if address == "" || secret == "" {
		return "", fmt.Errorf("the migration asks for a token, and %s is not set", tokenVariable)
	}
	token, err := githubToken(ctx, address, secret, audience)
	if err != nil {
		return "", fmt.Errorf("asking GitHub Actions for a token: %w", err)
	}
	return token, nil
}

// githubToken asks the runner for a token of the job; see "OpenID Connect" in the documentation of GitHub Actions.
func githubToken(ctx context.Context, address, secret, audience string) (string, error) {
	target, err := url.Parse(address)
	if err != nil || target.Host == "" {
		return "", errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is no address")
	}
	query := target.Query()
	query.Set("audience", audience)
	target.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return "", errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is no address")
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := issuerClient().Do(request)
	if err != nil {
		return "", errors.New("the runner's token service does not answer") // the cause holds the address with its query
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("it answered %d; the job needs the permission id-token: write", response.StatusCode)
	}
	var answer struct {
		Value string `json:"value"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, longestAnswer)).Decode(&answer); err != nil ||
		answer.Value == "" {
		return "", errors.New("its answer holds no token")
	}
	return answer.Value, nil
}

func issuerClient() *http.Client { return &http.Client{Timeout: issuerTimeout} }

// discover asks the issuer for its keys' address. An answer that does not come, or is not of this issuer, is
// *issuerError.
func discover(ctx context.Context, issuer string) (*oidc.Provider, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, issuerClient()), issuer)
	if err != nil {
		return nil, &issuerError{fmt.Errorf("asking the issuer %s: %s", issuer, brief(err.Error()))}
	}
	return provider, nil
}

// verifyToken checks signature, issuer, audience and expiry, and returns the claims. Keys are fetched anew each time: a
// use case is short, and a key that was withdrawn must not count any more.
func verifyToken(ctx context.Context, rules *authorization.Rules, token string,
	now func() time.Time) (map[string]any, error) {
	provider, err := discover(ctx, rules.Issuer)
	if err != nil {
		return nil, err
	}
	verifier := provider.VerifierContext(oidc.ClientContext(ctx, issuerClient()), &oidc.Config{
		ClientID: rules.Audience,
		SupportedSigningAlgs: []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512,
			oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA},
		Now: func() time.Time { return now().Add(-tokenLeeway) },
	})
	verified, err := verifier.Verify(ctx, token)
	if err != nil {
		return nil, tokenFault(err, token)
	}
	var claims map[string]any
	if err := verified.Claims(&claims); err != nil {
		return nil, errors.New("the token's claims do not read")
	}
	return claims, nil
}

// tokenFault is why a token does not verify, without a part of it.
func tokenFault(err error, token string) error {
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return fmt.Errorf("the token expired at %s", phrase.Moment(expired.Expiry))
	}
	text := err.Error()
	if strings.Contains(text, "fetching keys") {
		return &issuerError{fmt.Errorf("fetching the issuer's keys: %s", brief(text))}
	}
	if strings.Contains(text, "malformed jwt") && !strings.Contains(text, "unexpected signature algorithm") {
		return errors.New("the token is no signed JSON Web Token")
	}
	return errors.New("the token does not verify: " + brief(strings.ReplaceAll(text, token, "(token)")))
}

func brief(text string) string {
	text = strings.TrimPrefix(strings.Join(strings.Fields(text), " "), "oidc: ")
	if len(text) > longestTokenErr {
		text = strings.ToValidUTF8(text[:longestTokenErr], "") + " …"
	}
	return text
}
