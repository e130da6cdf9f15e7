package lifecycle_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/lifecycle"
)

func at(second int64) time.Time { return time.Unix(second, 0).UTC() }

func by(second int64) audit.Event { return audit.Event{At: at(second), Actor: "jane"} }

func rule(err error) string {
	var refused *lifecycle.Refusal
	if errors.As(err, &refused) {
		return refused.Rule
	}
	return ""
}

func names(events []audit.Event) []string {
	var found []string
	for _, e := range events {
		found = append(found, strings.TrimPrefix(string(e.Name), "migration.")+" "+e.Target+" "+e.Tenant)
	}
	return found
}

var acme = lifecycle.Migration{Name: "acme", Tenant: "acme", Mode: "merge_into_existing",
	Status: lifecycle.MigrationReady, CreatedAt: at(1),
	Sources: []lifecycle.Source{
		{Name: "entra.hq", Status: lifecycle.SourceArchived, CreatedAt: at(1), ArchivedAt: at(2)},
		{Name: "okta.corp", Status: lifecycle.SourceConfigured, CreatedAt: at(1)}}}

func archived(m lifecycle.Migration) lifecycle.Migration {
	m.Status, m.ArchivedAt = lifecycle.MigrationArchived, at(5)
	return m
}

func TestDeclare_RecordsWhatChangedAndRefusesWhatMayNot(t *testing.T) {
	declared := func(name, tenant, mode string, sources ...string) lifecycle.Declaration {
		return lifecycle.Declaration{Name: name, Tenant: tenant, Mode: mode, Sources: sources}
	}
	const mode = "merge_into_existing"
	for name, c := range map[string]struct {
		recorded []lifecycle.Migration
		declared lifecycle.Declaration
		rule     string
		events   []string
		status   string
	}{
		"a new one without a source": {nil, declared("acme", "acme", mode), "", []string{"workspace.created acme acme"},
			lifecycle.MigrationDraft},
		"a new one": {nil, declared("acme", "acme", mode, "okta.corp"), "",
			[]string{"workspace.created acme acme", "source.created okta.corp acme"}, lifecycle.MigrationReady},
		"nothing new": {[]lifecycle.Migration{acme}, declared("acme", "acme", mode, "okta.corp"), "", nil,
			lifecycle.MigrationReady},
		"its last source left": {[]lifecycle.Migration{acme}, declared("acme", "acme", mode), "",
			[]string{"source.archived okta.corp acme", "workspace.status_changed acme acme"}, lifecycle.MigrationDraft},
		"a source came back": {[]lifecycle.Migration{acme}, declared("acme", "acme", mode, "okta.corp", "entra.hq"), "",
			[]string{"source.restored entra.hq acme"}, lifecycle.MigrationReady},
		"another mode": {[]lifecycle.Migration{acme}, declared("acme", "acme", "first_run_adoption", "okta.corp"), "",
			[]string{"workspace.mode_changed acme acme"}, lifecycle.MigrationReady},
		"another tenant": {[]lifecycle.Migration{acme}, declared("acme", "beta", mode),
			lifecycle.RuleTenant, nil, ""},
		"another tenant, archived": {[]lifecycle.Migration{archived(acme)}, declared("acme", "beta", mode),
			lifecycle.RuleTenant, nil, ""},
		"an archived one": {[]lifecycle.Migration{archived(acme)}, declared("acme", "acme", mode),
			lifecycle.RuleArchived, nil, ""},
		"a second one of the tenant": {[]lifecycle.Migration{acme}, declared("next", "acme", mode),
			lifecycle.RuleOneActive, nil, ""},
		"a source of another tenant": {[]lifecycle.Migration{acme}, declared("beta", "beta", mode, "okta.corp"),
			lifecycle.RuleSourceElsewhere, nil, ""},
		"a source of an archived move": {[]lifecycle.Migration{archived(acme)}, declared("beta", "beta", mode, "entra.hq"),
			lifecycle.RuleSourceElsewhere, nil, ""},
		"the next one of the tenant": {[]lifecycle.Migration{archived(acme)}, declared("next", "acme", mode, "okta.corp"), "",
			[]string{"workspace.created next acme", "source.created okta.corp acme"}, lifecycle.MigrationReady},
	} {
		before := len(c.recorded)
		m, events, err := lifecycle.Declare(c.recorded, c.declared, by(9))
		if rule(err) != c.rule || (err == nil) != (c.rule == "") {
			t.Errorf("%s: wanted %q, got %v", name, c.rule, err)
			continue
		}
		if diff := cmp.Diff(c.events, names(events)); diff != "" || err == nil && m.Status != c.status ||
			len(c.recorded) != before {
			t.Errorf("%s: status %s, events %s", name, m.Status, diff)
		}
	}
	if acme.Sources[0].Status != lifecycle.SourceArchived || acme.Sources[1].Status != lifecycle.SourceConfigured {
		t.Error("a declaration changed what was recorded")
	}
}

func TestDeclare_SaysOfASourceWhatItIsAndWhere(t *testing.T) {
	d := lifecycle.Declaration{Name: "acme", Tenant: "acme", Mode: "merge_into_existing", Sources: []string{"okta.corp"},
		Addresses: map[string]string{"okta.corp": "https://acme.okta.com"}}
	m, events, err := lifecycle.Declare(nil, d, by(1))
	want := map[string]string{"type": "okta", "address": "https://acme.okta.com", "mode": "merge_into_existing"}
	if err != nil || m.Sources[0].Address != "https://acme.okta.com" || m.Sources[0].Type() != "okta" {
		t.Fatalf("%+v, %v", m, err)
	}
	if diff := cmp.Diff(want, events[1].Facts); diff != "" {
		t.Error(diff)
	}
	if _, events, err = lifecycle.Declare([]lifecycle.Migration{m}, d, by(2)); err != nil || len(events) != 0 {
		t.Errorf("nothing changed: %v, %v", events, err)
	}
	d.Addresses = map[string]string{"okta.corp": "https://beta.okta.com"}
	m, events, err = lifecycle.Declare([]lifecycle.Migration{m}, d, by(3))
	want["address"], want["before"] = "https://beta.okta.com", "https://acme.okta.com"
	if err != nil || len(events) != 1 || events[0].Name != audit.SourceChanged || m.Sources[0].Address !=
		"https://beta.okta.com" {
		t.Fatalf("%+v, %v, %v", m, events, err)
	}
	if diff := cmp.Diff(want, events[0].Facts); diff != "" {
		t.Error(diff)
	}
	d.Addresses = map[string]string{"okta.corp": ""} // it is made of a secret now, and says nothing
	if _, events, err = lifecycle.Declare([]lifecycle.Migration{m}, d, by(4)); err != nil || len(events) != 0 {
		t.Errorf("an address that is not told: %v, %v", events, err)
	}
	m, events, err = lifecycle.Archive(m, by(5))
	if err != nil || events[0].Facts["address"] != "https://beta.okta.com" || events[0].Facts["type"] != "okta" {
		t.Errorf("%+v, %v, %v", m, events, err)
	}
}

func TestArchive_EndsAMigrationAndItsSourcesOnce(t *testing.T) {
	m, events, err := lifecycle.Archive(acme, by(9))
	if err != nil || m.Status != lifecycle.MigrationArchived || !m.ArchivedAt.Equal(at(9)) ||
		m.Sources[1].Status != lifecycle.SourceArchived || !m.Sources[0].ArchivedAt.Equal(at(2)) {
		t.Errorf("%+v, %v", m, err)
	}
	if diff := cmp.Diff([]string{"source.archived okta.corp acme", "workspace.archived acme acme"},
		names(events)); diff != "" {
		t.Error(diff)
	}
	if _, _, err := lifecycle.Archive(m, by(10)); rule(err) != lifecycle.RuleArchived {
		t.Errorf("archived twice: %v", err)
	}
}

func TestMigration_SaysWhatItStillTakes(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		rule string
	}{
		"a change":                        {acme.MayChange(), ""},
		"a change after the archive":      {archived(acme).MayChange(), lifecycle.RuleArchived},
		"a source":                        {acme.MayUse("okta.corp"), ""},
		"an archived source":              {acme.MayUse("entra.hq"), lifecycle.RuleSourceArchived},
		"a source that it does not name":  {acme.MayUse("okta.other"), ""},
		"a source after the archive":      {archived(acme).MayUse("okta.corp"), lifecycle.RuleArchived},
		"any other one after the archive": {archived(acme).MayUse("okta.other"), lifecycle.RuleArchived},
		"to follow an archived one": {lifecycle.MayFollow(archived(lifecycle.Migration{Name: "pilot",
			Tenant: "acme"}), acme), ""},
		"to follow itself": {lifecycle.MayFollow(acme, acme), lifecycle.RuleNothingToAdopt},
		"to follow one that goes on": {lifecycle.MayFollow(lifecycle.Migration{Name: "pilot", Tenant: "acme"}, acme),
			lifecycle.RuleNotArchived},
		"to follow one of another tenant": {lifecycle.MayFollow(archived(lifecycle.Migration{Name: "b", Tenant: "b"}), acme),
			lifecycle.RuleOtherTenant},
		"to follow when it is over itself": {lifecycle.MayFollow(archived(lifecycle.Migration{Name: "pilot", Tenant: "acme"}),
			archived(acme)), lifecycle.RuleArchived},
	} {
		if rule(c.err) != c.rule || (c.err == nil) != (c.rule == "") {
			t.Errorf("%s: wanted %q, got %v", name, c.rule, c.err)
		}
	}
}

func TestInventoried_MovesTheTimeOfASourceThatIsThere(t *testing.T) {
	m := acme
	if !m.Inventoried("okta.corp", at(7)) || !m.Sources[1].LastInventoryAt.Equal(at(7)) ||
		!acme.Sources[1].LastInventoryAt.IsZero() {
		t.Errorf("%+v; before %+v", m.Sources, acme.Sources)
	}
	over := archived(acme)
	if m.Inventoried("okta.other", at(8)) || over.Inventoried("okta.corp", at(8)) ||
		!over.Sources[1].LastInventoryAt.IsZero() {
		t.Error("the time of something else was moved")
	}
}

func TestSort_PutsActiveOnesFirst(t *testing.T) {
	all := []lifecycle.Migration{archived(lifecycle.Migration{Name: "a"}), {Name: "c"},
		archived(lifecycle.Migration{Name: "d"}), {Name: "b"}}
	lifecycle.Sort(all)
	var order string
	for _, m := range all {
		order += m.Name
	}
	if order != "bcad" {
		t.Error(order)
	}
}

func TestSuperseded_OnlyByALaterPlanThatWasSaved(t *testing.T) {
	kept := []lifecycle.Standing{
		{Hash: "looked-at", Made: at(20)},
		{Hash: "saved", Made: at(10), SavedAt: at(12)},
		{Hash: "older", Made: at(1), SavedAt: at(2)},
	}
	for name, c := range map[string]struct {
		hash string
		made int64
		by   string
	}{
		"made before the saved one":  {"p", 11, "saved"},
		"made before both":           {"p", 0, "saved"},
		"made in the same second":    {"p", 12, ""},
		"made after":                 {"p", 13, ""},
		"the saved one itself":       {"saved", 10, ""},
		"an older one that was kept": {"older", 1, "saved"},
	} {
		by, is := lifecycle.Superseded(c.hash, at(c.made), kept)
		if is != (c.by != "") || by.Hash != c.by {
			t.Errorf("%s: %v by %q, wanted %q", name, is, by.Hash, c.by)
		}
	}
}

func TestRefusal_SaysWhatItMeansAndWhatToDo(t *testing.T) {
	titles := map[string]string{}
	for _, rule := range []string{
		lifecycle.RuleOneActive, lifecycle.RuleArchived, lifecycle.RuleDraft, lifecycle.RuleTenant,
		lifecycle.RuleSourceArchived, lifecycle.RuleSourceElsewhere, lifecycle.RuleNotArchived, lifecycle.RuleOtherTenant,
		lifecycle.RuleNothingToAdopt,
	} {
		d := (&lifecycle.Refusal{Rule: rule, Detail: "it is so"}).Diagnostic()
		if other := titles[d.Summary]; other != "" {
			t.Errorf("%s and %s have one title, %q", rule, other, d.Summary)
		}
		titles[d.Summary] = rule
		what, advice, reported := strings.Cut(d.Detail, "\n")
		if d.Code != rule || what != "It is so." || !reported || advice == "" {
			t.Errorf("%s: %+v", rule, d)
		}
	}
}

func TestHasSource_RefusesADraftOnly(t *testing.T) {
	var refused *lifecycle.Refusal
	draft := lifecycle.Migration{Name: "acme", Status: lifecycle.MigrationDraft}
	if err := draft.HasSource(); !errors.As(err, &refused) || refused.Rule != lifecycle.RuleDraft {
		t.Errorf("a draft: %v", err)
	}
	if err := (lifecycle.Migration{Name: "acme", Status: lifecycle.MigrationReady}).HasSource(); err != nil {
		t.Error(err)
	}
}
