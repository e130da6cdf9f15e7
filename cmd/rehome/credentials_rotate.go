package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/cmd/rehome/internal/view"
	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/state"
)

type rotateOptions struct {
	recipients  []string
	newIdentity bool
	yes         bool
}

func rotateKeyCommand() Command {
	var o rotateOptions
	return Command{
		Path:  "credentials rotate-key",
		Class: classManage,
		Codes: []config.Code{
			{Code: "key-in-environment", Cause: "The identity of the state is in REHOME_STATE_KEY, not in a file.", Cure: "Make one with age-keygen, rotate with -recipient and -yes, and change the variable."},
			{Code: "key-locks-out", Cause: "After the rotation no identity of this machine would open the state.", Cure: "Add your own public key with -recipient, or give -yes."},
		},
		Short: "Give the state a new key, and say who opens it",
		Long: `Rotate-key draws a new data key and encrypts the whole state and its journals anew. Without flags the same people open it. With
-recipient only those named do; with -new-identity a new identity takes the place of the one in the identity file. What does not fit
any more no longer opens the state; copies and backups made before still open with the old identity. When it is interrupted, old and
new both open the state, and the same command goes on.`,
		Example: "  rehome credentials rotate-key\n  rehome credentials rotate-key -recipient=age1… -recipient=age1…\n  rehome credentials rotate-key -new-identity",
		Takes:   cobra.NoArgs,
		Flags: func(f *pflag.FlagSet) {
			f.StringArrayVar(&o.recipients, "recipient", nil, "an age public key that opens the state from now on; repeat it for each")
			f.BoolVar(&o.newIdentity, "new-identity", false, "make a new identity in the place of the old one")
			f.BoolVar(&o.yes, "yes", false, "go on even when no identity here will open the state any more")
		},
		Run: func(ctx context.Context, r *call) error {
			s := r.session(ctx)
			return runRotateKey(s, o)
		},
	}
}

func runRotateKey(s *session, o rotateOptions) error {
	if _, err := s.load(); err != nil {
		return err
	}
	if _, err := s.openState(); err != nil {
		return err
	}
	if err := s.ownTenantOnly(); err != nil {
		return err
	}
	return s.Hold(s.ctx, state.WorkRotate, "", "", func(context.Context, state.Activity) error { return rotateKey(s, o) })
}

// rotateKey rotates. Nobody else does work in the state that writes with its key for long.
func rotateKey(s *session, o rotateOptions) error {
	identities, err := s.identities()
	if err != nil {
		return err
	}
	keys, err := s.whole.Keys()
	if err != nil {
		return err
	}
	recipients, err := chosenRecipients(s, o, keys, identities)
	if err != nil {
		return err
	}
	if err := keepsAWayIn(s, recipients, identities, o); err != nil {
		return err
	}
	if o.newIdentity && !keys.Rotating {
		fresh, err := addIdentity(s.IdentityPath())
		if err != nil {
			return err
		}
		recipients = append([]string{fresh}, recipients...)
	}
	folder, err := s.JournalFolder()
	if err != nil {
		return err
	}
	facts := map[string]string{"recipients": strings.Join(recipients, " ")}
	done, err := s.whole.Rotate(recipients, folder, s.event("migration.state.key_rotated", "state", facts))
	if err != nil {
		return fmt.Errorf("%w; both keys open the state until the same command is run again", err)
	}
	if keys, err = s.whole.Keys(); err != nil {
		return err
	}
	if err := dropOldIdentities(s, keys.Recipients); err != nil {
		return err
	}
	s.events.emit("key_rotated", map[string]any{"recipients": keys.Recipients, "values": done.Values, "journals": done.Journals, "resumed": done.Resumed})
	if !s.global.json {
		printRotation(s, keys, done)
	}
	return nil
}

func printRotation(s *session, keys state.Keys, done state.Rotation) {
	w := s.env.out
	if done.Resumed {
		fmt.Fprintln(w, "An interrupted rotation was brought to its end, for the recipients that it was begun for.")
	}
	fmt.Fprintf(w, "%s encrypted anew, %s too\n", view.Plural(done.Values, "value", "values"), view.Plural(done.Journals, "journal", "journals"))
	for _, recipient := range keys.Recipients {
		fmt.Fprintf(w, "Opens for %s\n", recipient)
	}
	fmt.Fprintln(w, "Copies made before still open with the old identity: keep or destroy them knowingly.")
}

// chosenRecipients are those named, else those of the state; a new identity takes the place of those at hand.
func chosenRecipients(s *session, o rotateOptions, keys state.Keys, identities []age.Identity) ([]string, error) {
	for _, recipient := range o.recipients {
		if _, err := age.ParseX25519Recipient(recipient); err != nil {
			return nil, fmt.Errorf("-recipient=%s is no age public key; one begins with age1", view.Clean(recipient))
		}
	}
	recipients := slices.Clone(o.recipients)
	if len(recipients) == 0 {
		recipients = slices.Clone(keys.Recipients)
	}
	at := publicKeys(identities)
	if len(recipients) == 0 { // a state from before recipients were recorded
		recipients = at
	}
	if !o.newIdentity {
		return recipients, nil
	}
	if s.env.getenv(state.KeyVariable) != "" {
		return nil, diag.Errorf("key-in-environment", "Identity is not in a file", "%s holds the identity, so a new one cannot be put in its place.\nMake one with age-keygen, rotate with -recipient=ITS PUBLIC KEY -yes, and change the variable.", state.KeyVariable)
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
func keepsAWayIn(s *session, recipients []string, identities []age.Identity, o rotateOptions) error {
	if o.newIdentity || o.yes {
		return nil
	}
	for _, mine := range publicKeys(identities) {
		if slices.Contains(recipients, mine) {
			return nil
		}
	}
	return diag.Errorf("key-locks-out", "Nobody here could open the state", "None of the recipients fits an identity of this machine, so the next command here could not open the state.\nAdd -recipient=%s, or give -yes if that is what you want.", state.RecipientOf(identities))
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
	content := "# rehome state identity; keep it secret\n# public key: " + recipient + "\n" + identity.String() + "\n" + string(old)
	if err := project.WriteDurably(path, []byte(content)); err != nil {
		return "", fmt.Errorf("writing the identity file: %w", err)
	}
	return recipient, nil
}

// dropOldIdentities leaves in the identity file what still opens the state. A file that nothing of is left stays as it is.
func dropOldIdentities(s *session, recipients []string) error {
	if s.env.getenv(state.KeyVariable) != "" {
		return nil
	}
	path := s.IdentityPath()
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
			fmt.Fprintf(&content, "# rehome state identity; keep it secret\n# public key: %s\n%s\n", x.Recipient(), x)
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
