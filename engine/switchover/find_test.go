package switchover_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/switchover"
)

func moved(id, name, client string) switchover.Progress {
	return switchover.Progress{
		Item:     identity.Address{Source: "okta.corp", Kind: identity.KindApplication, ID: id},
		Name:     name,
		Resource: identity.ResourceID{Type: "client", Key: client},
	}
}

func TestFind_TakesTheMostExactNameThatMeansOneApplication(t *testing.T) {
	all := []switchover.Progress{moved("1", "Wiki", "wiki"), moved("2", "wiki", "other"), moved("3", "Chat", "chat"),
		moved("4", "Chat", "chat-old")}
	others := []identity.Item{{Source: "okta.corp", Kind: identity.KindApplication, ID: "9", Name: "Fax"}}
	cases := map[string]struct{ text, id, code, says string }{
		"an id":                            {text: "3", id: "3"},
		"an address":                       {text: all[3].Address(), id: "4"},
		"a client":                         {text: "chat-old", id: "4"},
		"a resource":                       {text: "client:chat", id: "3"},
		"a client before a name":           {text: "wiki", id: "1"},
		"the exact name":                   {text: "Wiki", id: "1"},
		"a name that two have":             {text: "Chat", code: "application-ambiguous", says: "2 applications have"},
		"a name in capitals that two have": {text: "WIKI", code: "application-ambiguous", says: "Give one of these"},
		"one that no plan moves":           {text: "Fax", code: "application-not-moved", says: `"Fax" a place in the target`},
		"an id of one that no plan moves":  {text: "9", code: "application-not-moved", says: `"Fax"`},
		"nobody's name":                    {text: "Mail", code: "application-unknown", says: "are Chat, Chat, Wiki, wiki."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			found, err := switchover.Find(all, others, c.text)
			var d diag.Diagnostic
			if errors.As(err, &d); d.Code != c.code || found.Item.ID != c.id || !strings.Contains(d.Detail, c.says) {
				t.Errorf("found %q, %v", found.Item.ID, err)
			}
		})
	}
}

func TestNotFound_ListsNoMoreNamesThanOneReads(t *testing.T) {
	var all []switchover.Progress
	for _, id := range strings.Split("abcdefghijkl", "") {
		all = append(all, moved(id, "App "+id, id))
	}
	for n, want := range map[int]string{
		12: "App j and 2 more.", 11: "App j and 1 more.", 10: "App i, App j.", 0: "No plan of this",
	} {
		if err := switchover.NotFound(all[:n], nil, "x"); !strings.Contains(err.Error(), want) {
			t.Errorf("of %d: %v", n, err)
		}
	}
}
