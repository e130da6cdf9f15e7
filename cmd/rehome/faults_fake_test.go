package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
	"github.com/rehome-iam/rehome/state/journal"
)

// TestFaults_OnAFake spoils requests of each kind of step, before and after their effect, and kills host and plugin
// before and after each record of the journal: in an apply, and in the rollback of one.
func TestFaults_OnAFake(t *testing.T) {
	forward := newFakeStage(t)
	back := forward.taken(t)
	for _, one := range []struct {
		name  string
		stage *fakeStage
		kinds []string
	}{
		{"apply", forward, []string{"create", "update", "map", "precondition", "marker", "reading the marker"}},
		{"rollback", back, []string{"delete", "update", "map", "precondition", "marker", "reading the marker"}},
	} {
		t.Run(one.name, func(t *testing.T) {
			end, wantBooks, records := one.stage.calm(t)
			if one.stage == back {
				if end != newFakeServer().end() {
					t.Errorf("the rollback left another target than there was:\n%s", end)
				}
			}
			t.Run("http", func(t *testing.T) { one.stage.httpMatrix(t, one.name, one.kinds, end, wantBooks) })
			t.Run("lasting", func(t *testing.T) { one.stage.lastingMatrix(t, one.name, one.kinds, end, wantBooks) })
			t.Run("kill", func(t *testing.T) { one.stage.killMatrix(t, one.name, end, wantBooks, records) })
		})
	}
}

// httpMatrix spoils one kind of step in each row.
func (f *fakeStage) httpMatrix(t *testing.T, what string, kinds []string, end, wantBooks string) {
	table := &faultTable{title: "HTTP faults on a fake, in the midst of " + what +
		": each hits the first request of a kind of step"}
	t.Cleanup(func() { table.write(t) })
	faults, rows := httpFaults(), 0
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		for _, after := range []bool{false, true} {
			when := "before the effect"
			if after {
				when = "after the effect, so that the answer is lost"
			}
			for _, kind := range kinds {
				rows++
				place := rows
				t.Run(fmt.Sprint(name, " ", when, ": ", kind), func(t *testing.T) {
					t.Parallel()
					folder, server, spoil := f.row(t)
					fault := faults[name]
					fault.After = after
					spoil.arm(fault, kind, false)
					first := f.apply(folder, "nobody", "-parallelism=1")
					if spoil.hits() != 1 {
						t.Errorf("%d requests were spoilt\n%s", spoil.hits(), first.output)
					}
					same := f.resume(t, folder, end, wantBooks) && server.madeOnce(t)
					table.add(faultRow{done: fmt.Sprintf("%s %s: %s", name, when, kind), ended: fmt.Sprintf("status %d", first.status),
						same: same, place: place})
				})
			}
		}
	}
}

// lastingMatrix lets the target fail from the first request of a kind of step on, until the apply has ended.
func (f *fakeStage) lastingMatrix(t *testing.T, what string, kinds []string, end, wantBooks string) {
	table := &faultTable{title: "HTTP faults that last, on a fake, in the midst of " + what +
		": from the first request of a kind of step on"}
	t.Cleanup(func() { table.write(t) })
	faults, rows := map[string]labfault.Spoil{"503": {Status: 503}, "401": {Status: 401}, "429": {Status: 429},
		"reset": {Reset: true}}, 0
	if os.Getenv(faultsVariable) == "" {
		faults = map[string]labfault.Spoil{"503": faults["503"]}
	}
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		for _, kind := range kinds {
			rows++
			place := rows
			t.Run(fmt.Sprint(name, " from ", kind), func(t *testing.T) {
				t.Parallel()
				folder, server, spoil := f.row(t)
				spoil.arm(faults[name], kind, true)
				first := f.apply(folder, "nobody", "-parallelism=1")
				if first.status != 1 || spoil.hits() == 0 {
					t.Errorf("status %d, %d requests were spoilt\n%s", first.status, spoil.hits(), first.output)
				}
				spoil.arm(labfault.Spoil{}, "", false)
				same := f.resume(t, folder, end, wantBooks) && server.madeOnce(t)
				table.add(faultRow{done: fmt.Sprintf("%s from the first %s on", name, kind), ended: fmt.Sprintf("status %d",
					first.status), same: same, place: place})
			})
		}
	}
}

func (s *fakeServer) madeOnce(t *testing.T) bool {
	t.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for path, n := range s.made {
		if n != 1 {
			t.Errorf("%s was made %d times", path, n)
			return false
		}
	}
	return true
}

// killMatrix kills at one boundary in each row.
func (f *fakeStage) killMatrix(t *testing.T, what, end, wantBooks string, records []journal.Record) {
	table := &faultTable{title: "kill -9 on a fake, in the midst of " + what}
	t.Cleanup(func() { table.write(t) })
	rows := 0
	for _, who := range []string{"host", "plugin"} {
		for _, b := range boundaries(records) {
			rows++
			place := rows
			t.Run(fmt.Sprintf("%s_%s_%d", who, b.moment, b.sequence), func(t *testing.T) {
				t.Parallel()
				folder, server, _ := f.row(t)
				died := f.apply(folder, killAt(who, b.moment, b.sequence), "-parallelism=1")
				row := faultRow{place: place, done: fmt.Sprintf("%s killed %s record %d, %s", who, b.moment, b.sequence, b.what),
					ended: fmt.Sprintf("status %d", died.status)}
				if died.status < 0 {
					row.ended = "killed"
				}
				row.same = f.resume(t, folder, end, wantBooks) && server.madeOnce(t)
				table.add(row)
			})
		}
	}
}
