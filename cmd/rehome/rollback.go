package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/rollback"
)

type rollbackOptions struct {
	run, out, markdown string
	verbose            bool
}

func newRollbackCommand(env *environment, global *options) *cobra.Command {
	var o rollbackOptions
	c := &cobra.Command{
		Use:   "rollback",
		Short: "Show the way back of a run, as a plan",
		Long: `Rollback computes the inverse of a run, the newest one unless -run names another: delete what it made, put back what it changed, in the
opposite order, every application closed first. Like any plan it changes nothing before apply carries it out with its hash.

What others changed since is shown with both values and left alone. What people have used since (sign-ins, members, linked
accounts), or of which that cannot be told, stays: an application is closed, anything else is kept. An undo block decides otherwise,
resource by resource:

  undo "client:payroll" {
    decision = "delete"        # or disable, keep, restore
    reason   = "nobody needs what was in it"
  }`,
		Example: "  rehome rollback -out=back.rehome\n  rehome apply back.rehome -plan-hash=sha256:9f2c61d0…",
		Args:    cobra.NoArgs,
		RunE: inSession(env, global, func(c *cobra.Command, s *session, _ []string) error {
			return runRollback(c.Context(), s, o)
		}),
	}
	c.Flags().StringVar(&o.run, "run", "", "take this run back, not the newest")
	c.Flags().StringVar(&o.out, "out", "", "write the plan file here")
	c.Flags().StringVar(&o.markdown, "markdown", "", "write a pull-request comment here")
	c.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "every step, those with nothing to do too")
	return c
}

func runRollback(ctx context.Context, s *session, o rollbackOptions) error {
	work, err := prepareRollback(ctx, s, o.run)
	if err != nil {
		return err
	}
	defer work.target.Close()
	p := work.plan
	if err := recordPlan(ctx, s, work); err != nil {
		return err
	}
	if o.out != "" {
		if err := writePlanFile(s, s.path(o.out), p); err != nil {
			return err
		}
	}
	if o.markdown != "" {
		var b bytes.Buffer
		masked, err := s.WithoutPeople(p)
		if err != nil {
			return err
		}
		if err := view.Markdown(&b, masked, view.MarkdownLimit); err != nil {
			return err
		}
		if err := project.WriteDurably(s.path(o.markdown), b.Bytes()); err != nil {
			return fmt.Errorf("writing %s: %w", o.markdown, err)
		}
	}
	return showPlan(s, p, o.verbose, o.out, &work.read)
}

// rollbackCost is what status says of going back, by the record alone.
type rollbackCost struct {
	Run string `json:"run"`
	rollback.Cost
	Checked *rollbackChecked `json:"checked,omitempty"` // only when the target was asked
}

// rollbackChecked is what is left of it after a look at the target.
type rollbackChecked struct {
	Deletes  int `json:"deletes"`
	Restores int `json:"restores"`
	Closes   int `json:"closes"`
	Stay     int `json:"stay"`    // used since, or needed by what was
	Changed  int `json:"changed"` // by others since
}

func (c *rollbackCost) text() string {
	parts := []string{view.Plural(c.Deletes, "delete", "deletes"), view.Plural(c.Restores, "restore", "restores")}
	text := strings.Join(parts, ", ") + " take run " + c.Run + " back"
	if n := len(c.NoReturn); n > 0 {
		text += fmt.Sprintf("; %s no way back", view.Plural(n, "step has", "steps have"))
	}
	if k := c.Checked; k != nil {
		return text + fmt.Sprintf("; asked now: %s, %s, %d stay because of use, %d changed by others", view.Plural(k.Deletes, "delete", "deletes"), view.Plural(k.Restores, "restore", "restores"), k.Stay, k.Changed)
	}
	return text
}
