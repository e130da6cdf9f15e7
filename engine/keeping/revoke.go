package keeping

import (
	"context"
	"regexp"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
)

var wholeHash = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Revoke notes the hash of a plan in the target's marker, so that no machine applies it any more. Already tells that it
// was noted before.
func Revoke(ctx context.Context, p *project.Project, hash string) (already bool, err error) {
	if !wholeHash.MatchString(hash) {
		return false, diag.Errorf("plan-hash-invalid", "Hash is not whole",
			"%q is not the hash of a plan: sha256: and 64 digits, as rehome plan prints it.", phrase.Clean(hash))
	}
	migration, err := p.State(ctx)
	if err != nil {
		return false, err
	}
	if err := migration.MayChange(); err != nil {
		return false, err
	}
	target, _, err := p.Target(ctx)
	if err != nil {
		return false, err
	}
	defer target.Close()
	already, err = apply.Revoke(ctx, target, p.Owner(), hash, p.Now)
	if err != nil || already {
		return already, err
	}
	return false, migration.Note(p.Event(audit.PlanRevoked, hash, nil))
}
