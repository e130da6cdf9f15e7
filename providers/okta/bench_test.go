package okta_test

import (
	"fmt"
	"strings"
	"testing"
)

// person is a user as Okta lists him, 1.1 kB with his links.
func person(n int) string {
	link := func(name string) string {
		return fmt.Sprintf(`%q:{"href":"https://acme.okta.example/api/v1/users/00u%017d/lifecycle/%s","method":"POST"}`,
			name, n, name)
	}
	return fmt.Sprintf(`{"id":"00u%017d","status":"ACTIVE","created":"2024-05-02T10:11:12.000Z","activated":null,"statusChanged":"2024-05-02T10:12:12.000Z",
"lastLogin":"2026-11-20T07:00:00.000Z","passwordChanged":null,"type":{"id":"oty1a2b3c4d5e6f7g8h9"},"profile":{"firstName":"Ana","lastName":"Núñez","mobilePhone":null,
"secondEmail":"","login":"ana%06d@acme.example","email":"ana%06d@acme.example","department":"Field","title":"Surveyor","costCenter":4711,"managerId":"00u1"},
"credentials":{"password":{},"recovery_question":{"question":"first pet"},"provider":{"type":"OKTA","name":"OKTA"}},"_links":{%s,%s,%s}}`,
		n, n, n, link("suspend"), link("deactivate"), link("reset_password"))
}

// BenchmarkCollect_People reads 10,000 people and their memberships of one group, over HTTPS, page by page.
func BenchmarkCollect_People(b *testing.B) {
	org := newOrg(b)
	serve := func(path string, size, total int) {
		for first := 0; first < total; first += size {
			location := path
			if first > 0 {
				location = following(path, first)
			}
			people := make([]string, 0, size)
			for n := first; n < first+size; n++ {
				people = append(people, person(n))
			}
			org.bodies[location] = "[" + strings.Join(people, ",") + "]"
			if first+size < total {
				org.next[location] = fmt.Sprintf(`<%s%s>; rel="next"`, org.URL, following(path, first+size))
			}
		}
	}
	org.bodies[groups] = `[{"id":"00g1","type":"OKTA_GROUP","profile":{"name":"All"}}]`
	serve(users, 200, 10_000)
	serve("/api/v1/groups/00g1/users?limit=1000", 1000, 10_000)
	source := org.source(b)
	b.ResetTimer()
	for b.Loop() {
		sink := &memory{}
		if err := source.Collect(b.Context(), sink); err != nil {
			b.Fatal(err)
		}
		if len(sink.items) < 20_000 {
			b.Fatalf("%d items", len(sink.items))
		}
	}
}

// following is the location of a later page, with its parameters sorted as the client sends them.
func following(path string, first int) string {
	return strings.Replace(path, "?", fmt.Sprintf("?after=%d&", first), 1)
}
