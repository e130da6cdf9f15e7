package evidence

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/audit"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/plan"
)

// The facts of the audit chain that vouch for the other parts of a bundle.
const (
	factRun    = "run"
	factStatus = "status"
	factKind   = "kind"

	FactRecords  = "records"         // how many records the journal of a run that ended has
	FactRuns     = "runs"            // the runs that a verification looked at, with a blank between
	FactFindings = "findings_digest" // of what a verification found, as it was kept
)

// Digest is the digest of a document of JSON, in whatever blanks and order of members it is written; empty for what is
// no JSON.
func Digest(document json.RawMessage) string {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return ""
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return digest(encoded)
}

// chained is one event of the audit chain that tells of the run.
type chained struct {
	position int // of its record, from 1
	event    audit.Event
}

// reported are the events of the chain that are of use here: those of the run, and those of verifications.
type reported struct {
	run      []chained // of the run that the bundle is about
	verified map[string]chained
	withheld int // records without content
	vouched  int // the last record that the head, known from elsewhere, vouches for; 0 when none is known
}

func (t *reported) note(position int, event audit.Event, run string) {
	if t.verified == nil {
		t.verified = map[string]chained{}
	}
	switch {
	case event.Name == EventVerified:
		t.verified[event.Target] = chained{position, event}
	case event.Facts[factRun] == run:
		t.run = append(t.run, chained{position, event})
	}
}

// runRecord is what the other parts are held against: the run as FileRun has it.
type runRecord struct {
	ID       string    `json:"id"`
	PlanHash string    `json:"plan_hash"`
	Status   string    `json:"status"`
	Steps    []runStep `json:"steps"`
}

type runStep struct {
	Order   int             `json:"order"`
	StepID  string          `json:"step_id"`
	Outcome history.Outcome `json:"outcome"`
	Reason  string          `json:"reason"`
}

// parts holds the parts of a bundle against each other: what the run did against the audit chain, the journal against
// the run, the probes against the chain, the report against plan and run. The plan itself is held by its hash.
func (v *Verdict) parts(contents map[string][]byte) {
	var run runRecord
	if json.Unmarshal(contents[FileRun], &run) != nil {
		return // that was said already
	}
	var hashes StepHashes
	_ = json.Unmarshal(contents[FileHashes], &hashes) // one that does not read was said already
	v.runAgainstChain(run, hashes)
	v.journalAgainstRun(contents[FileJournal], run)
	v.probesAgainstChain(contents[FileProbes], run)
	v.reportAgainst(contents[FileReport], contents[FilePlan], run)
	v.onlyPeopleAreWithheld(contents)
	if v.reported.vouched > 0 && v.reported.vouched < v.Records {
		v.Notes = append(v.Notes, fmt.Sprintf("The head that was given vouches for the first %d of %d records of the audit "+
			"chain, and for what they tell of: the rest came later.", v.reported.vouched, v.Records))
	}
}

// runAgainstChain holds what the run is said to have done against what the chain tells of it.
func (v *Verdict) runAgainstChain(run runRecord, hashes StepHashes) {
	steps, begun, ended := map[string][]audit.Name{}, false, ""
	for _, c := range v.reported.run {
		switch e := c.event; e.Name {
		case audit.PlanApplying, audit.PlanResumed, audit.PlanApplied:
			if begun = true; e.Target != run.PlanHash {
				v.problem(FileAudit, "foreign", "record %d tells of the run with plan %s", c.position, e.Target)
			}
			if e.Name == audit.PlanApplied {
				ended = e.Facts[factStatus]
				v.mustBeVouched(FileRun, c)
			}
		case audit.StepApplied, audit.StepFailed, audit.StepUnknown, audit.StepNotStarted:
			steps[e.Target] = append(steps[e.Target], e.Name)
		}
	}
	switch {
	case !begun:
		v.problem(FileAudit, "foreign", "it does not tell of run %s", run.ID)
		return
	case ended != run.Status && run.Status != string(history.StatusStarted):
		v.problem(FileRun, "changed", "it says that the run ended as %q, and the audit chain %q", run.Status, ended)
	}
	missing := 0
	for _, step := range v.stepsAgainst(run, steps) {
		if v.Manifest.People != "named" && (slices.Contains(hashes.Withheld, step.StepID) || hasPseudonym([]byte(step.Reason))) {
			missing++ // its record names a person
			continue
		}
		v.problem(FileAudit, "missing", "it does not tell what became of step %s, which %s does", step.StepID, FileRun)
	}
	if missing > v.reported.withheld {
		v.problem(FileAudit, "changed", "it does not tell of %d outcomes that %s has, and withholds %d records", missing,
			FileRun, v.reported.withheld)
	}
}

// stepsAgainst holds the outcomes of a run against those of the chain, step by step and in their order. It returns those
// that the chain does not show.
func (v *Verdict) stepsAgainst(run runRecord, chain map[string][]audit.Name) (missing []runStep) {
	for i, step := range run.Steps {
		if i > 0 && step.Order <= run.Steps[i-1].Order {
			v.problem(FileRun, "changed", "step %s is out of order", step.StepID)
		}
		if step.Outcome == history.Intended {
			continue
		}
		left := chain[step.StepID]
		at := slices.Index(left, step.Outcome.Event())
		switch {
		case at == 0:
			chain[step.StepID] = left[1:]
		case at < 0 && len(left) > 0:
			v.problem(FileRun, "changed", "it says %q of step %s, and the audit chain %q", step.Outcome, step.StepID, left[0])
			chain[step.StepID] = left[1:]
		case at > 0:
			v.problem(FileRun, "changed", "it has an outcome of step %s out of order", step.StepID)
			chain[step.StepID] = slices.Delete(left, at, at+1)
		default:
			missing = append(missing, step)
		}
	}
	for _, step := range sortedKeys(chain) {
		for _, name := range chain[step] {
			v.problem(FileRun, "missing", "the audit chain has %s of step %s, and it does not", name, step)
		}
	}
	return missing
}

// mustBeVouched says where a part rests on a record that the head known from elsewhere does not vouch for.
func (v *Verdict) mustBeVouched(file string, by chained) {
	if v.reported.vouched > 0 && by.position > v.reported.vouched {
		v.problem(file, "foreign", "it rests on record %d of the audit chain, which comes after the head that was given",
			by.position)
	}
}

type journalLine struct {
	Sequence int    `json:"sequence"`
	Kind     string `json:"kind"`
	Status   string `json:"status"`
	Process  *struct {
		Run      string `json:"run"`
		PlanHash string `json:"plan_hash"`
	} `json:"process"`
	Intend  *runStep `json:"intend"`
	Outcome *runStep `json:"outcome"`
}

// journalAgainstRun holds the journal against the run that was made of it, line by line.
func (v *Verdict) journalAgainstRun(content []byte, run runRecord) {
	var lines []journalLine
	if json.Unmarshal(content, &lines) != nil || len(lines) == 0 {
		return // that was said already
	}
	rows := map[int]runStep{}
	for _, step := range run.Steps {
		rows[step.Order] = step
	}
	for i, line := range lines {
		if line.Sequence != i+1 {
			v.problem(FileJournal, "changed", "record %d does not follow the one before it", i+1)
			return
		}
		v.journalLine(line, run, rows)
	}
	if lines[0].Process == nil {
		v.problem(FileJournal, "changed", "its beginning is missing")
	}
	for _, order := range sortedKeys(rows) {
		v.problem(FileJournal, "missing", "it has no record of what %s says of step %s", FileRun, rows[order].StepID)
	}
	last := lines[len(lines)-1]
	if run.Status != string(history.StatusStarted) && (last.Kind != "end" || last.Status != run.Status) {
		v.problem(FileJournal, "changed", "its end is missing, or is not that of a run that %q", run.Status)
	}
	for _, c := range v.reported.run {
		if records := c.event.Facts[FactRecords]; c.event.Name == audit.PlanApplied && records != "" && c.position == v.lastEnd() &&
			records != fmt.Sprint(len(lines)) {
			v.problem(FileJournal, "changed", "it has %d records, and the audit chain says %s", len(lines), records)
		}
	}
}

// lastEnd is the position of the record of the chain that tells of the end of the run.
func (v *Verdict) lastEnd() int {
	last := 0
	for _, c := range v.reported.run {
		if c.event.Name == audit.PlanApplied {
			last = c.position
		}
	}
	return last
}

// journalLine holds one record against its row of the run, which it takes away.
func (v *Verdict) journalLine(line journalLine, run runRecord, rows map[int]runStep) {
	var said runStep
	switch {
	case line.Process != nil:
		if line.Process.Run != run.ID || line.Process.PlanHash != run.PlanHash {
			v.problem(FileJournal, "foreign", "record %d is of run %q of plan %s", line.Sequence, line.Process.Run,
				line.Process.PlanHash)
		}
		return
	case line.Intend != nil:
		said = runStep{Order: line.Sequence, StepID: line.Intend.StepID, Outcome: history.Intended}
	case line.Outcome != nil:
		said = runStep{Order: line.Sequence, StepID: line.Outcome.StepID, Outcome: line.Outcome.Outcome,
			Reason: line.Outcome.Reason}
	default:
		return
	}
	if rows[line.Sequence] != said {
		v.problem(FileJournal, "changed", "record %d says %q of step %s, and %s says %q of step %q", line.Sequence,
			said.Outcome, said.StepID, FileRun, rows[line.Sequence].Outcome, rows[line.Sequence].StepID)
	}
	delete(rows, line.Sequence)
}

// Probe is a verification as FileProbes holds it. Masked says that people in its findings have pseudonyms, so that
// their digest is not proven.
type Probe struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	Passed   int             `json:"passed"`
	Failed   int             `json:"failed"`
	Unknown  int             `json:"unknown"`
	Changes  int             `json:"changes"`
	Findings json.RawMessage `json:"findings"`
	Masked   bool            `json:"masked"`
}

// probesAgainstChain holds each verification against the record that the chain has of it: that it is there, that it is
// as it was kept, and that none is left out.
func (v *Verdict) probesAgainstChain(content []byte, run runRecord) {
	var probes []Probe
	if content != nil && json.Unmarshal(content, &probes) != nil {
		v.problem(FileProbes, "broken", "it does not read")
		return
	}
	shown, last := map[string]bool{}, 0
	for _, p := range probes {
		shown[p.ID] = true
		by, known := v.reported.verified[p.ID]
		switch {
		case !known && v.reported.withheld == 0:
			v.problem(FileProbes, "foreign", "the audit chain does not tell of verification %s", p.ID)
			continue
		case !known:
			v.Notes = append(v.Notes, "The audit chain's record of verification "+p.ID+" is withheld: it is not proven.")
			continue
		case last > 0 && by.position > last:
			v.problem(FileProbes, "changed", "verification %s is out of order: the newest comes first", p.ID)
		}
		last = by.position
		v.probe(p, by.event.Facts)
		if v.reported.vouched > 0 && by.position > v.reported.vouched {
			v.Notes = append(v.Notes, "Verification "+p.ID+" came after the head that was given, which does not vouch for it.")
		}
	}
	for _, id := range sortedKeys(v.reported.verified) {
		facts := v.reported.verified[id].event.Facts
		if slices.Contains(strings.Fields(facts[FactRuns]), run.ID) && facts[FactDigest] == "" && !shown[id] {
			v.problem(FileProbes, "missing", "the audit chain tells of verification %s of the run, and it is not in it", id)
		}
	}
}

func (v *Verdict) probe(p Probe, facts map[string]string) {
	for name, said := range map[string]string{factKind: p.Kind, "passed": fmt.Sprint(p.Passed),
		"failed": fmt.Sprint(p.Failed), "unknown": fmt.Sprint(p.Unknown), "changes": fmt.Sprint(p.Changes)} {
		if fact, stated := facts[name]; stated && fact != said {
			v.problem(FileProbes, "changed", "verification %s says %s of %s, and the audit chain %s", p.ID, said, name, fact)
		}
	}
	switch kept := facts[FactFindings]; {
	case kept == "" || Digest(p.Findings) == kept:
	case p.Masked && hasPseudonym(p.Findings):
		v.Notes = append(v.Notes, "Verification "+p.ID+" names people and has pseudonyms here: what it found is not proven, "+
			"its counts are.")
	default:
		v.problem(FileProbes, "changed", "what verification %s found is not what was kept of it", p.ID)
	}
}

// reportAgainst holds the report for people against plan and run.
func (v *Verdict) reportAgainst(content, planned []byte, run runRecord) {
	if content == nil {
		return // the manifest says so where one is due
	}
	var report struct {
		Plan struct {
			Hash    string          `json:"hash"`
			Summary json.RawMessage `json:"summary"`
		} `json:"plan"`
		Run *struct {
			ID     string `json:"id"`
			Status string `json:"status"`
		} `json:"run"`
		Rows []struct {
			Step string `json:"step_id"`
		} `json:"rows"`
	}
	var p struct {
		Summary json.RawMessage `json:"summary"`
	}
	if json.Unmarshal(content, &report) != nil || json.Unmarshal(planned, &p) != nil {
		v.problem(FileReport, "broken", "it does not read")
		return
	}
	if report.Plan.Hash != v.Manifest.PlanHash || Digest(report.Plan.Summary) != Digest(p.Summary) {
		v.problem(FileReport, "changed", "what it says of the plan is not what %s says", FilePlan)
	}
	if report.Run == nil || report.Run.ID != run.ID || report.Run.Status != run.Status {
		v.problem(FileReport, "changed", "what it says of the run is not what %s says", FileRun)
	}
}

// pseudonyms are what stands in the place of people.
var pseudonyms = regexp.MustCompile(`(person|mail)-[a-z0-9]{10}`)

func hasPseudonym(text []byte) bool { return pseudonyms.Match(text) }

// onlyPeopleAreWithheld says which steps and impacts the plan hash does not vouch for as they are shown, by name. Each
// must have a pseudonym in it: nothing else is a reason to withhold one.
func (v *Verdict) onlyPeopleAreWithheld(contents map[string][]byte) {
	var p plan.Plan
	var hashes StepHashes
	if json.Unmarshal(contents[FilePlan], &p) != nil || json.Unmarshal(contents[FileHashes], &hashes) != nil {
		return // that was said already
	}
	named := v.Manifest.People == "named"
	shown := map[string]any{}
	for i := range p.Steps {
		shown[p.Steps[i].ID] = p.Steps[i]
	}
	for i := range p.Impacts {
		shown[p.Impacts[i].ID] = p.Impacts[i]
	}
	v.inOrder(p.Steps)
	for _, id := range slices.Concat(hashes.Withheld, hashes.Masked) {
		part, exists := shown[id]
		encoded, err := json.Marshal(part)
		switch {
		case !exists:
			v.problem(FileHashes, "foreign", "it withholds %s, which is not in the plan", id)
		case named, err != nil, !hasPseudonym(encoded):
			v.problem(FileHashes, "changed", "it withholds %s, which has no pseudonym in it: the plan hash does not vouch "+
				"for what is shown", id)
		}
	}
	if named && hashes.Veiled {
		v.problem(FileHashes, "changed", "it withholds what the plan says of itself, although people are named")
	}
	if len(hashes.Withheld) > 0 {
		v.Notes = append(v.Notes, "The plan hash does not vouch for the content of: "+strings.Join(firstOf(hashes.Withheld), ", "))
	}
}

// inOrder says where a step stands before one that it needs: the hash holds the steps in any order, a plan does not.
func (v *Verdict) inOrder(steps []plan.Step) {
	at := map[string]int{}
	for i := range steps {
		at[steps[i].ID] = i
	}
	for i := range steps {
		for _, needed := range steps[i].DependsOn {
			if other, exists := at[needed]; exists && other > i {
				v.problem(FilePlan, "changed", "step %s stands before %s, which it needs", steps[i].ID, needed)
				return
			}
		}
	}
}

// firstOf names a few and counts the rest.
func firstOf(names []string) []string {
	const most = 3
	if len(names) <= most {
		return names
	}
	return append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
}

func sortedKeys[K cmp.Ordered, V any](of map[K]V) []K { return slices.Sorted(maps.Keys(of)) }
