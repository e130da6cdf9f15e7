package main

import (
	"encoding/json"

	"github.com/rogpeppe/go-internal/testscript"
)

// openIn tells whether a client of a realm file is there and open: open-in FILE CLIENT.
func openIn(ts *testscript.TestScript, neg bool, args []string) {
	var realm struct {
		Clients []struct {
			ClientID string `json:"clientId"`
			Enabled  bool   `json:"enabled"`
		} `json:"clients"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &realm))
	for _, client := range realm.Clients {
		if client.ClientID != args[1] {
			continue
		}
		if client.Enabled == neg {
			ts.Fatalf("client %s: enabled is %t", args[1], client.Enabled)
		}
		return
	}
	ts.Fatalf("%s holds no client %s", args[0], args[1])
}
