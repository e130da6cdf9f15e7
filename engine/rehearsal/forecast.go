package rehearsal

import (
	"math"

	"github.com/rehome-iam/rehome/engine/history"
)

// Measured is one step that was carried out: what sort it is of, such as "create client", and the requests it took.
type Measured struct {
	Sort     string
	Requests int
}

// Foresee gives each real step the average of its sort, and time by the rate of requests that was measured. Nil without
// a measurement.
func Foresee(measured []Measured, millis int64, real []string) *history.RehearsalForecast {
	total, perSort, seen := 0, map[string]int{}, map[string]int{}
	for _, m := range measured {
		total += m.Requests
		perSort[m.Sort] += m.Requests
		seen[m.Sort]++
	}
	if total == 0 {
		return nil
	}
	f := &history.RehearsalForecast{Steps: len(real), Measured: len(measured)}
	requests := 0.0
	for _, sort := range real {
		if seen[sort] == 0 {
			f.Unseen++
			requests += float64(total) / float64(len(measured))
			continue
		}
		requests += float64(perSort[sort]) / float64(seen[sort])
	}
	f.Requests = int(math.Ceil(requests - 1e-9))
	f.Millis = int64(math.Ceil(float64(millis) * requests / float64(total)))
	return f
}
