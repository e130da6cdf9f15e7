package keeping

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

// RotateInput says who opens the state from now on.
type RotateInput struct {
	Recipients  []string // age public keys; none keeps those of the state
	NewIdentity bool     // make a new identity in the place of those in the identity file
	Yes         bool     // go on even when no identity here opens the state any more
}

// Rotated is what a rotation of the key came to.
type Rotated struct {
	Recipients []string // who opens the state now
	state.Rotation
}

// RotateKey draws a new data key and encrypts the state and its journals anew. When it is interrupted, old and new both
// open the state, and the same call goes on.
func RotateKey(ctx context.Context, p *project.Project, in RotateInput) (*Rotated, error) {
	if _, err := p.State(ctx); err != nil {
		return nil, err
	}
	if err := p.OwnTenantOnly(); err != nil {
		return nil, err
	}
	var done *Rotated
	// Nobody else does work in the state that writes with its key for long.
	err := p.Hold(ctx, state.WorkRotate, "", "", func(context.Context, state.Activity) (err error) {
		done, err = rotate(p, in)
		return err
	})
	return done, err
}

func rotate(p *project.Project, in RotateInput) (*Rotated, error) {
	recipients, err := nextRecipients(p, in)
	if err != nil {
		return nil, err
	}
	folder, err := p.JournalFolder()
	if err != nil {
		return nil, err
	}
	facts := map[string]string{"recipients": strings.Join(recipients, " ")}
	done, err := p.Store().Rotate(recipients, folder, p.Event(audit.StateKeyRotated, "state", facts))
	if err != nil {
		return nil, fmt.Errorf("%w; both keys open the state until the same command is run again", err)
	}
	keys, err := p.Store().Keys()
	if err != nil {
		return nil, err
	}
	return &Rotated{keys.Recipients, done}, dropOldIdentities(p, keys.Recipients)
}

// nextRecipients are those of the rotation, with a new identity where one is wanted: it is in its file before anything
// is encrypted for it.
func nextRecipients(p *project.Project, in RotateInput) ([]string, error) {
	identities, err := p.Identities()
	if err != nil {
		return nil, err
	}
	keys, err := p.Store().Keys()
	if err != nil {
		return nil, err
	}
	recipients, err := chosenRecipients(p, in, keys, identities)
	if err != nil {
		return nil, err
	}
	if err := keepsAWayIn(recipients, identities, in); err != nil {
		return nil, err
	}
	if !in.NewIdentity || keys.Rotating {
		return recipients, nil
	}
	fresh, err := addIdentity(p.IdentityPath())
	return append([]string{fresh}, recipients...), err
}

// chosenRecipients are those named, else those of the state; a new identity takes the place of those at hand.
func chosenRecipients(p *project.Project, in RotateInput, keys state.Keys, identities []age.Identity,
) ([]string, error) {
	for _, recipient := range in.Recipients {
		if _, err := age.ParseX25519Recipient(recipient); err != nil {
			return nil, fmt.Errorf("-recipient=%s is no age public key; one begins with age1", phrase.Clean(recipient))
		}
	}
	recipients := slices.Clone(in.Recipients)
	if len(recipients) == 0 {
		recipients = slices.Clone(keys.Recipients)
	}
	at := publicKeys(identities)
	if len(recipients) == 0 { // a state from before recipients were recorded
		recipients = at
	}
	if !in.NewIdentity {
		return recipients, nil
	}
	if p.Variable(state.KeyVariable) != "" {
		return nil, diag.Errorf("key-in-environment", "Identity is not in a file",
			"%s holds the identity, so a new one cannot be put in its place.\n"+
				"Make one with age-keygen, rotate with -recipient=ITS PUBLIC KEY -yes, and change the variable.", state.KeyVariable)
	}
	return slices.DeleteFunc(recipients, func(r string) bool { return slices.Contains(at, r) }), nil
}

// publicKeys of the identities that have one.
func publicKeys(identities []age.Identity) []string {
	var keys []string
	for _, identity := range identities {
		if x, ok := identity.(*age.X25519Identity); ok {
			keys = append(keys, x.Recipient().String())
		}
	}
	return keys
}

// keepsAWayIn refuses to lock out whoever rotates, unless that is meant.
func keepsAWayIn(recipients []string, identities []age.Identity, in RotateInput) error {
	if in.NewIdentity || in.Yes {
		return nil
	}
	for _, mine := range publicKeys(identities) {
		if slices.Contains(recipients, mine) {
			return nil
		}
	}
	return diag.Errorf("key-locks-out", "Nobody here could open the state",
		"None of the recipients fits an identity of this machine, so the next command here could not open the state.\n"+
			"Add -recipient=%s, or give -yes if that is what you want.", state.RecipientOf(identities))
}

// addIdentity puts a new identity before those of the file, so that whatever happens next the file opens the state.
func addIdentity(path string) (recipient string, err error) {
	old, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the identity file: %w", err)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("making an identity: %w", err)
	}
	recipient = identity.Recipient().String()
	content := identityText(identity) + string(old)
	if err := project.WriteDurably(path, []byte(content)); err != nil {
		return "", fmt.Errorf("writing the identity file: %w", err)
	}
	return recipient, nil
}

// identityText is an identity as its file has it.
func identityText(x *age.X25519Identity) string {
	return fmt.Sprintf("# rehome state identity; keep it secret\n# public key: %s\n%s\n", x.Recipient(), x)
}

// dropOldIdentities leaves in the identity file what still opens the state. A file that nothing of is left stays as it
// is.
func dropOldIdentities(p *project.Project, recipients []string) error {
	if p.Variable(state.KeyVariable) != "" {
		return nil
	}
	path := p.IdentityPath()
	identities, err := state.Identities("", path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var content strings.Builder
	kept := 0
	for _, identity := range identities {
		if x, ok := identity.(*age.X25519Identity); ok && slices.Contains(recipients, x.Recipient().String()) {
			content.WriteString(identityText(x))
			kept++
		}
	}
	if kept == 0 || kept == len(identities) {
		return nil
	}
	if err := project.WriteDurably(path, []byte(content.String())); err != nil {
		return fmt.Errorf("writing the identity file: %w", err)
	}
	return nil
}
