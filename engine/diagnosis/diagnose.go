package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/state"
	"github.com/rehome-iam/rehome/state/fault"
)

// Of turns any error into what a person reads: a code, a title, what happened and what to do. It has at least one
// entry.
func Of(err error) diag.List {
	var list diag.List
	if errors.As(err, &list) && len(list) > 0 {
		return list
	}
	var one diag.Diagnostic
	if errors.As(err, &one) {
		return diag.List{one}
	}
	return diag.List{describe(err)}
}

// describe gives every plain error a code, a title and advice.
func describe(err error) diag.Diagnostic {
	if d, reported := describeHeld(err); reported {
		return d
	}
	text := phrase.Sentence(err)
	var failure *contract.ProviderError
	var reported interface{ Diagnostic() diag.Diagnostic }
	var ownerless *fault.OwnerError
	var lost *state.LostError
	switch {
	case errors.Is(err, context.Canceled):
		doing := strings.Replace(err.Error(), context.Canceled.Error(), "interrupted", 1)
		return diag.Interrupted(phrase.Sentence(errors.New(doing)))
	case errors.As(err, &failure):
		return describeProvider(failure, err)
	case errors.As(err, &reported):
		return reported.Diagnostic()
	case errors.As(err, &ownerless):
		return diag.Errorf("state-owner-unknown", "State has things without an owner",
			"%s\nThis version keeps what is one tenant's from every other, so it does not guess. Nothing was "+
				"changed. With the version that wrote it, take out or complete what is named, or begin a new "+
				"state.", text)
	case errors.As(err, &lost):
		return diag.Errorf("state-lost", "State is gone",
			"%s\nNothing was begun in its place. Restore the file from a backup. To begin anew on purpose, move away what is "+
				"beside it too: %s.\nWhat rehome made is then found again by tags and marker.", text,
			strings.Join(lost.Beside, ", "))
	case errors.Is(err, state.ErrNewer):
		return diag.Errorf("state-newer", "State is newer",
			"%s\nUse the version of rehome that wrote it, or a later one. Nothing was changed.", text)
	case errors.Is(err, state.ErrNoKey):
		return diag.Errorf("state-key-missing", "State does not open",
			"%s\nThe state is encrypted. Put its age identity into the identity file or into %s.",
			text, state.KeyVariable)
	case errors.Is(err, state.ErrIdentity):
		return diag.Errorf("identity-unusable", "Identity cannot be used",
			"%s\nIt is the line that begins with AGE-SECRET-KEY-, in a file that only you may read (chmod 600) "+
				"or in %s.", text, state.KeyVariable)
	case errors.Is(err, state.ErrCorrupt):
		return diag.Errorf("state-damaged", "State is damaged",
			"%s\nNothing was changed. Restore the file from a backup, or move it away: what rehome made is found "+
				"again by tags and marker.", text)
	case errors.Is(err, syscall.ENOSPC):
		return diag.Errorf("disk-full", "Disk is full", "%s\nMake room and run the command again.", text)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return diag.Errorf("file-permission", "File cannot be written", "%s\nCheck who owns the file and folder.", text)
	case errors.Is(err, fs.ErrNotExist):
		return diag.Errorf("file-missing", "File is missing", "%s", text)
	default:
		return diag.Errorf("command-failed", "Command failed", "%s", text)
	}
}

// describeHeld is describe of what somebody else has: a lock, a lease, work that may not run twice.
func describeHeld(err error) (diag.Diagnostic, bool) {
	text := phrase.Sentence(err)
	var locked *state.LockedError
	var held *apply.HeldError
	var busy *state.BusyError
	var active *state.ActiveError
	var foreign *contract.ForeignError
	switch {
	case errors.As(err, &locked):
		return diag.Errorf("state-locked", "State is locked",
			"%s\nWait until it is done, or give -lock-timeout=30s to wait for it.", text), true
	case errors.As(err, &active):
		return diag.Errorf("already-running", "It is under way already",
			"%s\nWait until it is done, or give -lock-timeout=10m to wait for it. A record of a process that is gone ends by "+
				"itself, after %s without a sign of life.\nIf that process is known to be gone: rehome force-unlock %s",
			text, state.StaleAfter, active.Activity.ID), true
	case errors.Is(err, state.ErrTakenOver):
		return diag.Errorf("work-taken-over", "Work was taken over",
			"%s\nThis process was not seen alive for %s, or its record was removed, so it stopped. "+
				"Look at what the other one did before you run it again.", text, state.StaleAfter), true
	case errors.Is(err, state.ErrHeld):
		return diag.Errorf("already-running", "It is under way already",
			"%s\nTwo processes never go on with one run. Wait until the other one is done.", text), true
	case errors.As(err, &busy):
		return diag.Errorf("already-running", "It is under way already", "%s\nWait until it is done.", text), true
	case errors.As(err, &held):
		return diag.Errorf("target-leased", "Target is being written",
			"%s\nTwo applies never run side by side. Wait until the other one is done, or give -lock-timeout=10m "+
				"to wait for it; a lease that nobody renews ends by itself.\nIf that process is known to be "+
				"gone: rehome force-unlock %s", text, held.Holder.ID), true
	case errors.Is(err, apply.ErrLeaseLost):
		return diag.Errorf("target-lease-lost", "Lease was lost",
			"%s\nAnother process may be writing to the target, so nothing more was started. Run the same apply "+
				"again when it is done.", text), true
	case errors.Is(err, apply.ErrSuperseded):
		return diag.Errorf("plan-superseded", "Plan is superseded",
			"%s\nA plan is over when a later one was saved with -out here, or applied anywhere. "+
				"Plan again and have the new hash approved.", text), true
	case errors.Is(err, apply.ErrRevoked):
		return diag.Errorf("plan-revoked", "Plan was revoked",
			"%s\nSomebody took its hash back with rehome revoke. Plan again and have the new hash approved.", text), true
	case errors.As(err, &foreign):
		return describeForeign(foreign), true
	}
	return diag.Diagnostic{}, false
}

// describeForeign says how the target of another migration can be had, where it can.
func describeForeign(e *contract.ForeignError) diag.Diagnostic {
	advice := "What rehome made there is another tenant's. Name another target."
	if e.Holder.Tenant == "" || e.Holder.Tenant == e.Asking.Tenant {
		advice = fmt.Sprintf("Nothing was changed. If that migration is over, end it with rehome state archive and take its "+
			"target over: rehome target adopt -from=%s", e.Holder.Migration)
	}
	return diag.Errorf("target-other-migration", "Target is another migration's", "%s\n%s", phrase.Sentence(e), advice)
}

func describeProvider(failure *contract.ProviderError, err error) diag.Diagnostic {
	text := phrase.Sentence(err)
	if failure.Page != "" && !strings.Contains(text, failure.Page) {
		text += "\nPage: " + failure.Page
	}
	switch failure.Code {
	case contract.ErrorUnauthorized:
		return diag.Errorf("provider-unauthorized", "Credentials are refused",
			"%s\nThe token or secret is wrong or has expired. Check the credential in the configuration.", text)
	case contract.ErrorForbidden:
		advice := "Grant it the missing permission."
		if failure.Permission != "" {
			advice = "It needs " + failure.Permission + "."
		}
		return diag.Errorf("provider-forbidden", "Permission is missing", "%s\n%s", text, advice)
	case contract.ErrorUnreachable:
		return diag.Errorf("provider-unreachable", "Server is not reachable",
			"%s\nCheck the address, the network and the certificate authority.", text)
	case contract.ErrorNotFound:
		return diag.Errorf("provider-not-found", "It is not there",
			"%s\nCheck the name in the configuration; rehome does not create it.", text)
	case contract.ErrorConflict:
		return diag.Errorf("target-changed", "Target has changed",
			"%s\nPlan again and have the new hash approved.", text)
	case contract.ErrorRateLimited:
		return diag.Errorf("provider-rate-limited", "Rate limit is used up",
			"%s\nTry again later, or lower rate_share.", text)
	case contract.ErrorUnsupported:
		return diag.Errorf("provider-unsupported", "Provider cannot answer",
			"%s\nWhat it would have told must be found out in another way.", text)
	default:
		return diag.Errorf("provider-failed", "Provider call failed", "%s", text)
	}
}
