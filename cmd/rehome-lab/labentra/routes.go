package labentra

import (
	"encoding/json"
	"net/http"
)

// userProperties are the ones that Graph gives of a user without $select.
func userProperties() []string {
	return []string{
		"businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone",
		"officeLocation", "preferredLanguage", "surname", "userPrincipalName", "id",
	}
}

// graph lists every endpoint below /v1.0. What is not here answers 404.
func (s *Server) graph() http.Handler {
	t, mux := s.tenant, http.NewServeMux()
	root := "/v1.0"
	directory := func(path, name string, objects []object, standard []string) {
		mux.Handle(root+path, s.list(collection{context: name, standard: standard, choose: all(objects)}))
		mux.Handle(root+path+"/{id}", one(name, objects, standard))
	}
	directory("/applications", "applications", t.applications, nil)
	directory("/servicePrincipals", "servicePrincipals", t.servicePrincipals, nil)
	directory("/groups", "groups", t.groups, nil)
	directory("/users", "users", t.users, userProperties())
	directory("/oauth2PermissionGrants", "oauth2PermissionGrants", t.grants, nil)

	plain := func(path, name string, typed bool, objects []object) {
		mux.Handle(root+path, s.list(collection{context: name, onePage: true, typed: typed, choose: all(objects)}))
		mux.Handle(root+path+"/{id}", one(name, objects, nil))
	}
	plain("/organization", "organization", false, t.organization)
	plain("/domains", "domains", false, t.domains)
	plain("/identity/conditionalAccess/policies", "identity/conditionalAccess/policies", false, t.policies)
	plain("/identity/conditionalAccess/namedLocations", "identity/conditionalAccess/namedLocations", true,
		t.namedLocations)
	mux.HandleFunc(root+"/policies/identitySecurityDefaultsEnforcementPolicy", s.defaults)
	plain("/identityProviders", "identityProviders", true, t.identityProviders)
	plain("/identity/identityProviders", "identity/identityProviders", true, t.identityProviders)

	under := func(path, name string, parents []object, children map[string][]object) {
		mux.Handle(root+path, s.list(collection{context: name, choose: below(parents, children)}))
	}
	under("/servicePrincipals/{id}/appRoleAssignedTo", "appRoleAssignments", t.servicePrincipals, t.assignedTo)
	under("/servicePrincipals/{id}/claimsMappingPolicies", "policies/claimsMappingPolicies", t.servicePrincipals,
		t.claimsPolicies)
	under("/applications/{id}/federatedIdentityCredentials", "federatedIdentityCredentials", t.applications,
		t.federatedCredentials)
	mux.Handle("/beta/auditLogs/signIns", s.list(collection{context: "auditLogs/signIns", filtered: true,
		choose: s.signInsBetween}))
	s.memberLists(mux, root)
	mux.HandleFunc(root+"/domains/{id}/federationConfiguration", s.federation)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+r.URL.Path+"'.")
	})
	return mux
}

// memberLists adds the lists of mixed types and their casts to one type.
func (s *Server) memberLists(mux *http.ServeMux, root string) {
	resolvers := map[string]func(string) []object{
		"members": s.tenant.groupMembers, "transitiveMembers": s.tenant.transitive,
	}
	for name, resolve := range resolvers {
		mux.Handle(root+"/groups/{id}/"+name, s.list(collection{
			context: "directoryObjects", typed: true, choose: s.membersBy(resolve, ""),
		}))
		for _, kind := range []string{"user", "group", "servicePrincipal"} {
			c := collection{context: kind + "s", choose: s.membersBy(resolve, "#microsoft.graph."+kind)}
			if kind == "user" {
				c.standard = userProperties()
			}
			mux.Handle(root+"/groups/{id}/"+name+"/microsoft.graph."+kind, s.list(c))
		}
	}
}

// membersBy chooses the members of the group in the path; an empty kind is all of them.
func (s *Server) membersBy(resolve func(string) []object, kind string) func(http.ResponseWriter,
	*http.Request) ([]object, bool) {
	return func(w http.ResponseWriter, r *http.Request) ([]object, bool) {
		id := r.PathValue("id")
		if _, ok := find(s.tenant.groups, id); !ok {
			notFound(w, id)
			return nil, false
		}
		var out []object
		for _, m := range resolve(id) {
			if kind == "" || m.odata == kind {
				out = append(out, m)
			}
		}
		return out, true
	}
}

func all(objects []object) func(http.ResponseWriter, *http.Request) ([]object, bool) {
	return func(http.ResponseWriter, *http.Request) ([]object, bool) { return objects, true }
}

// below chooses the children of the object named in the path.
func below(parents []object, children map[string][]object) func(http.ResponseWriter, *http.Request) ([]object, bool) {
	return func(w http.ResponseWriter, r *http.Request) ([]object, bool) {
		id := r.PathValue("id")
		if _, ok := find(parents, id); !ok {
			notFound(w, id)
			return nil, false
		}
		return children[id], true
	}
}

// one answers the object named in the path with its context in front.
func one(name string, objects []object, standard []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		found, ok := find(objects, r.PathValue("id"))
		if !ok {
			notFound(w, r.PathValue("id"))
			return
		}
		found = project(found, selectedFields(r, standard), namesKeys(r), true)
		// A string always encodes.
		text, _ := json.Marshal(context(r, name) + "/$entity")
		found.value["@odata.context"] = text
		found.names = append([]string{"@odata.context"}, found.names...)
		reply(w, found)
	}
}

// federation is 404, not an empty list, for a managed domain.
func (s *Server) federation(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	configurations, ok := s.tenant.federation[id]
	if !ok {
		notFound(w, id)
		return
	}
	s.list(collection{
		context: "domains('" + id + "')/federationConfiguration", onePage: true, typed: true, choose: all(configurations),
	})(w, r)
}

// defaults answers the security defaults, which every tenant has: on, or off as a tenant with policies has them.
func (s *Server) defaults(w http.ResponseWriter, _ *http.Request) {
	if len(s.tenant.defaults) > 0 {
		reply(w, s.tenant.defaults)
		return
	}
	reply(w, map[string]any{"id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults",
		"isEnabled": false})
}
