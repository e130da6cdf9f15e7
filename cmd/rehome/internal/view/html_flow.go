package view

import (
	"sort"

	"github.com/rehome-iam/rehome/engine/assess"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/phrase"
	"github.com/rehome-iam/rehome/engine/plan"
)

// flow is the picture of what becomes of every kind: one bar a kind, one part a class.
type flow struct {
	Height int
	Rows   []flowRow
	Legend []flowPart
}

type flowRow struct {
	Name, Count string
	TextY       int
	Parts       []flowPart
}

type flowPart struct {
	Class, Name, Title string
	X, Y, Width        int
}

// Sizes of the picture, in its own units.
const (
	flowLine  = 24
	flowLeft  = 280
	flowWidth = 610
)

type flowKind struct {
	source string
	kind   identity.Kind
}

// countKinds counts every item once: one that stands in several steps counts with the worst of its classes.
func countKinds(steps []plan.Step) map[flowKind]map[assess.Class]int {
	counts := map[flowKind]map[assess.Class]int{}
	add := func(key flowKind, class assess.Class, n int) {
		if counts[key] == nil {
			counts[key] = map[assess.Class]int{}
		}
		counts[key][class] += n
	}
	worse := map[assess.Class]int{}
	for i, name := range classNames() {
		worse[name.class] = i
	}
	seen := map[identity.Address]assess.Class{}
	for _, step := range steps {
		if step.Crowd != nil && len(step.Items) > 0 {
			add(flowKind{step.Items[0].Source, step.Items[0].Kind}, step.Class, step.Crowd.Count)
			continue
		}
		for _, item := range step.Items {
			address := item.Address()
			if class, known := seen[address]; !known || worse[step.Class] > worse[class] {
				seen[address] = step.Class
			}
		}
	}
	for address, class := range seen {
		add(flowKind{address.Source, address.Kind}, class, 1)
	}
	return counts
}

func flowOf(p *plan.Plan) *flow {
	counts := countKinds(p.Steps)
	keys := make([]flowKind, 0, len(counts))
	most := 0
	for key, classes := range counts {
		keys = append(keys, key)
		most = max(most, total(classes))
	}
	if len(keys) == 0 {
		return nil
	}
	rank := map[identity.Kind]int{}
	for i, k := range identity.Kinds() {
		rank[k] = i
	}
	sort.Slice(keys, func(i, j int) bool {
		if keys[i].source != keys[j].source {
			return keys[i].source < keys[j].source
		}
		return rank[keys[i].kind] < rank[keys[j].kind]
	})
	out := &flow{Height: len(keys)*flowLine + 4}
	for i, key := range keys {
		y := i * flowLine
		row := flowRow{Name: phrase.Clean(key.source) + " " + words(string(key.kind)),
			Count: phrase.Count(total(counts[key])),
			TextY: y + 14}
		row.Parts = flowParts(counts[key], y, most)
		out.Rows = append(out.Rows, row)
	}
	for _, c := range classNames() {
		out.Legend = append(out.Legend, flowPart{Class: string(c.class), Name: c.label})
	}
	return out
}

func flowParts(counts map[assess.Class]int, y, most int) []flowPart {
	var parts []flowPart
	x := flowLeft
	for _, c := range classNames() {
		n := counts[c.class]
		if n == 0 {
			continue
		}
		width := max(3, n*(flowWidth-10*len(classNames()))/most)
		parts = append(parts, flowPart{Class: string(c.class), Title: c.label + ": " + phrase.Count(n), X: x, Y: y + 2,
			Width: width})
		x += width + 1
	}
	return parts
}

func total(counts map[assess.Class]int) int {
	n := 0
	for _, count := range counts {
		n += count
	}
	return n
}
