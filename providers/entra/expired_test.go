package entra

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

const expiredPage = `{"error":{"code":"Directory_ExpiredPageToken","message":"The specified page token value has expired."}}`

func TestCollect_AnExpiredPageTokenBeginsThatListOnceAgain(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("groups", linked("/v1.0/groups?$skiptoken=two", `{"id":"g1","displayName":"One","groupTypes":[]}`))
	f.answer("groups?two", status(http.StatusBadRequest, expiredPage),
		elements(`{"id":"g2","displayName":"Two","groupTypes":[]}`))
	for _, id := range []string{"g1", "g2"} {
		f.answer("groups/"+id+"/members", elements())
		f.answer("groups/"+id+"/transitiveMembers", elements())
	}
	s, _ := configured(t, f, nil)
	sink := &collected{items: map[string]identity.Item{}}
	if err := s.Collect(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	var groups []string
	for id := range sink.items {
		if strings.HasPrefix(id, "group/") {
			groups = append(groups, id)
		}
	}
	slices.Sort(groups)
	if !slices.Equal(groups, []string{"group/g1", "group/g2"}) || len(sink.twice) > 0 {
		t.Errorf("%v, twice %v", groups, sink.twice)
	}
}

func TestCollect_AnExpiredPageTokenThatComesBackIsAnError(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("users", linked("/v1.0/users?$skiptoken=two", `{"id":"u1"}`))
	f.answer("users?two", status(http.StatusBadRequest, expiredPage))
	s, _ := configured(t, f, nil)
	err := s.Collect(t.Context(), &collected{items: map[string]identity.Item{}})
	if err == nil || !strings.Contains(err.Error(), "Directory_ExpiredPageToken") {
		t.Errorf("%v", err)
	}
}

func TestCollect_ALongWaitIsTold(t *testing.T) {
	f := newFakeTenant(t)
	f.answer("users", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		write(w, http.StatusTooManyRequests, `{}`)
	}, elements())
	s, _ := configured(t, f, nil)
	reported := make(chan reading.Sign, 100)
	s.settings.alive = func(sign reading.Sign) {
		if sign.Wait > 0 {
			reported <- sign
		}
	}
	if err := s.Collect(t.Context(), &collected{items: map[string]identity.Item{}}); err != nil {
		t.Fatal(err)
	}
	if sign := <-reported; sign.Wait.Seconds() < 120 || !strings.HasSuffix(sign.Path, "/users") {
		t.Errorf("told %+v", sign)
	}
	if New("1").(*source).settings.alive == nil {
		t.Error("the source tells nobody")
	}
}
