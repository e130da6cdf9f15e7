package protocol

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
)

// EncodeSchema makes a message of what a provider says about itself.
func EncodeSchema(schema contract.ProviderSchema) (*ProviderSchema, error) {
	message := &ProviderSchema{Name: schema.Name, Version: schema.Version, Doc: schema.Doc,
		Environment: schema.Environment}
	for _, a := range schema.Config {
		encoded := &ConfigAttribute{
			Name: a.Name, Type: a.Type, Required: a.Required, Sensitive: a.Sensitive, OneOf: a.OneOf, Doc: a.Doc,
			TargetFile: a.TargetFile, Min: a.Min, Max: a.Max, Whole: a.Whole,
		}
		if a.Default != nil {
			text, err := json.Marshal(a.Default)
			if err != nil {
				return nil, fmt.Errorf("encoding the default of argument %s: %w", a.Name, err)
			}
			encoded.DefaultJson = text
		}
		message.Config = append(message.Config, encoded)
	}
	for _, kind := range schema.Kinds {
		message.Kinds = append(message.Kinds, string(kind))
	}
	for _, r := range schema.Resources {
		message.Resources = append(message.Resources, encodeResourceSchema(r))
	}
	for _, u := range schema.Unread {
		message.Unread = append(message.Unread, &Unread{Name: u.Name, Question: u.Question})
	}
	return message, nil
}

// DecodeSchema reads what a provider says about itself and checks that its names and kinds can be used.
func DecodeSchema(message *ProviderSchema) (contract.ProviderSchema, error) {
	schema := contract.ProviderSchema{
		Name: CleanText(message.GetName()), Version: CleanText(message.GetVersion()), Doc: CleanText(message.GetDoc()),
		Environment: message.GetEnvironment(),
	}
	if schema.Name == "" {
		return contract.ProviderSchema{}, errors.New("schema has no provider name")
	}
	for _, a := range message.GetConfig() {
		attribute, err := decodeConfigAttribute(a)
		if err != nil {
			return contract.ProviderSchema{}, err
		}
		schema.Config = append(schema.Config, attribute)
	}
	for _, text := range message.GetKinds() {
		kind := identity.Kind(text)
		if err := validateKind(kind); err != nil {
			return contract.ProviderSchema{}, fmt.Errorf("schema of %s: %w", schema.Name, err)
		}
		schema.Kinds = append(schema.Kinds, kind)
	}
	for _, r := range message.GetResources() {
		resource, err := decodeResourceSchema(r)
		if err != nil {
			return contract.ProviderSchema{}, fmt.Errorf("schema of %s: %w", schema.Name, err)
		}
		schema.Resources = append(schema.Resources, resource)
	}
	for _, u := range message.GetUnread() {
		schema.Unread = append(schema.Unread, identity.Unread{Name: CleanText(u.GetName()),
			Question: CleanText(u.GetQuestion())})
	}
	return schema, nil
}

func decodeConfigAttribute(message *ConfigAttribute) (contract.ConfigAttribute, error) {
	attribute := contract.ConfigAttribute{
		Name: CleanText(message.GetName()), Type: message.GetType(), Required: message.GetRequired(),
		Sensitive: message.GetSensitive(),
		OneOf:     message.GetOneOf(), Doc: CleanText(message.GetDoc()), TargetFile: message.GetTargetFile(),
		Min: message.GetMin(), Max: message.GetMax(), Whole: message.GetWhole(),
	}
	if attribute.Name == "" {
		return contract.ConfigAttribute{}, errors.New("an argument of the schema has no name")
	}
	if len(message.GetDefaultJson()) > 0 {
		value, err := decodeValue(message.GetDefaultJson())
		if err != nil {
			return contract.ConfigAttribute{}, fmt.Errorf("default of argument %s: %w", attribute.Name, err)
		}
		attribute.Default = value
	}
	return attribute, nil
}

func encodeResourceSchema(r identity.ResourceSchema) *ResourceSchema {
	message := &ResourceSchema{Type: r.Type, Doc: r.Doc, KeyFormat: r.KeyFormat, CaseFold: r.CaseFold,
		Evidence: r.Evidence, RenameBy: r.RenameBy,
		Tagged: r.Tagged, Opens: r.Opens}
	for _, kind := range r.ItemKinds {
		message.ItemKinds = append(message.ItemKinds, string(kind))
	}
	for _, a := range r.Attributes {
		message.Attributes = append(message.Attributes, &AttributeSchema{
			Name: a.Name, Type: a.Type, Doc: a.Doc, Identity: a.Identity, Computed: a.Computed, Sensitive: a.Sensitive,
			Generated: a.Generated, Unordered: a.Unordered, ForcesReplace: a.ForcesReplace,
		})
	}
	return message
}

func decodeResourceSchema(message *ResourceSchema) (identity.ResourceSchema, error) {
	schema := identity.ResourceSchema{
		Type: CleanText(message.GetType()), Doc: CleanText(message.GetDoc()), KeyFormat: message.GetKeyFormat(),
		CaseFold: message.GetCaseFold(), Evidence: message.GetEvidence(), RenameBy: message.GetRenameBy(),
		Tagged: message.GetTagged(), Opens: message.GetOpens(),
	}
	if schema.Type == "" {
		return identity.ResourceSchema{}, errors.New("a resource type has no name")
	}
	for _, text := range message.GetItemKinds() {
		kind := identity.Kind(text)
		if err := validateKind(kind); err != nil {
			return identity.ResourceSchema{}, fmt.Errorf("resource type %s: %w", schema.Type, err)
		}
		schema.ItemKinds = append(schema.ItemKinds, kind)
	}
	for _, a := range message.GetAttributes() {
		if a.GetName() == "" {
			return identity.ResourceSchema{}, fmt.Errorf("an attribute of resource type %s has no name", schema.Type)
		}
		schema.Attributes = append(schema.Attributes, identity.AttributeSchema{
			Name: a.GetName(), Type: a.GetType(), Doc: CleanText(a.GetDoc()), Identity: a.GetIdentity(),
			Computed:  a.GetComputed(),
			Sensitive: a.GetSensitive(), Generated: a.GetGenerated(), Unordered: a.GetUnordered(),
			ForcesReplace: a.GetForcesReplace(),
		})
	}
	return schema, nil
}
