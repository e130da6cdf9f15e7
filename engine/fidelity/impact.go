package fidelity

// Impact is a change that people will feel.
type Impact struct {
	ID           string   `json:"id"`
	Code         string   `json:"code"`
	Audience     Audience `json:"audience"`
	Severity     Severity `json:"severity"`
	Summary      string   `json:"summary"`
	Tell         string   `json:"tell"`  // what to tell the audience
	Items        []string `json:"items"` // item addresses, sorted, at most a thousand
	Count        int      `json:"count"` // all items affected
	Acknowledged bool     `json:"acknowledged"`
	Reason       string   `json:"reason,omitempty"`
	Reference    string   `json:"reference,omitempty"`
}

// Before is the order of impacts: high first, then by code and audience.
func (a Impact) Before(b Impact) bool {
	if x, y := a.Severity == SeverityHigh, b.Severity == SeverityHigh; x != y {
		return x
	}
	if a.Code != b.Code {
		return a.Code < b.Code
	}
	return a.Audience < b.Audience
}
