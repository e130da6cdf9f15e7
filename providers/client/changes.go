package client

import (
	"context"
	"errors"
	"io"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/protocol"
)

// Changes lists the writes that the target recorded between two times (RFC 3339), oldest first. A list that was cut off
// is an error.
func (t *Target) Changes(ctx context.Context, since, until string) (observation.ChangeReport, error) {
	const doing = "reading the record of writes"
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := t.calls.Changes(ctx, &protocol.ChangesRequest{Since: since, Until: until})
	if err != nil {
		return observation.ChangeReport{}, t.process.optional(ctx, doing, err)
	}
	report := observation.ChangeReport{Events: []observation.ChangeEvent{}}
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return report, t.process.died(doing, "its stream ended without the end marker")
		}
		if err != nil {
			return report, t.process.optional(ctx, doing, err)
		}
		for _, message := range response.GetEvents() {
			event, err := protocol.DecodeChange(message)
			if err != nil {
				return report, t.process.invalid(doing, err)
			}
			report.Events = append(report.Events, event)
		}
		end := response.GetEnd()
		if end == nil {
			continue
		}
		if end.GetSent() != int64(len(report.Events)) {
			return report, t.process.invalid(doing, errors.New("its end marker counts other events than came"))
		}
		report.Covers, report.Note, report.Requests = protocol.CleanText(end.GetCovers()), protocol.CleanText(end.GetNote()),
			int(end.GetRequests())
		return report, nil
	}
}
