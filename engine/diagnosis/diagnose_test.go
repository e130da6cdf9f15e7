package diagnosis_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/rehome-iam/rehome/engine/apply"
	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/diagnosis"
	"github.com/rehome-iam/rehome/state"
)

func TestOf_GivesEveryErrorACodeThatTheReferenceExplainsAndKeepsItsWords(t *testing.T) {
	provider := func(code contract.ErrorCode) error {
		return &contract.ProviderError{Code: code, Message: "the words of it", Permission: "okta.apps.read"}
	}
	cases := []struct {
		code string
		err  error
	}{
		{"interrupted", context.Canceled},
		{"plan-superseded", apply.ErrSuperseded},
		{"plan-revoked", apply.ErrRevoked},
		{"target-lease-lost", apply.ErrLeaseLost},
		{"work-taken-over", state.ErrTakenOver},
		{"already-running", state.ErrHeld},
		{"state-newer", state.ErrNewer},
		{"state-key-missing", state.ErrNoKey},
		{"identity-unusable", state.ErrIdentity},
		{"state-damaged", state.ErrCorrupt},
		{"disk-full", syscall.ENOSPC},
		{"file-permission", fs.ErrPermission},
		{"file-missing", fs.ErrNotExist},
		{"provider-unauthorized", provider(contract.ErrorUnauthorized)},
		{"provider-forbidden", provider(contract.ErrorForbidden)},
		{"provider-unreachable", provider(contract.ErrorUnreachable)},
		{"provider-not-found", provider(contract.ErrorNotFound)},
		{"target-changed", provider(contract.ErrorConflict)},
		{"provider-rate-limited", provider(contract.ErrorRateLimited)},
		{"provider-unsupported", provider(contract.ErrorUnsupported)},
		{"provider-failed", provider(contract.ErrorInternal)},
		{"command-failed", errors.New("the words of it")},
	}
	explained := map[string]bool{}
	for _, code := range diag.Codes() {
		explained[code.Code] = true
	}
	for _, c := range cases {
		t.Run(c.code, func(t *testing.T) {
			got := diagnosis.Of(fmt.Errorf("taking the lease: %w", c.err))
			if len(got) != 1 || got[0].Code != c.code || !explained[c.code] {
				t.Fatalf("%+v, explained %v", got, explained[c.code])
			}
			if _, ofProvider := c.err.(*contract.ProviderError); !ofProvider && !strings.Contains(got[0].Detail, "aking the lease") {
				t.Errorf("what was being done is lost: %q", got[0].Detail)
			}
		})
	}
}

func TestOf_AnInterruptedCommandSaysHowItGoesOn(t *testing.T) {
	got := diagnosis.Of(fmt.Errorf("taking the lease: %w", context.Canceled))
	if !strings.Contains(got[0].Detail, "Run the same command again") || strings.Contains(got[0].Detail, "canceled") {
		t.Errorf("%q", got[0].Detail)
	}
}
