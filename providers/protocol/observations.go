package protocol

import (
	"fmt"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/observation"
)

// EncodePermissions makes messages of permission checks.
func EncodePermissions(checks []observation.PermissionCheck) *PermissionsResponse {
	response := &PermissionsResponse{}
	for _, check := range checks {
		response.Checks = append(response.Checks, &PermissionCheck{Name: check.Name, For: check.For,
			State: string(check.State), Action: check.Action, Optional: check.Optional, Types: check.Types})
	}
	return response
}

// DecodePermissions reads permission checks. A state that is not known is an error: it must not pass for granted.
func DecodePermissions(response *PermissionsResponse) ([]observation.PermissionCheck, error) {
	checks := make([]observation.PermissionCheck, 0, len(response.GetChecks()))
	for _, message := range response.GetChecks() {
		state := observation.PermissionState(message.GetState())
		switch state {
		case observation.PermissionGranted, observation.PermissionMissing, observation.PermissionUnknown:
		default:
			return nil, fmt.Errorf("state %q of a permission is not known", CleanText(message.GetState()))
		}
		checks = append(checks, observation.PermissionCheck{
			Name: CleanText(message.GetName()), For: CleanText(message.GetFor()), State: state,
			Action: CleanText(message.GetAction()), Optional: message.GetOptional(), Types: cleanTexts(message.GetTypes()),
		})
	}
	return checks, nil
}

// EncodeSignIns makes a message of a report of sign-ins.
func EncodeSignIns(report observation.SignInReport) *SignInsResponse {
	response := &SignInsResponse{Covers: report.Covers, Requests: int64(report.Requests)}
	for _, a := range report.Applications {
		response.Applications = append(response.Applications, &SignInActivity{
			Item: EncodeItemID(a.Item), Resource: EncodeResourceID(a.Resource), Last: a.Last, SignIns: int64(a.SignIns),
			Failures:    int64(a.Failures),
			PeopleCount: int64(a.PeopleCount), People: a.People,
		})
	}
	return response
}

// DecodeSignIns reads a report of sign-ins.
func DecodeSignIns(response *SignInsResponse) observation.SignInReport {
	report := observation.SignInReport{Covers: CleanText(response.GetCovers()), Requests: int(response.GetRequests())}
	for _, m := range response.GetApplications() {
		activity := observation.SignInActivity{
			Item:     identity.ItemID{Kind: identity.Kind(CleanText(m.GetItem().GetKind())), ID: CleanText(m.GetItem().GetId())},
			Resource: DecodeResourceID(m.GetResource()), Last: CleanText(m.GetLast()), SignIns: int(m.GetSignIns()),
			Failures: int(m.GetFailures()), PeopleCount: int(m.GetPeopleCount()), People: cleanTexts(m.GetPeople()),
		}
		report.Applications = append(report.Applications, activity)
	}
	return report
}

// EncodeConnection makes a message of connection facts.
func EncodeConnection(facts []observation.ConnectionFact) *ConnectionResponse {
	response := &ConnectionResponse{}
	for _, f := range facts {
		response.Facts = append(response.Facts, &ConnectionFact{Name: f.Name, Value: f.Value, Expires: f.Expires,
			Note: f.Note})
	}
	return response
}

// DecodeConnection reads connection facts. The lines of a value (a certificate, a list) are kept.
func DecodeConnection(response *ConnectionResponse) []observation.ConnectionFact {
	facts := make([]observation.ConnectionFact, 0, len(response.GetFacts()))
	for _, m := range response.GetFacts() {
		lines := cleanTexts(strings.Split(m.GetValue(), "\n"))
		facts = append(facts, observation.ConnectionFact{
			Name: CleanText(m.GetName()), Value: strings.Join(lines, "\n"), Expires: CleanText(m.GetExpires()),
			Note: CleanText(m.GetNote()),
		})
	}
	return facts
}

// EncodeProbe makes a message of what a probe shall try.
func EncodeProbe(request observation.ProbeRequest) (*ProbeRequest, error) {
	attributes, err := EncodeAttributes(request.Attributes)
	if err != nil {
		return nil, fmt.Errorf("encoding what %s should be: %w", request.Resource, err)
	}
	return &ProbeRequest{
		Resource: EncodeResourceID(request.Resource), ServerId: request.ServerID, AttributesJson: attributes,
		Impersonate: request.Impersonate, Member: request.Member, Stranger: request.Stranger,
	}, nil
}

// DecodeProbe reads what a probe shall try.
func DecodeProbe(message *ProbeRequest) (observation.ProbeRequest, error) {
	attributes, err := DecodeAttributes(message.GetAttributesJson())
	return observation.ProbeRequest{
		Resource: DecodeResourceID(message.GetResource()), ServerID: message.GetServerId(), Attributes: attributes,
		Impersonate: message.GetImpersonate(), Member: message.GetMember(), Stranger: message.GetStranger(),
	}, err
}

// EncodeProbeResults makes messages of what probes found.
func EncodeProbeResults(results []observation.ProbeResult) *ProbeResponse {
	response := &ProbeResponse{}
	for _, r := range results {
		response.Results = append(response.Results, &ProbeResult{
			Probe: r.Probe, Resource: EncodeResourceID(r.Resource), Status: string(r.Status), Summary: r.Summary,
			LookAt:   r.LookAt,
			Evidence: r.Evidence, Requests: int64(r.Requests),
		})
	}
	return response
}

// DecodeProbeResults reads what probes found. A status that is not known is an error: it must not pass for a pass.
func DecodeProbeResults(response *ProbeResponse) ([]observation.ProbeResult, error) {
	results := make([]observation.ProbeResult, 0, len(response.GetResults()))
	for _, m := range response.GetResults() {
		status := observation.ProbeStatus(m.GetStatus())
		switch status {
		case observation.ProbePassed, observation.ProbeFailed, observation.ProbeSkipped, observation.ProbeUnknown:
		default:
			return nil, fmt.Errorf("status %q of probe %s is not known", CleanText(m.GetStatus()), CleanText(m.GetProbe()))
		}
		evidence := make(map[string]string, len(m.GetEvidence()))
		for name, value := range m.GetEvidence() {
			evidence[CleanText(name)] = CleanText(value)
		}
		results = append(results, observation.ProbeResult{
			Probe: CleanText(m.GetProbe()), Resource: DecodeResourceID(m.GetResource()), Status: status,
			Summary: CleanText(m.GetSummary()),
			LookAt:  CleanText(m.GetLookAt()), Evidence: evidence, Requests: int(m.GetRequests()),
		})
	}
	return results, nil
}

// EncodeUsageQuestion makes a message of a question about the usage of a resource.
func EncodeUsageQuestion(q observation.UsageQuestion) (*UsageQuestion, error) {
	resource, err := EncodeResource(q.Resource)
	return &UsageQuestion{Resource: resource, Since: q.Since, Opened: q.Opened}, err
}

// DecodeUsageQuestions reads questions about the usage of resources.
func DecodeUsageQuestions(messages []*UsageQuestion) ([]observation.UsageQuestion, error) {
	questions := make([]observation.UsageQuestion, 0, len(messages))
	for _, m := range messages {
		resource, err := DecodeResource(m.GetResource())
		if err != nil {
			return nil, err
		}
		questions = append(questions, observation.UsageQuestion{Resource: resource, Since: m.GetSince(),
			Opened: m.GetOpened()})
	}
	return questions, nil
}

// EncodeUsages makes messages of how resources were used.
func EncodeUsages(usages []observation.Usage) *UsageResponse {
	response := &UsageResponse{}
	for _, u := range usages {
		response.Usages = append(response.Usages, &Usage{Resource: EncodeResourceID(u.Resource), Used: u.Used, Facts: u.Facts,
			Unknown: u.Unknown})
	}
	return response
}

// DecodeUsages reads how resources were used.
func DecodeUsages(response *UsageResponse) []observation.Usage {
	usages := make([]observation.Usage, 0, len(response.GetUsages()))
	for _, m := range response.GetUsages() {
		usages = append(usages, observation.Usage{
			Resource: DecodeResourceID(m.GetResource()), Used: m.GetUsed(), Facts: cleanTexts(m.GetFacts()),
			Unknown: CleanText(m.GetUnknown()),
		})
	}
	return usages
}

// EncodeBlueprint makes a message of a copy of a target's settings.
func EncodeBlueprint(b observation.Blueprint) *BlueprintResponse {
	return &BlueprintResponse{Name: b.Name, Document: b.Document, Stripped: b.Stripped}
}

// DecodeBlueprint reads a copy of a target's settings.
func DecodeBlueprint(response *BlueprintResponse) observation.Blueprint {
	return observation.Blueprint{Name: CleanText(response.GetName()), Document: response.GetDocument(),
		Stripped: cleanTexts(response.GetStripped())}
}
