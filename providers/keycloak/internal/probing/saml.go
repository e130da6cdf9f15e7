package probing

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// largestRequest is how many bytes an inflated AuthnRequest may have.
const largestRequest = 1 << 20

// authnRequest is what a probe writes and reads of a SAML authentication request (saml-core-2.0-os, 3.4.1).
type authnRequest struct {
	XMLName     xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:protocol AuthnRequest"`
	ID          string   `xml:"ID,attr"`
	Version     string   `xml:"Version,attr"`
	Instant     string   `xml:"IssueInstant,attr"`
	Destination string   `xml:"Destination,attr,omitempty"`
	ACS         string   `xml:"AssertionConsumerServiceURL,attr,omitempty"`
	Passive     bool     `xml:"IsPassive,attr,omitempty"`
	Issuer      string   `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
}

// samlAddress is where an application sends a browser with an unsigned request.
func (p *probing) samlAddress(acs string) string {
	request := authnRequest{
		ID: "_rehome-probe", Version: "2.0", Instant: p.Now().UTC().Format(time.RFC3339), ACS: acs,
		Issuer:      p.request.Resource.Key,
		Destination: p.issuer + "/protocol/saml",
	}
	encoded, err := xml.Marshal(request)
	if err != nil {
		return "" // a struct of texts always encodes
	}
	var packed bytes.Buffer
	writer, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return "" // the level is a constant that flate knows
	}
	_, _ = writer.Write(encoded)
	_ = writer.Close()
	return p.Public("protocol",
		"saml") + "?" + url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(packed.Bytes())}}.Encode()
}

// samlRequest sends a request as the application would, and one with an address that is not the application's.
func (p *probing) samlRequest(ctx context.Context) (finding, error) {
	attributes, _ := p.request.Attributes["attributes"].(map[string]any)
	if attributes["saml.client.signature"] == "true" {
		return skipped("the application signs its requests, and its key is not known here"), nil
	}
	acs, _ := attributes["saml_assertion_consumer_url_post"].(string)
	if acs == "" {
		if all := object.Texts(p.request.Attributes["redirect_uris"]); len(all) > 0 {
			acs = all[0]
		}
	}
	good, err := newVisitor(p.Realm).open(ctx, p.samlAddress(acs), nil)
	if err != nil {
		return finding{}, err
	}
	if good.Status >= http.StatusBadRequest {
		return failed("entity id and assertion consumer URL of the client", "a request of the application is refused: %d %s",
			good.Status, complaintOf(good)), nil
	}
	bad, err := newVisitor(p.Realm).open(ctx, p.samlAddress(strangeRedirect), nil)
	if err != nil {
		return finding{}, err
	}
	if bad.Status < http.StatusBadRequest {
		return failed("Valid redirect URIs of the client", "a made-up assertion consumer URL is not refused: %d",
			bad.Status), nil
	}
	return passed("a request of the application is accepted, a made-up assertion consumer URL is refused").with("refusal",
		fmt.Sprint(bad.Status, " ", complaintOf(bad))), nil
}

// readAuthnRequest reads a request as it stands in an address (deflated) or in a form (plain).
func readAuthnRequest(text string, deflated bool) (authnRequest, error) {
	var request authnRequest
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return request, errors.New("the SAMLRequest is not base64")
	}
	var reader io.Reader = bytes.NewReader(raw)
	if deflated {
		reader = flate.NewReader(reader)
	}
	content, err := io.ReadAll(io.LimitReader(reader, largestRequest))
	if err != nil {
		return request, errors.New("the SAMLRequest does not inflate")
	}
	if err := xml.Unmarshal(content, &request); err != nil {
		return request, errors.New("the SAMLRequest is not an AuthnRequest")
	}
	return request, nil
}
