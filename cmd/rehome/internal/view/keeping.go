package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/rehome-iam/rehome/engine/keeping"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/phrase"
)

// Initialised writes what a folder was prepared with, as far as it came.
func Initialised(w io.Writer, done *keeping.Initialised) {
	if done.Recipient != "" {
		fmt.Fprintf(w, "State     encrypted for %s; its key is in %s: keep it secret and keep a copy\n", done.Recipient,
			done.Identity)
	}
	for _, provider := range done.Providers {
		fmt.Fprintf(w, "Provider  %-10s %s\n", phrase.Clean(provider.Name), phrase.Clean(provider.Version))
	}
}

// Reformatted writes the names of files that were not in the usual layout, and with changes the lines that differ: old
// ones with -, new ones with +.
func Reformatted(w io.Writer, files []keeping.Reformatted, changes bool, style Style) {
	for _, file := range files {
		fmt.Fprintln(w, file.Path)
		if !changes {
			continue
		}
		lines := strings.Split(string(diff.Diff("before", file.Before, "after", file.After)), "\n")
		for _, line := range lines[min(3, len(lines)):] { // the first three name the two sides
			switch {
			case strings.HasPrefix(line, "-"):
				fmt.Fprintln(w, style.red(line))
			case strings.HasPrefix(line, "+"):
				fmt.Fprintln(w, style.green(line))
			}
		}
	}
}

// Validated says that the configuration is valid, after what sources and target may do.
func Validated(w io.Writer, report *keeping.Validation, asked bool) error {
	online(w, report.Online)
	switch {
	case !report.Valid:
	case asked:
		fmt.Fprintln(w, "\nThe configuration is valid and nothing that can be told is missing.")
	default:
		fmt.Fprintln(w, "The configuration is valid.")
	}
	return nil
}

// online writes what sources and target may do, block by block.
func online(w io.Writer, found []keeping.OnlineBlock) {
	for i, block := range found {
		if i > 0 {
			fmt.Fprintln(w)
		}
		phase := ""
		if block.Phase != keeping.BothPhases {
			phase = "   to " + block.Phase
		}
		fmt.Fprintf(w, "%s   %s%s\n", block.Block, firstOf(block.Identity, "not known"), phase)
		if block.Failure != "" {
			fmt.Fprintf(w, "  failed   %s\n", block.Failure)
		}
		if block.Unknown != "" {
			fmt.Fprintf(w, "  unknown  %s\n", phrase.Clean(block.Unknown))
		}
		onlinePermissions(w, block.Permissions)
	}
}

func onlinePermissions(w io.Writer, checks []observation.PermissionCheck) {
	width := 0
	for _, check := range checks {
		width = max(width, len(check.Name))
	}
	for _, check := range checks {
		fmt.Fprintf(w, "  %-8s %-*s  %s\n", permissionWord(check), width, phrase.Clean(check.Name), phrase.Clean(check.For))
		// What is missing and needed is told as a diagnostic too, with what to do.
		toldNowhereElse := check.State == observation.PermissionUnknown || check.State == observation.PermissionMissing &&
			check.Optional
		if toldNowhereElse && check.Action != "" {
			fmt.Fprintf(w, "           %s\n", phrase.Clean(check.Action))
		}
	}
}

// permissionWord shouts only where something does not work that has to.
func permissionWord(check observation.PermissionCheck) string {
	switch check.State {
	case observation.PermissionGranted:
		return "granted"
	case observation.PermissionMissing:
		if check.Optional {
			return "without"
		}
		return "MISSING"
	case observation.PermissionUnknown:
	}
	return "unknown"
}

// State writes what is in the state and who opens it. Names are those of the counts, in their order.
func State(w io.Writer, report *keeping.StateReport, names []string) {
	fmt.Fprintf(w, "State     %s   format %d   %s\n", phrase.Clean(report.Path), report.StateFormat,
		phrase.Bytes(int(report.Bytes)))
	fmt.Fprintln(w, "Lock      nobody else holds it")
	label := "Opens for"
	for _, recipient := range report.Keys.Recipients {
		fmt.Fprintf(w, "%-9s %s\n", label, recipient)
		label = ""
	}
	if len(report.Keys.Recipients) == 0 {
		fmt.Fprintln(w, "Opens for an identity that was not recorded; rehome credentials rotate-key records it")
	}
	if report.Keys.Rotating {
		fmt.Fprintln(w, "!         a rotation of the key did not end; rehome credentials rotate-key goes on")
	}
	for _, m := range report.Migrations {
		fmt.Fprintf(w, "Migration %s   tenant %s   %s   since %s   %s\n", phrase.Clean(m.Name), phrase.Clean(m.Tenant),
			m.Status,
			phrase.Day(m.CreatedAt), phrase.Plural(len(m.Sources), "source", "sources"))
	}
	fmt.Fprintln(w)
	for _, name := range names {
		fmt.Fprintf(w, "  %-18s %9s\n", name, phrase.Count(report.Counts[name]))
	}
	if report.AuditHead != "" {
		fmt.Fprintf(w, "\nAudit head %s\n", report.AuditHead)
	}
}

// Rotated writes what a rotation of the key came to.
func Rotated(w io.Writer, done *keeping.Rotated) {
	if done.Resumed {
		fmt.Fprintln(w, "An interrupted rotation was brought to its end, for the recipients that it was begun for.")
	}
	fmt.Fprintf(w, "%s encrypted anew, %s too\n", phrase.Plural(done.Values, "value", "values"),
		phrase.Plural(done.Journals, "journal", "journals"))
	for _, recipient := range done.Recipients {
		fmt.Fprintf(w, "Opens for %s\n", recipient)
	}
	fmt.Fprintln(w, "Copies made before still open with the old identity: keep or destroy them knowingly.")
}

// Credentials lists what is kept, and where each may be sent.
func Credentials(w io.Writer, kept []keeping.Credential) error {
	if len(kept) == 0 {
		fmt.Fprintln(w, "No credential is kept.")
	}
	for _, c := range kept {
		fmt.Fprintln(w, strings.TrimSpace(phrase.Clean(c.Name+"  "+strings.Join(c.For, ", "))))
	}
	return nil
}
