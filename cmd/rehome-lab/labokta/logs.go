package labokta

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// newestLogAge is how old the newest event of the log is when the lab starts: the times of the file are moved, so that
// a log that was written once is never out of date.
const newestLogAge = time.Hour

// logged is one event of the System Log.
type logged struct {
	object
	at time.Time
}

// loadLogs reads the events and moves their times.
func loadLogs(events []json.RawMessage, now time.Time) ([]logged, error) {
	out := make([]logged, 0, len(events))
	var newest time.Time
	for _, text := range events {
		var head struct {
			UUID, EventType string
			Published       time.Time
		}
		if err := json.Unmarshal(text, &head); err != nil {
			return nil, err
		}
		if head.Published.After(newest) {
			newest = head.Published
		}
		out = append(out, logged{object{key: head.UUID, kind: head.EventType, body: text}, head.Published})
	}
	shift := now.Add(-newestLogAge).Sub(newest)
	for i := range out {
		out[i].at = out[i].at.Add(shift).UTC().Truncate(time.Millisecond)
		var body map[string]json.RawMessage
		if err := json.Unmarshal(out[i].body, &body); err != nil {
			return nil, err
		}
		// A text always encodes, and a map of valid JSON does.
		body["published"], _ = json.Marshal(out[i].at.Format("2006-01-02T15:04:05.000Z"))
		out[i].body, _ = json.Marshal(body)
	}
	slices.SortStableFunc(out, func(a, b logged) int { return a.at.Compare(b.at) })
	return out, nil
}

// logs answers the events between since and until in the order that is asked for. The vendor keeps ninety days, and
// looks back seven when it is not told.
func (s *Server) logs(w http.ResponseWriter, r *http.Request) ([]object, bool) {
	query, now := r.URL.Query(), s.options.Now()
	since, until := now.AddDate(0, 0, -7), now
	for name, into := range map[string]*time.Time{"since": &since, "until": &until} {
		if text := query.Get(name); text != "" {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				refuse(w, http.StatusBadRequest, "E0000001", "Api validation failed: "+name)
				return nil, false
			}
			*into = at
		}
	}
	var out []object
	for _, event := range s.tenant.logs {
		if !event.at.Before(since) && event.at.Before(until) && event.at.After(now.AddDate(0, 0, -90)) {
			out = append(out, event.object)
		}
	}
	if query.Get("sortOrder") == "DESCENDING" {
		slices.Reverse(out)
	}
	return out, true
}
