package labokta

import (
	"encoding/json"
	"net/http"
	"strings"
)

// routes lists every endpoint. What is not here answers 404 E0000007.
func (s *Server) routes() http.Handler {
	t, mux := s.tenant, http.NewServeMux()
	small := pageSize{standard: 20, largest: 200}
	root := "/api/v1"

	mux.Handle(root+"/apps", s.paged(small, everything(t.apps)))
	mux.Handle(root+"/apps/{id}", one(t.apps, "AppInstance"))
	mux.Handle(root+"/apps/{id}/groups", s.paged(small, below(t.apps, "AppInstance", t.appGroups)))
	mux.Handle(root+"/apps/{id}/users", s.paged(pageSize{standard: 50, largest: 500},
		below(t.apps, "AppInstance", t.appUsers)))
	mux.Handle(root+"/apps/{id}/sso/saml/metadata", http.HandlerFunc(s.metadata))
	mux.Handle(root+"/apps/{id}/credentials/secrets", whole(below(t.apps, "AppInstance", t.secrets)))

	mux.Handle(root+"/idps", s.paged(small, everything(t.idps)))
	mux.Handle(root+"/idps/{id}", one(t.idps, "IdentityProvider"))
	mux.Handle(root+"/idps/credentials/keys", s.paged(small, everything(t.idpKeys)))
	mux.Handle(root+"/idps/credentials/keys/{id}", one(t.idpKeys, "Key"))

	mux.Handle(root+"/policies", s.paged(pageSize{standard: 200, largest: 200}, s.policies))
	mux.Handle(root+"/policies/{id}", one(t.policies, "Policy"))
	mux.Handle(root+"/policies/{id}/rules", whole(below(t.policies, "Policy", t.policyRules)))

	mux.Handle(root+"/groups", s.paged(pageSize{standard: 10000, largest: 10000}, everything(t.groups)))
	mux.Handle(root+"/groups/{id}", one(t.groups, "UserGroup"))
	mux.Handle(root+"/groups/{id}/users", s.paged(pageSize{standard: 1000, largest: 1000}, s.groupUsers))
	mux.Handle(root+"/groups/rules", s.paged(pageSize{standard: 50, largest: 200}, everything(t.groupRules)))

	mux.Handle(root+"/users", s.paged(pageSize{standard: 200, largest: 200}, s.users))
	mux.Handle(root+"/users/me", http.HandlerFunc(s.me))
	mux.Handle(root+"/users/{id}", http.HandlerFunc(s.user))

	mux.Handle(root+"/logs", s.paged(pageSize{standard: 100, largest: 1000}, s.logs))

	mux.Handle(root+"/domains", single(t.domains, `{"domains":[]}`))
	mux.Handle(root+"/mappings", s.paged(small, mappings(withoutProperties(t.mappings))))
	mux.Handle(root+"/mappings/{id}", one(t.mappings, "ProfileMapping"))
	mux.Handle(root+"/meta/schemas/user/default", single(t.schemas["user"], `{"definitions":{}}`))
	mux.HandleFunc(root+"/meta/schemas/apps/{id}/default", s.schema)
	mux.Handle(root+"/zones", s.paged(small, everything(t.zones)))
	mux.Handle(root+"/zones/{id}", one(t.zones, "NetworkZone"))
	mux.Handle(root+"/authorizationServers", s.paged(pageSize{standard: 200, largest: 200},
		everything(t.authorizationServers)))
	mux.Handle(root+"/authorizationServers/{id}", one(t.authorizationServers, "AuthorizationServer"))
	mux.Handle(root+"/org", single(t.org, `{}`))
	mux.Handle("/.well-known/okta-organization", single(t.wellKnown, `{}`))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "E0000007", "Not found: Resource not found: "+r.URL.Path)
	})
	return mux
}

// one answers the object named in the path.
func one(objects []object, kind string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, ok := find(objects, r.PathValue("id"))
		if !ok {
			notFound(w, r.PathValue("id"), kind)
			return
		}
		reply(w, r, found)
	})
}

// below chooses the children of the object named in the path.
func below(parents []object, kind string, children map[string][]object) selected {
	return func(w http.ResponseWriter, r *http.Request) ([]object, bool) {
		id := r.PathValue("id")
		if _, ok := find(parents, id); !ok {
			notFound(w, id, kind)
			return nil, false
		}
		return children[id], true
	}
}

// schema answers what an app or an identity provider knows of people.
func (s *Server) schema(w http.ResponseWriter, r *http.Request) {
	body, found := s.tenant.schemas[r.PathValue("id")]
	if !found {
		notFound(w, r.PathValue("id"), "AppInstance")
		return
	}
	reply(w, r, body)
}

// whole answers a list that has no pages and no Link line.
func whole(choose selected) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		objects, ok := choose(w, r)
		if !ok {
			return
		}
		reply(w, r, append([]object{}, objects...))
	})
}

// single answers a fixed body, or the given one where the tenant has none.
func single(body json.RawMessage, otherwise string) http.Handler {
	if body == nil {
		body = json.RawMessage(otherwise)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reply(w, r, body) })
}

// policies needs a type, as the vendor does.
func (s *Server) policies(w http.ResponseWriter, r *http.Request) ([]object, bool) {
	kind := r.URL.Query().Get("type")
	if kind == "" {
		refuse(w, http.StatusBadRequest, "E0000001", "Api validation failed: type")
		return nil, false
	}
	var out []object
	for _, p := range s.tenant.policies {
		if p.kind == kind {
			out = append(out, p)
		}
	}
	return out, true
}

func (s *Server) groupUsers(w http.ResponseWriter, r *http.Request) ([]object, bool) {
	id := r.PathValue("id")
	if _, ok := find(s.tenant.groups, id); !ok {
		notFound(w, id, "UserGroup")
		return nil, false
	}
	return s.tenant.members(id), true
}

// users leaves DEPROVISIONED users out unless a filter or search is given.
func (s *Server) users(_ http.ResponseWriter, r *http.Request) ([]object, bool) {
	query := r.URL.Query()
	if query.Has("filter") || query.Has("search") {
		return s.tenant.users, true
	}
	return s.tenant.current, true
}

// me answers the owner of the token, who is the first user of the tenant.
func (s *Server) me(w http.ResponseWriter, r *http.Request) {
	if len(s.tenant.users) == 0 {
		notFound(w, "me", "User")
		return
	}
	reply(w, r, s.tenant.users[0])
}

// user finds a user by id or by login.
func (s *Server) user(w http.ResponseWriter, r *http.Request) {
	want := r.PathValue("id")
	if i, ok := s.tenant.userAt[want]; ok {
		reply(w, r, s.tenant.users[i])
		return
	}
	for _, u := range s.tenant.users {
		if strings.EqualFold(login(u), want) {
			reply(w, r, u)
			return
		}
	}
	notFound(w, want, "User")
}

func login(u object) string {
	var body struct {
		Profile struct{ Login string }
	}
	if json.Unmarshal(u.body, &body) != nil {
		return ""
	}
	return body.Profile.Login
}

// mappings honours sourceId and targetId.
func mappings(all []object) selected {
	return func(_ http.ResponseWriter, r *http.Request) ([]object, bool) {
		source, target := r.URL.Query().Get("sourceId"), r.URL.Query().Get("targetId")
		var out []object
		for _, m := range all {
			var ends struct {
				Source, Target struct{ ID string }
			}
			if json.Unmarshal(m.body, &ends) != nil {
				continue
			}
			if (source == "" || source == ends.Source.ID) && (target == "" || target == ends.Target.ID) {
				out = append(out, m)
			}
		}
		return out, true
	}
}

// withoutProperties gives the list form of mappings: only a single mapping carries its properties.
func withoutProperties(mappings []object) []object {
	out := make([]object, 0, len(mappings))
	for _, m := range mappings {
		var body map[string]json.RawMessage
		if json.Unmarshal(m.body, &body) == nil {
			delete(body, "properties")
			// A map of valid JSON always encodes.
			m.body, _ = json.Marshal(body)
		}
		out = append(out, m)
	}
	return out
}
