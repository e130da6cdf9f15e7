package scratch

import (
	"context"
	"fmt"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/history"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/project"
	"github.com/rehome-iam/rehome/engine/targetfile"
)

// Memory is a target whose reading is kept, and which knows what the real state has bound: a copy has the same keys.
type Memory struct {
	targetfile.Target
	bound map[string]history.Binding
	seen  []identity.Resource
}

// ReadMarker implements targetfile.Target.
func (m *Memory) ReadMarker(ctx context.Context) (contract.Marker, contract.MarkerRevision, error) {
	marker, revision, err := m.Target.ReadMarker(ctx)
	if marker.Bindings == nil {
		marker.Bindings = map[string]string{}
	}
	for key, b := range m.bound {
		if _, known := marker.Bindings[key]; !known {
			marker.Bindings[key] = b.Resource.String()
		}
	}
	return marker, revision, err
}

// Read implements targetfile.Target.
func (m *Memory) Read(ctx context.Context, each func(identity.Resource) error) (contract.ReadSummary, error) {
	m.seen = nil
	return m.Target.Read(ctx, func(r identity.Resource) error {
		m.seen = append(m.seen, r)
		return each(r)
	})
}

// Memory makes a memory of the target that is put into it.
func (s *Scratch) Memory() (*Memory, error) {
	bound, err := s.migration.Bindings()
	return &Memory{bound: bound}, err
}

// Seen is what was read last.
func (m *Memory) Seen() []identity.Resource { return m.seen }

// LeaveMark leaves a mark in the marker of the throw-away target, by which it is told from others, and returns it.
func (s *Scratch) LeaveMark(ctx context.Context, target *project.Target, was contract.Marker,
	revision contract.MarkerRevision) (string, error) {
	m, mark := s.Project.Config().Migration, s.p.NewID("d")
	left := contract.Marker{Migration: m.Name, Tenant: m.Tenant, Run: mark, Fence: was.Fence}
	if _, err := target.WriteMarker(ctx, left, revision); err != nil {
		return "", fmt.Errorf("leaving a mark in the throw-away target: %w", err)
	}
	return mark, nil
}

// CleanCopy takes the marker out of the copy of a file: what it says is of the original.
func (s *Scratch) CleanCopy(ctx context.Context) error {
	if !s.Copied {
		return nil
	}
	target, _, err := s.Project.Target(ctx)
	if err != nil {
		return err
	}
	defer target.Close()
	return ClearMarker(ctx, target)
}

// ClearMarker leaves no trace of a migration in the marker.
func ClearMarker(ctx context.Context, target *project.Target) error {
	marker, revision, err := target.ReadMarker(ctx)
	if err != nil {
		return fmt.Errorf("reading the marker: %w", err)
	}
	if revision == "" {
		return nil
	}
	if _, err := target.WriteMarker(ctx, contract.Marker{Fence: marker.Fence}, revision); err != nil {
		return fmt.Errorf("clearing the marker of the throw-away target: %w", err)
	}
	return nil
}
