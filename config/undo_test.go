package config

import (
	"strings"
	"testing"

	"github.com/rehome-iam/rehome/engine/declaration"
)

func TestUndo_SaysWhatBecomesOfAResource(t *testing.T) {
	cfg, problems := load(t, `undo "client:https://a.example/x" {
  decision = "disable"
  reason   = "later"
}`, Inputs{})
	if problems.HasErrors() || len(cfg.Undos) != 1 {
		t.Fatalf("%v %+v", problems, cfg)
	}
	u := cfg.Undos[0]
	if u.Resource.Type != "client" || u.Resource.Key != "https://a.example/x" || u.Choice != declaration.UndoDisable ||
		u.Range.Start.Line == 0 {
		t.Errorf("%+v", u)
	}
	for text, want := range map[string]string{
		`undo "client" { 
  decision = "keep"
  reason   = "x"
}`: "client:payroll",
		`undo "client:a" {
  decision = "destroy"
  reason   = "x"
}`: "keep",
		`undo "client:a" {
  decision = "keep"
  reason   = ""
}`: "reason must say something",
		`undo "client:a" {
  decision = "keep"
}`: "reason",
	} {
		_, problems := load(t, text, Inputs{})
		if err := problems.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v", text, err)
		}
	}
}
