package okta_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
)

func TestCollect_AnExpiredCursorBeginsThatListOnceAgain(t *testing.T) {
	for name, c := range map[string]struct {
		refusals int // of the second page
		works    bool
	}{"once": {1, true}, "again and again": {9, false}} {
		t.Run(name, func(t *testing.T) {
			org := newOrg(t)
			const second = "/api/v1/groups?after=cursor&limit=10000"
			org.bodies[groups] = `[{"id":"00g1","type":"OKTA_GROUP","profile":{"name":"One"}}]`
			org.next[groups] = fmt.Sprintf(`<%s%s>; rel="next"`, org.URL, second)
			refused := 0
			org.faults[second] = func(w http.ResponseWriter, r *http.Request) {
				if refused++; refused <= c.refusals {
					refuse(http.StatusBadRequest, "E0000001", "Api validation failed: after")(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, `[{"id":"00g2","type":"OKTA_GROUP","profile":{"name":"Two"}}]`)
			}
			sink, err := collect(t, org)
			if !c.works {
				var fault *contract.ProviderError
				if !errors.As(err, &fault) || refused != 2 {
					t.Errorf("%v after %d refusals", err, refused)
				}
				return
			}
			ids := slices.DeleteFunc(sink.ids(), func(id string) bool { return id[:6] != "group/" })
			if err != nil || !slices.Equal(ids, []string{"group/00g1", "group/00g2"}) {
				t.Errorf("%v, %v", ids, err)
			}
		})
	}
}
