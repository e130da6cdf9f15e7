package current

import (
	"context"
	"encoding/xml"
	"net/http"

	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

const bindingPost = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

// Descriptor is what an application needs of the realm's SAML metadata.
type Descriptor struct {
	EntityID string `xml:"entityID,attr"`
	Provider struct {
		Keys []struct {
			Use          string   `xml:"use,attr"`
			Certificates []string `xml:"KeyInfo>X509Data>X509Certificate"`
		} `xml:"KeyDescriptor"`
		SignOn []Service `xml:"SingleSignOnService"`
		Logout []Service `xml:"SingleLogoutService"`
	} `xml:"IDPSSODescriptor"`
}

// Service is an address of the realm for one binding.
type Service struct {
	Binding  string `xml:"Binding,attr"`
	Location string `xml:"Location,attr"`
}

// Location is the address for the POST binding, or the first one.
func Location(services []Service) string {
	for _, s := range services {
		if s.Binding == bindingPost {
			return s.Location
		}
	}
	if len(services) > 0 {
		return services[0].Location
	}
	return ""
}

// Descriptor reads the realm's public SAML metadata.
func (c *Realm) Descriptor(ctx context.Context) (Descriptor, error) {
	request := admin.Call{Method: http.MethodGet, Path: c.Public("protocol", "saml", "descriptor")}
	var found Descriptor
	response, err := c.Send(ctx, request, http.Header{"Accept": {"application/xml"}}, nil)
	if err != nil {
		return found, err
	}
	if response.Status != http.StatusOK {
		return found, c.Refusal(request.Method, request.Path, response)
	}
	if err := xml.Unmarshal(response.Body, &found); err != nil || found.EntityID == "" || len(found.Provider.SignOn) == 0 {
		return found, c.Invalid(request, "the answer is no SAML metadata")
	}
	return found, nil
}
