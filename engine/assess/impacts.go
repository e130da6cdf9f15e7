package assess

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
)

// maxImpactItems is how many affected items an impact names; Count tells how many there are.
const maxImpactItems = 1000

// Impact is a change that people will feel, over all items that cause it. Items holds at most a thousand addresses,
// sorted.
type Impact struct {
	ID       string            `json:"id"`
	Code     string            `json:"code"`
	Audience fidelity.Audience `json:"audience"`
	Severity fidelity.Severity `json:"severity"`
	Summary  string            `json:"summary"`
	Tell     string            `json:"tell"` // what to tell the audience
	Items    []string          `json:"items"`
	Count    int               `json:"count"`
}

// ImpactCollector gathers findings item by item, so that a million items need not be held. Not safe for many
// goroutines.
type ImpactCollector struct {
	groups map[impactKey]*impactGroup
}

type impactKey struct {
	code     string
	audience fidelity.Audience
	severity fidelity.Severity
}

type impactGroup struct {
	summaries map[string]bool
	tells     map[string]bool
	subjects  map[string]bool // source/kind
	items     []string
	last      string
	count     int
}

// NewImpactCollector makes an empty one.
func NewImpactCollector() *ImpactCollector {
	return &ImpactCollector{groups: map[impactKey]*impactGroup{}}
}

// Add takes all findings of one item. An item counts once for each impact; call it once an item.
func (c *ImpactCollector) Add(item identity.Address, findings []fidelity.Finding) {
	address := item.String()
	for _, f := range findings {
		if rank(f.Severity) < rank(fidelity.SeverityMedium) {
			continue
		}
		key := impactKey{code: impactCode(f), audience: f.Audience, severity: f.Severity}
		group := c.groups[key]
		if group == nil {
			group = &impactGroup{summaries: map[string]bool{}, tells: map[string]bool{}, subjects: map[string]bool{}}
			c.groups[key] = group
		}
		group.add(item, address, f)
	}
}

// impactCode falls back to the field, so that a finding without a code is not lost.
func impactCode(f fidelity.Finding) string {
	if f.ImpactCode != "" {
		return f.ImpactCode
	}
	return string(f.Type) + "_" + f.Field
}

func (g *impactGroup) add(item identity.Address, address string, f fidelity.Finding) {
	keepFirst(g.summaries, f.Summary)
	if f.Tell != "" {
		keepFirst(g.tells, f.Tell)
	}
	g.subjects[item.Source+"/"+string(item.Kind)] = true
	if g.last == address {
		return
	}
	g.last = address
	g.count++
	g.items = append(g.items, address)
	if len(g.items) >= 2*maxImpactItems {
		g.cut()
	}
}

// keepFirst remembers the first few texts in sorted order, whatever the order in which they come.
func keepFirst(texts map[string]bool, text string) {
	const most = 3
	texts[text] = true
	if len(texts) > most {
		last := ""
		for text := range texts {
			last = max(last, text)
		}
		delete(texts, last)
	}
}

func (g *impactGroup) cut() {
	slices.Sort(g.items)
	g.items = g.items[:min(len(g.items), maxImpactItems)]
}

// Impacts lists what was gathered: high first, then by code and audience.
func (c *ImpactCollector) Impacts() []Impact {
	impacts := make([]Impact, 0, len(c.groups))
	for key, group := range c.groups {
		group.cut()
		impacts = append(impacts, Impact{
			ID: impactID(key, group), Code: key.code, Audience: key.audience, Severity: key.severity,
			Summary: strings.Join(slices.Sorted(maps.Keys(group.summaries)), "; "),
			Tell:    strings.Join(slices.Sorted(maps.Keys(group.tells)), " "),
			Items:   append([]string(nil), group.items...), Count: group.count,
		})
	}
	slices.SortFunc(impacts, order)
	return impacts
}

func order(a, b Impact) int {
	return cmp.Or(byRank(b.Severity, a.Severity), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Audience, b.Audience))
}

// impactID covers what the impact is and whom it meets. The size counts in steps of a tenth, so that an acknowledgement
// survives one more item in most cases, and never a growth by more than a tenth.
func impactID(key impactKey, group *impactGroup) string {
	h := sha256.New()
	parts := []string{"rehome/impact/v1", key.code, string(key.audience), string(key.severity)}
	parts = append(parts, slices.Sorted(maps.Keys(group.subjects))...)
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	fmt.Fprintf(h, "#%d", sizeBucket(group.count))
	return "ocm-" + hex.EncodeToString(h.Sum(nil))[:6]
}

// sizeBucket is the number of growths by at most a tenth from 1 to n. Integers only: a logarithm could differ between
// machines.
func sizeBucket(n int) int {
	bucket := 0
	for limit := 1; limit <= n; bucket++ {
		limit = max(limit+1, limit*11/10)
	}
	return bucket
}
