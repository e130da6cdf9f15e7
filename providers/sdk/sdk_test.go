package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/stats"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/protocol"
)

func TestManyGoroutinesShareASink(t *testing.T) {
	var sent []*protocol.CollectResponse
	sink := newStreamSink(func(message *protocol.CollectResponse) error { sent = append(sent, message); return nil })
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			page, err := sink.Page(t.Context(), identity.PageEvidence{Method: "GET", Path: "/x"})
			if err != nil {
				t.Error(err)
			}
			for n := range 200 {
				item := identity.Item{Kind: identity.KindGroup, ID: fmt.Sprintf("%d-%d", worker, n),
					Attributes: []byte("{}"), Page: page}
				if err := sink.Items(t.Context(), item); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	if err := sink.end(); err != nil {
		t.Fatal(err)
	}
	pages, items := int64(0), 0
	for _, message := range sent {
		if page := message.GetPage(); page != nil {
			pages++
			if page.GetSequence() != pages {
				t.Errorf("page %d came as number %d", page.GetSequence(), pages)
			}
		}
		for _, item := range message.GetItems().GetItems() {
			items++
			if item.GetPage() > pages {
				t.Errorf("item %s came before page %d", item.GetId(), item.GetPage())
			}
		}
	}
	if end := sent[len(sent)-1].GetEnd(); pages != 8 || items != 1600 || end.GetPages() != 8 || end.GetItems() != 1600 {
		t.Errorf("%d pages, %d items, end marker %v", pages, items, end)
	}
}

func TestASinkOfACancelledCallTakesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sink := newStreamSink(func(*protocol.CollectResponse) error { t.Error("a message was sent"); return nil })
	_, pageErr := sink.Page(ctx, identity.PageEvidence{})
	for _, err := range []error{pageErr, sink.Items(ctx), sink.Gap(ctx, identity.Gap{})} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	}
}

func TestAPluginExitsAfterItsLastConnection(t *testing.T) {
	exited := make(chan struct{})
	watch := &connectionWatch{grace: 20 * time.Millisecond, exit: func() { close(exited) }}
	begin, end := &stats.ConnBegin{}, &stats.ConnEnd{}
	for _, event := range []stats.ConnStats{begin, begin, end, end, begin} {
		watch.HandleConn(t.Context(), event)
	}
	select {
	case <-exited:
		t.Fatal("it exited with an open connection")
	case <-time.After(60 * time.Millisecond):
	}
	watch.HandleConn(t.Context(), end)
	select {
	case <-exited:
	case <-time.After(5 * time.Second):
		t.Fatal("it did not exit")
	}
}

func TestLogLinesAreThoseThatTheHostReads(t *testing.T) {
	var output bytes.Buffer
	slog.New(logHandler(&output)).Warn("slow", "page", 3)
	var line map[string]any
	if err := json.Unmarshal(output.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	at, _ := line["@timestamp"].(string)
	if _, err := time.Parse(logTime, at); err != nil || line["@level"] != "warn" || line["@message"] != "slow" ||
		line["page"] != 3.0 {
		t.Errorf("line is %s, %v", output.String(), err)
	}
}

func TestAPartOfTheResourcesIsNotChecked(t *testing.T) {
	messages := []*protocol.CheckRequest{
		{Event: &protocol.CheckRequest_Desired{Desired: &protocol.ResourceBatch{Resources: []*protocol.Resource{{Type: "t",
			Key: "k"}}}}},
		{Event: &protocol.CheckRequest_End{End: &protocol.CheckEnd{Desired: 2}}},
	}
	next := 0
	_, _, err := receiveResources(func() (*protocol.CheckRequest, error) { next++; return messages[next-1], nil })
	if failure, ok := protocol.DecodeError(err); !ok || failure.Code != contract.ErrorInvalid {
		t.Errorf("error is %v", err)
	}
}

func TestResourcesToCheckThatAreNotWholeOrDoNotReadAreRefused(t *testing.T) {
	broken := &protocol.ResourceBatch{Resources: []*protocol.Resource{{Type: "t", Key: "k", AttributesJson: []byte("{")}}}
	lost := errors.New("the connection is gone")
	cases := map[string]struct {
		message *protocol.CheckRequest
		err     error
		want    string
	}{
		"no end marker":  {nil, io.EOF, "ended without their end marker"},
		"an empty event": {&protocol.CheckRequest{}, nil, "is empty"},
		"a broken set": {&protocol.CheckRequest{Event: &protocol.CheckRequest_Desired{Desired: broken}}, nil,
			"attributes of t"},
		"a broken live": {&protocol.CheckRequest{Event: &protocol.CheckRequest_Live{Live: broken}}, nil,
			"attributes of t"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, _, err := receiveResources(func() (*protocol.CheckRequest, error) { return c.message, c.err })
			failure, ok := protocol.DecodeError(err)
			if !ok || failure.Code != contract.ErrorInvalid || !strings.Contains(failure.Message, c.want) {
				t.Errorf("error is %v", err)
			}
		})
	}
	_, _, err := receiveResources(func() (*protocol.CheckRequest, error) { return nil, lost })
	if !errors.Is(err, lost) {
		t.Errorf("error is %v", err)
	}
}
