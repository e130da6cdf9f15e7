package realm

import "github.com/rehome-iam/rehome/engine/identity"

// The resource types of a realm.
const (
	TypeRealm          = "realm"
	TypeGroup          = "group"
	TypeProvider       = "identity_provider"
	TypeOrganization   = "organization"
	TypeClient         = "client"
	TypeClientRole     = "client_role"
	TypeGateFlows      = "gate_flows"
	TypeGate           = "gate"
	TypeRoleAssignment = "role_assignment"
	TypeEnablement     = "client_enablement"
)

// Names that rehome uses in every realm.
const (
	AccessRole   = "access"         // client role that lets its holder use the client
	GateFlowsKey = "rehome"         // key of the one gate_flows resource
	TagKey       = "rehome.item"    // attribute (client, group, provider config, organization) that holds the item address
	MarkerClient = "rehome-marker"  // disabled client that holds the marker
	MarkerKey    = "rehome.marker"  // attribute of the marker client, JSON
	MarkerCount  = "rehome.version" // attribute of the marker client: grows with every write
)

// Resources is the schema of every resource type, in the order in which they build on each other.
func Resources() []identity.ResourceSchema {
	all := make([]identity.ResourceSchema, 0, len(Types()))
	for _, t := range Types() {
		all = append(all, t.Schema)
	}
	return all
}

func text(name, doc string) identity.AttributeSchema {
	return identity.AttributeSchema{Name: name, Type: "string", Doc: doc}
}

func flag(name, doc string) identity.AttributeSchema {
	return identity.AttributeSchema{Name: name, Type: "bool", Doc: doc}
}

func number(name, doc string) identity.AttributeSchema {
	return identity.AttributeSchema{Name: name, Type: "number", Doc: doc}
}

func set(name, doc string) identity.AttributeSchema {
	return identity.AttributeSchema{Name: name, Type: "list", Doc: doc, Unordered: true}
}

func table(name, doc string) identity.AttributeSchema {
	return identity.AttributeSchema{Name: name, Type: "map", Doc: doc}
}

func key(name, doc string) identity.AttributeSchema {
	return identity.AttributeSchema{Name: name, Type: "string", Doc: doc, Identity: true}
}

func realmSchema() identity.ResourceSchema {
	return identity.ResourceSchema{
		Type: TypeRealm, Doc: "Switches of the realm itself. Read only: rehome changes none of them.", KeyFormat: "{realm}",
		Attributes: []identity.AttributeSchema{
			key("realm", "Name of the realm."),
			{Name: "organizations_enabled", Type: "bool", Computed: true, Doc: "Organizations are switched on."},
			{Name: "reset_password_allowed", Type: "bool", Computed: true, Doc: "People may ask for a new password at sign-in."},
			{Name: "registration_allowed", Type: "bool", Computed: true, Doc: "People may register themselves."},
			{Name: "browser_flow", Type: "string", Computed: true, Doc: "Flow that the realm signs people in with."},
			{Name: "direct_grant_flow", Type: "string", Computed: true, Doc: "Flow of the password grant."},
		},
	}
}

func groupSchema() identity.ResourceSchema {
	return identity.ResourceSchema{
		Type: TypeGroup, Doc: "Group of people.", KeyFormat: "{path}", Tagged: true, ItemKinds: []identity.Kind{identity.KindGroup},
		Evidence: []string{"name"}, RenameBy: "name",
		Attributes: []identity.AttributeSchema{
			key("path", "Path of the group; ~ and / inside a name are written ~0 and ~1."),
			text("name", "Name of the group."), text("description", "Text for administrators."),
			table("attributes", "Custom attributes, each a list of texts."),
		},
	}
}

func gateFlowsSchema() identity.ResourceSchema {
	return identity.ResourceSchema{
		Type: TypeGateFlows, Doc: "The three top-level authentication flows in which the gates stand.", KeyFormat: "{name}",
		Attributes: []identity.AttributeSchema{
			key("name", "Always rehome."),
			set("flows", "Aliases of the flows that are there."),
		},
	}
}

func providerSchema() identity.ResourceSchema {
	alias := key("alias", "Alias; part of the redirect address that the upstream knows.")
	alias.ForcesReplace = true
	return identity.ResourceSchema{
		Type: TypeProvider, Doc: "Upstream identity provider.", KeyFormat: "{alias}", Tagged: true,
		ItemKinds: []identity.Kind{identity.KindIdentityProvider}, Evidence: []string{"entity_id", "issuer", "display_name"}, RenameBy: "alias",
		Attributes: []identity.AttributeSchema{
			alias, text("display_name", "Name on the sign-in button."),
			text("protocol", "saml, oidc, or a social provider such as google."), flag("enabled", "People may sign in with it."),
			flag("hide_on_login", "No button on the sign-in page."), flag("trust_email", "Its e-mail addresses count as proved."),
			text("entity_id", "SAML entity id of the upstream."), text("sso_url", "Where SAML requests go."),
			text("sso_binding", "post or redirect."), text("slo_url", "Single logout address."),
			text("audience", "Our entity id as the upstream knows it."), set("signing_certificates", "Certificates of the upstream, base64 DER."),
			flag("want_assertions_signed", "Assertions must be signed."), flag("want_authn_requests_signed", "Our requests are signed."),
			flag("validate_signature", "Signatures of the upstream are checked."),
			text("name_id_format", "NameID format asked for."), text("issuer", "OIDC issuer."),
			text("authorization_url", "OIDC authorization endpoint."), text("token_url", "OIDC token endpoint."),
			text("userinfo_url", "OIDC userinfo endpoint."), text("jwks_url", "OIDC key set address."),
			text("client_id", "Our client id at the upstream."),
			{Name: "client_secret", Type: "string", Sensitive: true, Doc: "Our secret at the upstream."},
			text("client_authentication", "client_secret_basic, client_secret_post or private_key_jwt."),
			text("scopes", "Scopes asked for, with blanks between."), flag("pkce", "Proof key S256 is used."),
			text("sync_mode", "FORCE or IMPORT."), number("clock_skew", "Tolerated clock difference in seconds."),
			text("first_broker_flow", "Alias of the flow of a first sign-in."),
			text("post_broker_flow", "Alias of the flow that runs after every sign-in with it."),
			set("mappers", "Attribute mappers: maps of name, type and config."),
		},
	}
}

func organizationSchema() identity.ResourceSchema {
	alias := key("alias", "Alias of the organization.")
	alias.ForcesReplace = true
	return identity.ResourceSchema{
		Type: TypeOrganization, Doc: "Sends people of its domains to its identity provider.", KeyFormat: "{alias}", Tagged: true,
		ItemKinds: []identity.Kind{identity.KindRoutingRule}, Evidence: []string{"domains", "identity_provider"},
		Attributes: []identity.AttributeSchema{
			alias, text("name", "Name."), set("domains", "E-mail domains; *.example.com includes sub-domains."),
			text("identity_provider", "Alias of the linked provider, to which people of the domains are sent."),
			flag("redirect", "People of the domains are sent to the provider without asking."),
			{Name: "other_providers", Type: "list", Unordered: true, Computed: true, Doc: "Further providers linked to it."},
		},
	}
}

func clientSchema() identity.ResourceSchema {
	return identity.ResourceSchema{
		Type: TypeClient, Doc: "Application. Made disabled; client_enablement is what opens it.", KeyFormat: "{client_id}", Tagged: true,
		ItemKinds: []identity.Kind{identity.KindApplication}, Evidence: []string{"client_id", "redirect_uris", "name"}, RenameBy: "client_id",
		Attributes: []identity.AttributeSchema{
			key("client_id", "OIDC client id or SAML entity id."), text("protocol", "openid-connect or saml."),
			text("name", "Display name."), text("description", "Text for administrators."), text("base_url", "Start page."),
			set("redirect_uris", "Allowed redirect URIs or assertion consumer URLs."), set("web_origins", "Origins that may call from a browser."),
			flag("public", "The client has no secret."), text("client_authenticator", "client-secret, client-secret-jwt or client-jwt."),
			flag("standard_flow", "Authorization code."), flag("implicit_flow", "Implicit grant."),
			flag("direct_access_grants", "Password grant; never switched on, because it leaves every flow out."),
			flag("service_accounts", "The client may sign in as itself."), flag("consent_required", "People are asked for consent."),
			flag("front_channel_logout", "Signed out through the browser."), flag("full_scope_allowed", "Tokens hold all roles of the person."),
			table("attributes", "Attributes that rehome knows, those at their default left out."),
			set("protocol_mappers", "What tokens and assertions say: maps of name, type and config."),
			set("default_client_scopes", "Default client scopes, set only where they must differ from those of the realm."),
			{Name: "secret", Type: "string", Sensitive: true, Generated: true, Doc: "Secret of a confidential client."},
		},
	}
}

func clientRoleSchema() identity.ResourceSchema {
	return identity.ResourceSchema{
		Type: TypeClientRole, Doc: "Role of a client; access lets its holder through the gate.", KeyFormat: "{client}/{role}",
		Attributes: []identity.AttributeSchema{
			key("client", "Client id."), key("role", "Name of the role."), text("description", "Text for administrators."),
		},
	}
}

func gateSchema() identity.ResourceSchema {
	return identity.ResourceSchema{
		Type: TypeGate, Doc: "Lets only holders of the access role use a client.", KeyFormat: "{client}",
		Attributes: []identity.AttributeSchema{
			key("client", "Client id."), text("protocol", "Protocol of the client; the marker scopes must have the same."),
			text("deny_message", "What somebody without the role reads."),
			flag("intact", "Every part is in place: marker scopes, the sub-flow in all three flows, and the client's flow overrides."),
		},
	}
}

func roleAssignmentSchema() identity.ResourceSchema {
	return identity.ResourceSchema{
		Type: TypeRoleAssignment, Doc: "Gives a client role to a group.", KeyFormat: "{group} -> {client}/{role}",
		ItemKinds: []identity.Kind{identity.KindAppAssignment},
		Attributes: []identity.AttributeSchema{
			key("group", "Path of the group."), key("client", "Client id."), key("role", "Name of the role."),
		},
	}
}

func enablementSchema() identity.ResourceSchema {
	return identity.ResourceSchema{
		Type: TypeEnablement, Doc: "Opens a client: the last step of an application.", KeyFormat: "{client}", Opens: true,
		Attributes: []identity.AttributeSchema{
			key("client", "Client id."), flag("enabled", "People may sign in to it."),
		},
	}
}
