package labentra

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// newestSignInAge is how old the newest sign-in is when the lab starts: the times of the file are moved, so that a log
// that was written once is never out of date.
const newestSignInAge = time.Hour

// signIn is one event of the sign-in log.
type signIn struct {
	object
	at time.Time
}

// loadSignIns moves the times of the events.
func loadSignIns(events []object, now time.Time) ([]signIn, error) {
	out := make([]signIn, 0, len(events))
	var newest time.Time
	for _, event := range events {
		var at time.Time
		if err := json.Unmarshal(event.value["createdDateTime"], &at); err != nil {
			return nil, err
		}
		if at.After(newest) {
			newest = at
		}
		out = append(out, signIn{event, at})
	}
	shift := now.Add(-newestSignInAge).Sub(newest)
	for i := range out {
		out[i].at = out[i].at.Add(shift).UTC().Truncate(time.Second)
		// A time always encodes.
		out[i].value["createdDateTime"], _ = json.Marshal(out[i].at)
	}
	slices.SortStableFunc(out, func(a, b signIn) int { return a.at.Compare(b.at) })
	return out, nil
}

// between is the one form of $filter that the log of the lab understands.
var between = regexp.MustCompile(`^createdDateTime ge (\S+) and createdDateTime le (\S+) and signInEventTypes/any\(`)

// signInsBetween answers the newest first; the vendor keeps thirty days.
func (s *Server) signInsBetween(w http.ResponseWriter, r *http.Request) ([]object, bool) {
	match := between.FindStringSubmatch(r.URL.Query().Get("$filter"))
	if match == nil {
		refuse(w, http.StatusBadRequest, "BadRequest", "Invalid filter clause.")
		return nil, false
	}
	from, errFrom := time.Parse(time.RFC3339, match[1])
	until, errUntil := time.Parse(time.RFC3339, match[2])
	if errFrom != nil || errUntil != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", "Invalid filter clause.")
		return nil, false
	}
	var out []object
	for _, event := range s.tenant.signIns {
		if !event.at.Before(from) && !event.at.After(until) && event.at.After(s.options.Now().AddDate(0, 0, -30)) {
			out = append(out, event.object)
		}
	}
	slices.Reverse(out)
	return out, true
}
