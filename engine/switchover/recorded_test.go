package switchover_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/engine/switchover"
)

func codeOf(err error) string {
	var d diag.Diagnostic
	errors.As(err, &d)
	return d.Code
}

func TestDeliver_OnlyWhatWasMadeCanHaveBeenGiven(t *testing.T) {
	given := switchover.Delivery{At: day1, To: "Ana", By: "us"}
	withDigest := given
	withDigest.Digest = "sha256:1"
	written := switchover.Record{Written: &switchover.Written{At: day0, Digest: "sha256:1"}}
	cases := map[string]struct {
		record    switchover.Record
		newSecret bool
		what      string
		want      switchover.Record
		code      string
	}{
		"a sheet": {record: written, what: switchover.GivenSheet,
			want: switchover.Record{Written: written.Written, Sheet: &withDigest}},
		"a sheet that nobody wrote": {what: switchover.GivenSheet, code: "sheet-not-written"},
		"a secret":                  {newSecret: true, what: switchover.GivenSecret, want: switchover.Record{Secret: &given}},
		"a secret that nobody made": {record: written, what: switchover.GivenSecret, want: written, code: "secret-not-new"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := moved("1", "Wiki", "wiki")
			p.NewSecret = c.newSecret
			got, err := c.record.Deliver(p, c.what, given)
			if diff := cmp.Diff(c.want, got); diff != "" || codeOf(err) != c.code {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestConfirm_OnlyWhatIsOpenIsConfirmed(t *testing.T) {
	said := switchover.Confirmation{At: day1, By: "Ana"}
	for name, c := range map[string]struct {
		now  switchover.Live
		code string
	}{
		"open":      {switchover.Live{Exists: true, Open: true}, ""},
		"closed":    {switchover.Live{Exists: true}, "application-not-open"},
		"not there": {switchover.Live{}, "application-not-open"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := switchover.Record{}.Confirm(moved("1", "Wiki", "wiki"), c.now, said)
			if codeOf(err) != c.code || (got.Confirmation != nil) != (c.code == "") {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestWithdraw_TakesBackWhatWasSaid(t *testing.T) {
	p := moved("1", "Wiki", "wiki")
	got, err := switchover.Record{Confirmation: &switchover.Confirmation{By: "Ana"}}.Withdraw(p)
	if err != nil || got.Confirmation != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := (switchover.Record{}).Withdraw(p); codeOf(err) != "not-confirmed" {
		t.Error(err)
	}
}

func TestWrote_ASheetThatSaysTheSameIsNotNew(t *testing.T) {
	sheet := switchover.Sheet{Address: "a", WrittenAt: day0, Digest: "sha256:1"}
	first, isNew := switchover.Record{}.Wrote(sheet)
	if want := (switchover.Record{Application: "a", Written: &switchover.Written{At: day0, Digest: "sha256:1"}}); !isNew ||
		!cmp.Equal(want, first) {
		t.Errorf("%+v %v", first, isNew)
	}
	sheet.WrittenAt = day1
	if again, isNew := first.Wrote(sheet); isNew || again.Written.At != day0 {
		t.Errorf("%+v %v", again, isNew)
	}
	sheet.Digest = "sha256:2"
	if third, isNew := first.Wrote(sheet); !isNew || third.Written.Digest != "sha256:2" || third.Written.At != day1 {
		t.Errorf("%+v %v", third, isNew)
	}
}

func TestLearn_ReadsEachSideByItsOwnNames(t *testing.T) {
	p := moved("1", "Wiki", "wiki")
	mine := identity.ItemID{Kind: identity.KindApplication, ID: "1"}
	incumbent := switchover.SideLogOf("incumbent", "okta.corp", observation.SignInReport{Covers: day0, Requests: 2,
		Applications: []observation.SignInActivity{
			{Item: mine, SignIns: 3, Failures: 1, PeopleCount: 2, Last: day5, People: []string{"ana"}},
			{Item: identity.ItemID{Kind: identity.KindApplication, ID: "2"}, SignIns: 9},
			{Item: identity.ItemID{Kind: identity.KindGroup, ID: "1"}, SignIns: 9},
		}}, "")
	target := switchover.SideLogOf("target", "keycloak.x", observation.SignInReport{}, "no permission")
	record := switchover.Record{Application: "a"}.Learn(p, target, incumbent, day36)
	if r := record.Incumbent; r == nil || r.SignIns != 3 || r.Last != day5 || r.Problem != "" {
		t.Errorf("the incumbent reads %+v", r)
	}
	if r := record.Target; r == nil || r.Problem != "no permission" || r.ProblemAt != day36 || r.Covers != "" {
		t.Errorf("the target reads %+v", r)
	}
	inTarget, atIncumbent := p.UseOf(target, incumbent)
	want := &switchover.Use{SignIns: 3, Failures: 1, People: 2, Last: day5, Names: []string{"ana"}}
	if diff := cmp.Diff(want, atIncumbent); diff != "" || inTarget != nil {
		t.Errorf("%+v\n%s", inTarget, diff)
	}
	if !incumbent.Log.Readable || target.Log.Readable || incumbent.Log.Requests != 2 {
		t.Errorf("%+v %+v", incumbent.Log, target.Log)
	}
	if _, nobody := moved("7", "Chat", "chat").UseOf(target, incumbent); nobody == nil || nobody.SignIns != 0 {
		t.Errorf("an application that nobody used reads %+v", nobody)
	}
}

func TestFileNames_AreOneForEachSheet(t *testing.T) {
	sheets := []switchover.Sheet{{Name: "Pay Roll / EU", Address: "okta.corp/1"}, {Name: "Wiki", Address: "okta.corp/2"},
		{Name: "wiki!", Address: "okta.corp/3"}, {Name: "···", Address: "okta.corp/4"}}
	want := []string{"pay-roll-eu", "wiki-okta-corp-2", "wiki-okta-corp-3", "okta-corp-4"}
	if diff := cmp.Diff(want, switchover.FileNames(sheets)); diff != "" {
		t.Error(diff)
	}
}
