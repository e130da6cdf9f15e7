package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/rehome-iam/rehome/engine/diag"
)

// Verify says what probes may do. Members and Strangers name people by application: its name or its key in the target.
type Verify struct {
	Impersonate bool
	Members     map[string]string
	Stranger    string            // who may use none of the applications
	Strangers   map[string]string // by application, where Stranger does not suit
	Range       diag.Range
}

func (l *loader) verify(block *hcl.Block) {
	f := l.content(block.Body, nil, []string{"impersonate", "members", "stranger", "strangers"})
	l.config.Verify = &Verify{Impersonate: f.flag("impersonate"), Members: f.table("members"),
		Stranger: f.text("stranger"), Strangers: f.table("strangers"),
		Range: rangeOf(block.DefRange)}
}

// table is a map of texts.
func (f fields) table(name string) map[string]string {
	value, ok := f.value(name, cty.Map(cty.String))
	if !ok {
		return nil
	}
	texts := map[string]string{}
	for key, element := range value.AsValueMap() {
		if !element.IsNull() {
			texts[key] = element.AsString()
		}
	}
	return texts
}
