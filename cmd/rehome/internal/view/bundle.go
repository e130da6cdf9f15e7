package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rehome-iam/rehome/engine/attesting"
	"github.com/rehome-iam/rehome/engine/evidence"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// Bundle writes what a new bundle proves.
func Bundle(w io.Writer, r *attesting.BundleReport) error {
	signed := "It is not signed; give -sign-key so that a stranger can tell who made it."
	if r.Signed {
		signed = "Signed by " + r.Signer + "."
	}
	_, err := fmt.Fprintf(w, "%s proves run %s of plan %s. %s\n", r.File, r.Run, r.PlanHash, signed)
	return err
}

// BundleVerdict writes what a whole bundle proves, and what it leaves unproven.
func BundleVerdict(w io.Writer, name string, v evidence.Verdict) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is whole.\n", phrase.Clean(name))
	fmt.Fprintf(&b, "Plan      %s of migration %s: %s give this hash\n", phrase.Clean(v.Manifest.PlanHash),
		phrase.Clean(v.Manifest.Migration), phrase.Plural(v.Steps, "step", "steps"))
	fmt.Fprintf(&b, "Run       %s\n", phrase.Clean(v.Manifest.Run))
	fmt.Fprintf(&b, "Audit     %s in one chain, head %s\n", phrase.Plural(v.Records, "record", "records"),
		phrase.Clean(v.Manifest.AuditHead))
	if v.Changes != nil {
		fmt.Fprintf(&b, "Record    %s\n", changesLine(*v.Changes))
	}
	if v.Signer != "" {
		fmt.Fprintf(&b, "Signed    by %s\n", v.Signer)
	}
	for _, note := range v.Notes {
		fmt.Fprintf(&b, "Note      %s\n", phrase.Clean(note))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Recording writes what was recorded on a plan.
func Recording(w io.Writer, r *attesting.RecordingReport) {
	if len(r.Changes) == 0 {
		fmt.Fprintf(w, "Nothing changed since the evidence of plan %s was recorded; nothing was written.\n",
			phrase.ShortHash(r.PlanHash))
		return
	}
	fmt.Fprintf(w, "Recorded on plan %s:\n", phrase.ShortHash(r.PlanHash))
	declaredChanges(w, r.Changes)
}
