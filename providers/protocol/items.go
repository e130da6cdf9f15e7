package protocol

import (
	"fmt"

	"github.com/rehome-iam/rehome/engine/identity"
)

// EncodeItem makes a message of an item.
func EncodeItem(item identity.Item) *Item {
	message := &Item{
		Source: item.Source, Kind: string(item.Kind), Id: item.ID, Name: item.Name, Version: int64(item.Version),
		AttributesJson: item.Attributes, Gaps: item.Gaps, Deleted: item.Deleted, RawJson: item.Raw, Page: int64(item.Page),
	}
	for _, r := range item.References {
		message.References = append(message.References, &Reference{Role: r.Role, Kind: string(r.Kind), Id: r.ID})
	}
	for _, s := range item.Secrets {
		message.Secrets = append(message.Secrets, s.Field)
	}
	return message
}

// DecodeItem reads an item and checks it, see ValidateItem.
func DecodeItem(message *Item) (identity.Item, error) {
	item := identity.Item{
		Source: message.GetSource(), Kind: identity.Kind(message.GetKind()), ID: message.GetId(),
		Name:    CleanText(message.GetName()),
		Version: int(message.GetVersion()), Attributes: message.GetAttributesJson(), Gaps: cleanTexts(message.GetGaps()),
		Deleted: message.GetDeleted(), Raw: message.GetRawJson(), Page: int(message.GetPage()),
	}
	for _, r := range message.GetReferences() {
		item.References = append(item.References, identity.Reference{Role: r.GetRole(), Kind: identity.Kind(r.GetKind()),
			ID: r.GetId()})
	}
	for _, field := range message.GetSecrets() {
		item.Secrets = append(item.Secrets, identity.SecretField{Field: field})
	}
	if err := ValidateItem(item); err != nil {
		return identity.Item{}, err
	}
	return item, nil
}

// DecodeItems reads a batch of items; the first that breaks the contract is the error.
func DecodeItems(messages []*Item) ([]identity.Item, error) {
	items := make([]identity.Item, 0, len(messages))
	for _, message := range messages {
		item, err := DecodeItem(message)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// EncodeItemID makes a message of the name of an item.
func EncodeItemID(id identity.ItemID) *ItemID { return &ItemID{Kind: string(id.Kind), Id: id.ID} }

// DecodeItemID reads the name of an item.
func DecodeItemID(message *ItemID) (identity.ItemID, error) {
	id := identity.ItemID{Kind: identity.Kind(message.GetKind()), ID: message.GetId()}
	if err := validateKind(id.Kind); err != nil {
		return identity.ItemID{}, err
	}
	if id.ID == "" {
		return identity.ItemID{}, fmt.Errorf("item of kind %s has no id", id.Kind)
	}
	return id, nil
}

// EncodePage makes a message of the proof of a page.
func EncodePage(page identity.PageEvidence) *PageEvidence {
	return &PageEvidence{
		Sequence: int64(page.Sequence), Method: page.Method, Path: page.Path, Query: page.Query, Status: int64(page.Status),
		At: page.At, ItemCount: int64(page.ItemCount), Bytes: int64(page.Bytes), Sha256: page.SHA256, Body: page.Body,
	}
}

// DecodePage reads the proof of a page.
func DecodePage(message *PageEvidence) identity.PageEvidence {
	return identity.PageEvidence{
		Sequence: int(message.GetSequence()), Method: CleanText(message.GetMethod()), Path: CleanText(message.GetPath()),
		Query: CleanText(message.GetQuery()), Status: int(message.GetStatus()), At: CleanText(message.GetAt()),
		ItemCount: int(message.GetItemCount()), Bytes: int(message.GetBytes()), SHA256: CleanText(message.GetSha256()),
		Body: message.GetBody(),
	}
}

// EncodeGap makes a message of a gap.
func EncodeGap(gap identity.Gap) *Gap {
	return &Gap{Kind: string(gap.Kind), Path: gap.Path, Status: int64(gap.Status), Reason: gap.Reason,
		Permission: gap.Permission,
		Cause:      string(gap.Cause), Of: gap.Of}
}

// DecodeGap reads a gap. A gap without a known kind would block nothing, so it is an error.
func DecodeGap(message *Gap) (identity.Gap, error) {
	gap := identity.Gap{
		Kind: identity.Kind(message.GetKind()), Path: CleanText(message.GetPath()), Status: int(message.GetStatus()),
		Reason: CleanText(message.GetReason()), Permission: CleanText(message.GetPermission()),
		Cause: identity.GapCause(CleanText(message.GetCause())), Of: CleanText(message.GetOf()),
	}
	if err := validateKind(gap.Kind); err != nil {
		return identity.Gap{}, fmt.Errorf("gap at %s: %w", gap.Path, err)
	}
	return gap, nil
}
