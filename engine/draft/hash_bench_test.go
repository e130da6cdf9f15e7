package draft

import (
	"fmt"
	"testing"

	"github.com/rehome-iam/rehome/engine/plan"
)

// BenchmarkHash hashes a plan of 10,000 steps.
func BenchmarkHash(b *testing.B) {
	in := input()
	for i := range 10_000 - len(in.Items) {
		in.Items = append(in.Items, group(fmt.Sprint("n", i), fmt.Sprint("team-", i)))
	}
	p, problems := Build(in)
	if problems.HasErrors() {
		b.Fatal(problems)
	}
	for b.Loop() {
		plan.Hash(p)
	}
	b.ReportMetric(float64(len(p.Steps)*b.N)/b.Elapsed().Seconds(), "steps/s")
}
