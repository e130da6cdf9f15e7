package protocol

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
)

// EncodeResource makes a message of a resource. Attributes that are not JSON are an error.
func EncodeResource(resource identity.Resource) (*Resource, error) {
	attributes, err := EncodeAttributes(resource.Attributes)
	if err != nil {
		return nil, fmt.Errorf("encoding the attributes of %s: %w", resource.ID(), err)
	}
	message := &Resource{Type: resource.Type, Key: resource.Key, AttributesJson: attributes, ServerId: resource.ServerID,
		Tag: resource.Tag}
	for _, d := range resource.DependsOn {
		message.DependsOn = append(message.DependsOn, encodeDependency(d))
	}
	return message, nil
}

func encodeDependency(d identity.Dependency) *Dependency {
	if d.Item == (identity.ItemReference{}) {
		return &Dependency{Resource: EncodeResourceID(d.Resource)}
	}
	return &Dependency{Item: EncodeItemID(d.Item.Item), Type: d.Item.Type}
}

// decodeDependency refuses one that names nothing, or two things: a step that does not wait for what it needs is worse
// than an error.
func decodeDependency(message *Dependency) (identity.Dependency, error) {
	if message.GetItem() == nil {
		id := DecodeResourceID(message.GetResource())
		if id.Type == "" || id.Key == "" || message.GetType() != "" {
			return identity.Dependency{}, fmt.Errorf("dependency on %q is not whole", CleanText(id.String()))
		}
		return identity.Dependency{Resource: id}, nil
	}
	item, err := DecodeItemID(message.GetItem())
	if err != nil {
		return identity.Dependency{}, fmt.Errorf("dependency: %w", err)
	}
	if message.GetType() == "" || message.GetResource() != nil {
		return identity.Dependency{}, fmt.Errorf("dependency on the item %s is not whole", CleanText(item.String()))
	}
	return identity.Dependency{Item: identity.ItemReference{Item: item, Type: message.GetType()}}, nil
}

// DecodeResource reads a resource. It does not ask for a key: the key of a desired resource may come from references.
func DecodeResource(message *Resource) (identity.Resource, error) {
	resource := identity.Resource{Type: message.GetType(), Key: message.GetKey(), ServerID: message.GetServerId(),
		Tag: message.GetTag()}
	if resource.Type == "" {
		return identity.Resource{}, fmt.Errorf("resource with the key %q has no type", CleanText(resource.Key))
	}
	attributes, err := DecodeAttributes(message.GetAttributesJson())
	if err != nil {
		return identity.Resource{}, fmt.Errorf("attributes of %s: %w", CleanText(resource.ID().String()), err)
	}
	resource.Attributes = attributes
	for _, encoded := range message.GetDependsOn() {
		dependency, err := decodeDependency(encoded)
		if err != nil {
			return identity.Resource{}, fmt.Errorf("%s: %w", CleanText(resource.ID().String()), err)
		}
		resource.DependsOn = append(resource.DependsOn, dependency)
	}
	return resource, nil
}

// DecodeResources reads a batch of resources; the first that breaks the contract is the error.
func DecodeResources(messages []*Resource) ([]identity.Resource, error) {
	resources := make([]identity.Resource, 0, len(messages))
	for _, message := range messages {
		resource, err := DecodeResource(message)
		if err != nil {
			return nil, err
		}
		resources = append(resources, resource)
	}
	return resources, nil
}

// EncodeResourceID makes a message of the name of a resource.
func EncodeResourceID(id identity.ResourceID) *ResourceID {
	return &ResourceID{Type: id.Type, Key: id.Key}
}

// DecodeResourceID reads the name of a resource.
func DecodeResourceID(message *ResourceID) identity.ResourceID {
	return identity.ResourceID{Type: message.GetType(), Key: message.GetKey()}
}

// EncodeTranslation makes a message of a translation.
func EncodeTranslation(translation contract.Translation) (*Translation, error) {
	message := &Translation{Contract: translation.Contract}
	for _, resource := range translation.Resources {
		encoded, err := EncodeResource(resource)
		if err != nil {
			return nil, err
		}
		message.Resources = append(message.Resources, encoded)
	}
	for _, finding := range translation.Findings {
		message.Findings = append(message.Findings, encodeFinding(finding))
	}
	for _, need := range translation.Needs {
		message.Needs = append(message.Needs, EncodeItemID(need))
	}
	return message, nil
}

// DecodeTranslation reads a translation.
func DecodeTranslation(message *Translation) (contract.Translation, error) {
	translation := contract.Translation{Contract: CleanText(message.GetContract())}
	for _, encoded := range message.GetResources() {
		resource, err := DecodeResource(encoded)
		if err != nil {
			return contract.Translation{}, err
		}
		translation.Resources = append(translation.Resources, resource)
	}
	for _, encoded := range message.GetFindings() {
		finding, err := decodeFinding(encoded)
		if err != nil {
			return contract.Translation{}, err
		}
		translation.Findings = append(translation.Findings, finding)
	}
	for _, encoded := range message.GetNeeds() {
		need, err := DecodeItemID(encoded)
		if err != nil {
			return contract.Translation{}, fmt.Errorf("need of a translation: %w", err)
		}
		translation.Needs = append(translation.Needs, need)
	}
	return translation, nil
}

// EncodeCheckFinding makes a message of a finding about the whole set.
func EncodeCheckFinding(finding contract.CheckFinding) *CheckFinding {
	return &CheckFinding{Resource: EncodeResourceID(finding.Resource), Finding: encodeFinding(finding.Finding)}
}

// DecodeCheckFinding reads a finding about the whole set.
func DecodeCheckFinding(message *CheckFinding) (contract.CheckFinding, error) {
	finding, err := decodeFinding(message.GetFinding())
	return contract.CheckFinding{Resource: DecodeResourceID(message.GetResource()), Finding: finding}, err
}

func encodeFinding(f fidelity.Finding) *Finding {
	return &Finding{
		Type: string(f.Type), Field: f.Field, Summary: f.Summary, Action: f.Action, Direction: string(f.Direction),
		Compensated: f.Compensated, Audience: string(f.Audience), Severity: string(f.Severity), ImpactCode: f.ImpactCode,
		Tell: f.Tell,
	}
}

// decodeFinding refuses a type or direction that it does not know: the class of an item follows from them, and guessing
// could turn "blocked" into "imported".
func decodeFinding(message *Finding) (fidelity.Finding, error) {
	finding := fidelity.Finding{
		Type: fidelity.Type(message.GetType()), Field: CleanText(message.GetField()),
		Summary: CleanText(message.GetSummary()),
		Action:  CleanText(message.GetAction()), Direction: fidelity.Direction(message.GetDirection()),
		Compensated: CleanText(message.GetCompensated()), Audience: fidelity.Audience(message.GetAudience()),
		Severity: fidelity.Severity(message.GetSeverity()), ImpactCode: CleanText(message.GetImpactCode()),
		Tell: CleanText(message.GetTell()),
	}
	switch finding.Type {
	case fidelity.Approximation, fidelity.Lost, fidelity.Missing, fidelity.Invalid,
		fidelity.Rebuild, fidelity.Invisible, fidelity.Blocked:
	default:
		return fidelity.Finding{}, fmt.Errorf("type %q of a finding is not known", CleanText(message.GetType()))
	}
	switch finding.Direction {
	case "", fidelity.DirectionSame, fidelity.DirectionTighter, fidelity.DirectionLooser:
	default:
		return fidelity.Finding{}, fmt.Errorf("direction %q of a finding is not known", CleanText(message.GetDirection()))
	}
	switch finding.Severity {
	case "", fidelity.SeverityNone, fidelity.SeverityLow, fidelity.SeverityMedium, fidelity.SeverityHigh:
	default:
		return fidelity.Finding{}, fmt.Errorf("severity %q of a finding is not known", CleanText(message.GetSeverity()))
	}
	return finding, nil
}
