package merge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rehome-iam/rehome/engine/identity"
)

// reported is an outcome as a reader of the plan sees it.
type reported struct {
	Verdict  Verdict
	Live     string
	Joins    string
	Matches  int
	Fields   []string
	Reason   string
	ToDo     string
	Problem  string // the code
	Address  string // of the problem
	Previous bool
}

func tell(out Outcome) reported {
	got := reported{
		Verdict: out.Verdict, Matches: len(out.Matches), Fields: out.Fields, Reason: out.Reason, ToDo: out.ToDo,
		Previous: out.Previous,
	}
	if out.Live != nil {
		got.Live = out.Live.Key
	}
	if out.Joins != (identity.ResourceID{}) {
		got.Joins = out.Joins.String()
	}
	if out.Problem != nil {
		got.Problem, got.Address = out.Problem.Code, out.Problem.Address
	}
	return got
}

// stock is a target with a client that an earlier run made, one that it mapped, and some of others.
func stock() *Index {
	live := []identity.Resource{
		living(clientOf("ours", "name=old"), "id-ours", ""), living(clientOf("mapped", "name=x"), "id-mapped", ""),
		living(clientOf("wiki", "name=Wiki", "entity_id=urn:wiki"), "id-wiki", ""),
		living(clientOf("tagged", "name=x"), "id-tagged", app("t").String()),
		living(identity.Resource{
			Type: "membership", Key: "eng", Attributes: identity.Attributes{"group": "eng", "made_at": "now"},
		}, "id-eng", ""),
	}
	client := func(key string) identity.ResourceID { return identity.ResourceID{Type: "client", Key: key} }
	return NewIndex(live, fixtureSchemas(), map[string]Binding{
		BindingKey(app("o"), "client"): {Resource: client("ours"), ServerID: "id-ours"},
		BindingKey(app("m"), "client"): {Resource: client("mapped"), ServerID: "id-mapped", Decision: DecisionMap},
		BindingKey(app("r"), "client"): {Resource: client("wiki"), ServerID: "id-wiki", Decision: DecisionReconcile},
	})
}

// asked is a request for a client that is the first of its item, in a migration that merges.
func asked(item string, desired identity.Resource, change ...func(*Request)) Request {
	q := Request{
		Mode: ModeMerge, Desired: desired, Owners: []identity.Address{app(item)}, Name: "Wiki", OnlyOne: true, Primary: true,
	}
	for _, c := range change {
		c(&q)
	}
	return q
}

func by(rule Rule) func(*Request) {
	rule.Kind, rule.Name = identity.KindApplication, "block"
	return func(q *Request) { q.Rule = &rule }
}

func follower(q *Request) { q.Primary = false }
func firstRun(q *Request) { q.Mode = ModeFirstRun }

func beside(others ...Candidate) func(*Request) { return func(q *Request) { q.Others = others } }

func other(item, key string, basis Basis, score int) Candidate {
	return Candidate{
		Resource: identity.ResourceID{Type: "client", Key: key}, Item: item, By: basis, Score: score,
		Reasons: []string{"alike"},
	}
}

const (
	wikiMatch  = "client:wiki (score 100: same key)"
	askForOne  = "write a merge block with a decision; rehome decide helps"
	askForMode = `set mode = "merge_into_existing" and decide, or remove the overlap`
)

func TestDecide_WithoutABlock(t *testing.T) {
	earlier, later := "entra.hq/application/1", "z.hq/application/1"
	cases := []struct {
		name string
		ask  Request
		want reported
	}{
		{"nothing is there", asked("1", clientOf("blog")), reported{Verdict: VerdictCreate}},
		{"an earlier run made it", asked("o", clientOf("ours")), reported{Verdict: VerdictOurs, Live: "ours", Previous: true}},
		{
			"an earlier run made it, and its key changes", asked("o", clientOf("renamed")),
			reported{Verdict: VerdictOurs, Live: "ours", Previous: true},
		},
		{
			"it carries the tag of the item", asked("t", clientOf("tagged")),
			reported{Verdict: VerdictOurs, Live: "tagged", Previous: true},
		},
		{
			"an earlier run mapped it", asked("m", clientOf("mapped", "name=other")),
			reported{
				Verdict: VerdictMap, Live: "mapped", Matches: 1, Previous: true,
				Reason: "mapped by an earlier run; it is never overwritten",
			},
		},
		{
			"an earlier run reconciled it, and the block is gone", asked("r", clientOf("wiki")),
			reported{
				Verdict: VerdictPending, Live: "wiki", Matches: 1, ToDo: askForOne,
				Reason: `a decision is missing: "Wiki" could be ` + wikiMatch,
			},
		},
		{
			"somebody else's has its key", asked("1", clientOf("WIKI")),
			reported{
				Verdict: VerdictPending, Live: "wiki", Matches: 1, ToDo: askForOne,
				Reason: `a decision is missing: "Wiki" could be ` + wikiMatch,
			},
		},
		{
			"somebody else's looks alike", asked("1", clientOf("blog", "entity_id=urn:wiki")),
			reported{
				Verdict: VerdictPending, Matches: 1, ToDo: askForOne,
				Reason: `a decision is missing: "Wiki" could be client:wiki (score 85: same entity_id)`,
			},
		},
		{
			"a part that follows looks alike", asked("1", clientOf("blog", "entity_id=urn:wiki"), follower),
			reported{Verdict: VerdictCreate, Matches: 1},
		},
		{
			"a part that follows is there, and as wanted", asked("1", clientOf("wiki", "name=Wiki"), follower),
			reported{Verdict: VerdictEqual, Live: "wiki", Matches: 1},
		},
		{
			"a part that follows is there, and differs", asked("1", clientOf("wiki", "name=New"), follower),
			reported{
				Verdict: VerdictPending, Live: "wiki", Matches: 1, ToDo: askForOne,
				Reason: `a decision is missing: "Wiki" could be ` + wikiMatch,
			},
		},
		{
			"nothing but its key, and there",
			asked("1", identity.Resource{Type: "membership", Key: "eng", Attributes: identity.Attributes{"group": "eng"}}),
			reported{Verdict: VerdictEqual, Live: "eng", Matches: 1},
		},
		{
			"an item of another source comes first", asked("1", clientOf("blog"), beside(other(earlier, "blog", BasisKey, 100))),
			reported{
				Verdict: VerdictPending, Matches: 1, ToDo: askForOne,
				Reason: `a decision is missing: "Wiki" could be client:blog (score 100: alike)`,
			},
		},
		{
			"an item of another source comes later", asked("1", clientOf("blog"), beside(other(later, "blog", BasisKey, 100))),
			reported{Verdict: VerdictCreate, Matches: 1},
		},
		{
			"nobody's resource is never contested",
			asked("1", clientOf("blog"), beside(other(earlier, "blog", BasisKey, 100)), func(q *Request) { q.Owners = nil }),
			reported{Verdict: VerdictCreate, Matches: 1},
		},
		{
			"a first run meets its key", asked("1", clientOf("wiki"), firstRun),
			reported{
				Verdict: VerdictBlocked, Live: "wiki", Matches: 1, ToDo: askForMode,
				Reason: "the target already has " + wikiMatch + ", and a migration in mode first_run_adoption changes " +
					"nothing that is there; in mode merge_into_existing it is decided",
			},
		},
		{
			"a first run meets what looks alike", asked("1", clientOf("blog", "entity_id=urn:wiki"), firstRun),
			reported{Verdict: VerdictCreate, Matches: 1},
		},
		{
			"a first run meets the key of another source",
			asked("1", clientOf("blog"), firstRun, beside(other(earlier, "blog", BasisKey, 100))),
			reported{
				Verdict: VerdictBlocked, Matches: 1, ToDo: askForMode,
				Reason: "it collides with client:blog (score 100: alike), and a migration in mode first_run_adoption " +
					"merges nothing; in mode merge_into_existing it is decided",
			},
		},
		{
			"a first run meets what looks alike in another source",
			asked("1", clientOf("blog"), firstRun, beside(other(earlier, "log", BasisEvidence, 85))),
			reported{Verdict: VerdictCreate, Matches: 1},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, tell(stock().Decide(c.ask))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecide_ByABlock(t *testing.T) {
	entra := "entra.hq/application/1"
	address := app("1").String()
	mapTo := func(target string) func(*Request) { return by(Rule{Decision: DecisionMap, Target: target}) }
	cases := []struct {
		name string
		ask  Request
		want reported
	}{
		{
			"skip", asked("1", clientOf("wiki"), by(Rule{Decision: DecisionSkip})),
			reported{Verdict: VerdictSkip, Live: "wiki", Matches: 1, Reason: "skipped by a merge decision"},
		},
		{
			"a word that is no decision", asked("1", clientOf("wiki"), by(Rule{Decision: "adopt"})),
			reported{Verdict: VerdictBlocked, Live: "wiki", Matches: 1, Reason: `unknown decision "adopt"`},
		},
		{
			"create anew, and nothing has the key", asked("1", clientOf("blog"), by(Rule{Decision: DecisionCreate})),
			reported{Verdict: VerdictCreate},
		},
		{
			"create anew, and the key is taken", asked("1", clientOf("wiki"), by(Rule{Decision: DecisionCreate})),
			reported{
				Verdict: VerdictManual, Live: "wiki", Matches: 1,
				Reason: "create_new, but the target already has client:wiki",
				ToDo:   "state a rename in the merge block, or rename the resource in the target",
			},
		},
		{
			"create anew under a key that is taken too",
			asked("1", clientOf("wiki"), by(Rule{Decision: DecisionCreate, Rename: "wiki"})),
			reported{
				Verdict: VerdictManual, Live: "wiki", Matches: 1,
				Reason: "create_new, but the target already has client:wiki",
				ToDo:   "choose another rename: this one is taken too",
			},
		},
		{
			"create anew, and another source wants the key",
			asked("1", clientOf("blog"), by(Rule{Decision: DecisionCreate}), beside(other(entra, "blog", BasisKey, 100))),
			reported{
				Verdict: VerdictManual, Matches: 1,
				Reason: "create_new, but it collides with client:blog (score 100: alike)",
				ToDo:   "state a rename in the merge block, or rename the resource in the target",
			},
		},
		{
			"create anew, and another source makes something alike",
			asked("1", clientOf("blog"), by(Rule{Decision: DecisionCreate}), beside(other(entra, "b", BasisEvidence, 85))),
			reported{Verdict: VerdictCreate, Matches: 1},
		},
		{
			"map to what has the same key", asked("1", clientOf("wiki"), mapTo("")),
			reported{Verdict: VerdictMap, Live: "wiki", Matches: 1},
		},
		{
			"map to what looks alike, by name", asked("1", clientOf("blog", "entity_id=urn:wiki"), mapTo("client:WIKI")),
			reported{Verdict: VerdictMap, Live: "wiki", Matches: 1},
		},
		{
			"map to what another source makes",
			asked("1", clientOf("blog"), mapTo("client:blog"), beside(other(entra, "blog", BasisKey, 100))),
			reported{Verdict: VerdictJoin, Joins: "client:blog", Matches: 1},
		},
		{
			"map to what an earlier run made", asked("o", clientOf("renamed"), mapTo("client:ours")),
			reported{Verdict: VerdictMap, Live: "ours", Matches: 1, Previous: true},
		},
		{
			"map without a name to what only looks alike", asked("1", clientOf("blog", "entity_id=urn:wiki"), mapTo("")),
			reported{
				Verdict: VerdictBlocked, Matches: 1, Problem: "merge-target-unmatched", Address: address,
				Reason: "map_to_existing names no target and nothing has the same key; its matched resources are " +
					"client:wiki (score 85: same entity_id)",
				ToDo: "name one of the matched resources as target",
			},
		},
		{
			"map to what is no key", asked("1", clientOf("blog"), mapTo("wiki")),
			reported{
				Verdict: VerdictBlocked, Problem: "merge-target-unmatched", Address: address,
				Reason: `map_to_existing names "wiki", which is not type:key; nothing in the target matches it`,
				ToDo:   "name one of the matched resources as target",
			},
		},
		{
			"map to what is gone", asked("1", clientOf("blog"), mapTo("client:gone")),
			reported{
				Verdict: VerdictBlocked, Problem: "merge-target-unmatched", Address: address,
				Reason: "map_to_existing names client:gone, which is not, or no longer, in the target; nothing in the " +
					"target matches it",
				ToDo: "name one of the matched resources as target",
			},
		},
		{
			"map to what is there and unlike", asked("1", clientOf("blog"), mapTo("client:ours")),
			reported{
				Verdict: VerdictBlocked, Problem: "merge-target-unmatched", Address: address,
				Reason: "map_to_existing names client:ours, which does not, or no longer, match the item; nothing in the " +
					"target matches it",
				ToDo: "name one of the matched resources as target",
			},
		},
		{
			"a part that belongs to a mapped one, and differs", asked("1", clientOf("wiki", "name=New"), mapTo(""), follower),
			reported{Verdict: VerdictMap, Live: "wiki", Matches: 1, Reason: "belongs to a resource that is mapped"},
		},
		{
			"a part that belongs to a mapped one, and another source makes it",
			asked("1", clientOf("blog"), mapTo(""), follower, beside(other(entra, "blog", BasisKey, 100))),
			reported{
				Verdict: VerdictJoin, Joins: "client:blog", Matches: 1, Reason: "belongs to a resource that is mapped",
			},
		},
		{
			"a part that belongs to a mapped one, and nobody has", asked("1", clientOf("blog"), mapTo(""), follower),
			reported{Verdict: VerdictCreate},
		},
		{
			"reconcile what another source makes",
			asked("1", clientOf("blog"), by(Rule{Decision: DecisionReconcile, Target: "client:blog"}),
				beside(other(entra, "blog", BasisKey, 100))),
			reported{
				Verdict: VerdictBlocked, Matches: 1, Problem: "merge-target-unmatched", Address: address,
				Reason: "reconcile changes what lives in the target, and client:blog is what another item makes",
				ToDo:   "use map_to_existing, or reconcile after the next run",
			},
		},
		{
			"reconcile the attributes that are named, as far as the item has them",
			asked("1", clientOf("wiki", "name=New", "entity_id=urn:new"),
				by(Rule{Decision: DecisionReconcile, Overwrite: []string{"redirect_uris", "name", "client_id"}})),
			reported{Verdict: VerdictReconcile, Live: "wiki", Matches: 1, Fields: []string{"client_id", "name"}},
		},
		{
			"reconcile all but those that are kept, and never the key",
			asked("1", clientOf("wiki", "name=New", "entity_id=urn:new", "secret=s"),
				by(Rule{Decision: DecisionReconcile, Keep: []string{"name"}})),
			reported{Verdict: VerdictReconcile, Live: "wiki", Matches: 1, Fields: []string{"entity_id"}},
		},
		{
			"a part of what is reconciled, of which the block names something",
			asked("1", clientOf("wiki", "name=New", "entity_id=urn:new"), follower,
				by(Rule{Decision: DecisionReconcile, Overwrite: []string{"name", "gated"}})),
			reported{Verdict: VerdictReconcile, Live: "wiki", Matches: 1, Fields: []string{"name"}},
		},
		{
			"a part of what is reconciled, of which the block names nothing",
			asked("1", clientOf("wiki", "name=New"), follower,
				by(Rule{Decision: DecisionReconcile, Overwrite: []string{"gated"}})),
			reported{Verdict: VerdictMap, Live: "wiki", Matches: 1,
				Reason: "belongs to a resource that is reconciled, and the block names nothing of it"},
		},
		{
			"a part that an earlier run made of what is reconciled", asked("o", clientOf("ours", "name=New"), follower,
				by(Rule{Decision: DecisionReconcile, Overwrite: []string{"gated"}})),
			reported{Verdict: VerdictOurs, Live: "ours", Previous: true},
		},
		{
			"reconcile what a part of it has", asked("1", clientOf("wiki"),
				by(Rule{Decision: DecisionReconcile, Overwrite: []string{"gated"}}), func(q *Request) {
					q.Parts = []identity.ResourceSchema{{Attributes: []identity.AttributeSchema{{Name: "gated"}}}}
				}),
			reported{Verdict: VerdictReconcile, Live: "wiki", Matches: 1},
		},
		{
			"reconcile nothing", asked("1", clientOf("wiki", "name=New"), by(Rule{Decision: DecisionReconcile})),
			reported{Verdict: VerdictReconcile, Live: "wiki", Matches: 1},
		},
		{
			"reconcile what the type does not have",
			asked("1", clientOf("wiki"), by(Rule{Decision: DecisionReconcile, Keep: []string{"nmae"}})),
			reported{
				Verdict: VerdictBlocked, Matches: 1, Problem: "merge-attribute-unknown", Address: address,
				Reason: `it names "nmae", which client does not have; it has client_id, entity_id, name, redirect_uris, secret`,
				ToDo:   "name attributes of the resource type in overwrite or keep",
			},
		},
		{
			"what an earlier run made is taken back into hands-off care",
			asked("o", clientOf("ours"), by(Rule{Decision: DecisionSkip})),
			reported{Verdict: VerdictSkip, Live: "ours", Matches: 1, Reason: "skipped by a merge decision"},
		},
		{
			"what an earlier run made stays ours where it is created anew",
			asked("o", clientOf("ours"), by(Rule{Decision: DecisionCreate})),
			reported{Verdict: VerdictOurs, Live: "ours", Previous: true},
		},
		{
			"what an earlier run mapped follows its block",
			asked("m", clientOf("mapped"), by(Rule{Decision: DecisionReconcile})),
			reported{Verdict: VerdictReconcile, Live: "mapped", Matches: 2, Previous: true},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, tell(stock().Decide(c.ask))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What lives already is listed once, though an item of another source would make it too; the best comes first.
func TestDecide_ListsEveryCandidateOnceBestFirst(t *testing.T) {
	ask := asked("1", clientOf("blog", "name=wiki"), beside(
		other("entra.hq/application/2", "Wiki", BasisEvidence, 60), other("entra.hq/application/1", "blog", BasisKey, 100),
	))
	want := []string{
		"key: entra.hq/application/1 makes client:blog (score 100: alike)",
		"evidence: client:wiki (score 40: same name)",
	}
	if diff := cmp.Diff(want, listed(stock().Decide(ask).Matches)); diff != "" {
		t.Error(diff)
	}
}

func TestSides_SayWhatBecomesOfEachAttribute(t *testing.T) {
	desired := clientOf("wiki", "name=New", "redirect_uris=b,a", "secret=hidden").Attributes
	live := clientOf("wiki", "name=Old", "redirect_uris=a,b", "secret=***", "entity_id=urn:wiki", "made_at=now").Attributes
	side := func(name string, target, source any, fate string) Side {
		return Side{Name: name, Target: target, Source: source, Fate: fate}
	}
	uris := side("redirect_uris", []any{"a", "b"}, []any{"a", "b"}, FateEqual) // a set is sorted
	want := []Side{
		side("client_id", "wiki", "wiki", FateEqual), side("entity_id", "urn:wiki", nil, FateKept),
		side("name", "Old", "New", FateOverwritten), uris, {Name: "secret", Fate: FateOverwritten, Sensitive: true},
	}
	if diff := cmp.Diff(want, Sides([]string{"name", "secret"}, desired, live, fixtureSchemas()[0])); diff != "" {
		t.Error(diff)
	}
	want[2].Fate, want[4].Fate = FateKept, FateKept
	if diff := cmp.Diff(want, Sides(nil, desired, live, fixtureSchemas()[0])); diff != "" {
		t.Error(diff)
	}
	if got := Sides(nil, nil, identity.Attributes{"name": "x"}, fixtureSchemas()[0]); len(got) != 1 ||
		got[0].Source != nil {
		t.Errorf("%+v", got)
	}
}

// Under the name of what was decided about stands another object: it is refused until a block names it by its id.
func TestDecide_RefusesWhatTookThePlaceOfABoundObject(t *testing.T) {
	mapped := Binding{Resource: identity.ResourceID{Type: "client", Key: "wiki"}, ServerID: "s1", Decision: DecisionMap}
	made := Binding{Resource: mapped.Resource, ServerID: "s1"}
	rule := func(id string) *Rule {
		return &Rule{Kind: identity.KindApplication, Decision: DecisionMap, Target: "client:wiki", ServerID: id}
	}
	for name, c := range map[string]struct {
		binding  Binding
		live     string
		tag      string
		rule     *Rule
		want     Verdict
		previous bool
	}{
		"the mapped one":                      {mapped, "s1", "", nil, VerdictMap, true},
		"another one under its name":          {mapped, "s2", "", nil, VerdictBlocked, false},
		"another one, and the old block":      {mapped, "s2", "", rule(""), VerdictBlocked, false},
		"another one, and a block of a third": {mapped, "s2", "", rule("s3"), VerdictBlocked, false},
		"another one that a block names":      {mapped, "s2", "", rule("s2"), VerdictMap, false},
		"the mapped one and its block":        {mapped, "s1", "", rule(""), VerdictMap, true},
		"a target without ids":                {mapped, "", "", nil, VerdictMap, true},
		"ours, made anew with our mark":       {made, "s2", app("w").String(), nil, VerdictOurs, true},
		"ours, and a stranger in its place":   {made, "s2", "", nil, VerdictBlocked, false},
	} {
		t.Run(name, func(t *testing.T) {
			schemas := fixtureSchemas()
			schemas[0].Tagged = true
			x := NewIndex([]identity.Resource{living(clientOf("wiki"), c.live, c.tag)}, schemas,
				map[string]Binding{BindingKey(app("w"), "client"): c.binding})
			out := x.Decide(Request{Mode: ModeMerge, Desired: clientOf("wiki"), Owners: []identity.Address{app("w")},
				Name: "Wiki", OnlyOne: true, Primary: true, Rule: c.rule})
			if out.Verdict != c.want || out.Previous != c.previous {
				t.Errorf("%s, bound before %t: %s", out.Verdict, out.Previous, out.Reason)
			}
			if c.want == VerdictBlocked && !strings.Contains(out.ToDo, `server_id = "s2"`) {
				t.Errorf("the way on is %q", out.ToDo)
			}
		})
	}
}
