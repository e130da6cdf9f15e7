package config

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/rehome-iam/rehome/engine/diag"
)

// BreakGlass names the accounts of the target that must always get in, by login name.
type BreakGlass struct {
	Users []string
	Range diag.Range
}

func (l *loader) breakGlass(block *hcl.Block) {
	f := l.content(block.Body, []string{"users"}, nil)
	b := BreakGlass{Users: f.list("users"), Range: rangeOf(block.DefRange)}
	if attribute := f.attributes["users"]; attribute != nil && len(b.Users) == 0 {
		l.report(codeArgumentInvalid, "Empty argument", attribute.Expr.Range(), "users must name at least one account.")
	}
	l.config.BreakGlass = &b
}
