package protocol

import (
	"fmt"
	"time"

	"github.com/rehome-iam/rehome/engine/observation"
)

// EncodeChange makes a message of a write that a target recorded.
func EncodeChange(e observation.ChangeEvent) *ChangeEvent {
	message := &ChangeEvent{
		Id: e.ID, At: e.At, Operation: e.Operation, Type: e.Type, Path: e.Path, ByUs: e.ByUs, By: e.By,
		Bookkeeping: e.Bookkeeping,
		ServerIds:   e.ServerIDs, Digest: e.Digest,
	}
	for _, id := range e.About {
		message.About = append(message.About, EncodeResourceID(id))
	}
	return message
}

// DecodeChange reads a write that a target recorded. One without a time is an error: it could not be held against a
// run.
func DecodeChange(m *ChangeEvent) (observation.ChangeEvent, error) {
	event := observation.ChangeEvent{
		ID: CleanText(m.GetId()), At: CleanText(m.GetAt()), Operation: CleanText(m.GetOperation()),
		Type: CleanText(m.GetType()), Path: CleanText(m.GetPath()),
		ByUs: m.GetByUs(), By: CleanText(m.GetBy()), Bookkeeping: m.GetBookkeeping(), ServerIDs: cleanTexts(m.GetServerIds()),
		Digest: CleanText(m.GetDigest()),
	}
	if _, err := time.Parse(time.RFC3339Nano, event.At); err != nil {
		return event, fmt.Errorf("a recorded write has no time that reads: %q", event.At)
	}
	for _, id := range m.GetAbout() {
		event.About = append(event.About, DecodeResourceID(id))
	}
	return event, nil
}
