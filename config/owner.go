package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/merge"
)

// Application says who owns applications of a source and when they are switched on. It changes no plan and no hash.
type Application struct {
	Name     string
	Where    merge.Where
	Owner    string
	Contact  string
	SwitchOn string   // a day, empty when not agreed
	Confirm  []string // what the owner is asked to confirm
	Range    diag.Range
}

// application reads one block of an application's owner.
func (l *loader) application(block *hcl.Block) {
	f := l.content(block.Body, []string{"where", "owner"}, []string{"contact", "switch_on", "confirm"})
	f.notEmpty("owner")
	where := l.condition(identity.KindApplication, f)
	if where == nil {
		return
	}
	l.config.Applications = append(l.config.Applications,
		Application{Name: block.Labels[0], Where: where.predicate, Owner: f.text("owner"),
			Contact: f.text("contact"), SwitchOn: f.day("switch_on"), Confirm: f.list("confirm"),
			Range: rangeOf(block.DefRange)})
}

// ApplicationOf finds the application block that means an item, nil when none does. Two blocks that mean one item are
// an error.
func (c *Config) ApplicationOf(item identity.Item) (*Application, error) {
	var found *Application
	for i := range c.Applications {
		match, err := c.Applications[i].Where(item)
		if err != nil {
			return nil, fmt.Errorf("finding the owner of %s: %w", item.Address(), err)
		}
		if !match {
			continue
		}
		if found != nil {
			second := c.Applications[i]
			d := diag.Errorf(codeOwnerTwice, "Two owners of one application",
				"%q is meant by the application blocks %q (%s line %d) and %q (%s line %d).\nNarrow the where of one.",
				item.Name, found.Name, found.Range.File, found.Range.Start.Line, second.Name, second.Range.File,
				second.Range.Start.Line)
			d.Subject = &second.Range
			return nil, d
		}
		found = &c.Applications[i]
	}
	return found, nil
}
