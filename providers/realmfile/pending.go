package realmfile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm"
	"github.com/rehome-iam/rehome/providers/protocol"
	"github.com/rehome-iam/rehome/providers/sdk/steps"
)

// besides is the file of the steps that the realm file does not hold yet. It holds the same secrets and has the same
// mode.
func besides(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".rehome-steps")
}

// line is one line beside the realm file. The first says which content of the file the steps follow on; one that says
// Saved comes last, when the file has been written with all of them.
type line struct {
	Base      *string           `json:"base,omitempty"` // digest of the realm file, empty where there was none
	Step      []byte            `json:"step,omitempty"` // as the host sent it
	Generated map[string]string `json:"generated,omitempty"`
	Saved     string            `json:"saved,omitempty"` // digest of the realm file
}

// pending appends steps. Many goroutines may wait for the disk at the same time, and share one wait.
type pending struct {
	path string

	syncing  sync.Mutex // of all below
	file     *os.File   // nil before the first step
	size     int64
	appended int64 // steps
	synced   int64
}

func newPending(path string) *pending { return &pending{path: besides(path)} }

// append writes a step that was done in memory. It counts once sync returns for the number that it gives.
func (p *pending) append(base string, step contract.StepRequest, generated map[string]string) (int64, error) {
	message, err := protocol.EncodeStep(step)
	if err != nil {
		return 0, invalid("keeping a step: %v", err)
	}
	encoded, err := proto.Marshal(message)
	if err != nil {
		return 0, invalid("keeping a step: %v", err)
	}
	p.syncing.Lock()
	defer p.syncing.Unlock()
	if p.file == nil {
		if err := p.begin(base); err != nil {
			return 0, err
		}
	}
	if err := p.write(line{Step: encoded, Generated: generated}); err != nil {
		return 0, err
	}
	p.appended++
	return p.appended, nil
}

// begin makes the file, and sees to it that it is found after the power failed.
func (p *pending) begin(base string) error {
	file, err := os.OpenFile(p.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fileError("making the file for steps beside the realm file", err)
	}
	p.file, p.size = file, 0
	if err := p.write(line{Base: &base}); err != nil {
		return err
	}
	return syncFolder(p.path)
}

func (p *pending) write(l line) error {
	encoded, err := json.Marshal(l)
	if err != nil {
		return invalid("keeping a step: %v", err)
	}
	n, err := p.file.Write(append(encoded, '\n'))
	p.size += int64(n)
	if err != nil {
		return fileError("writing a step beside the realm file", err)
	}
	return nil
}

// sync returns when a step is on the disk.
func (p *pending) sync(number int64) error {
	p.syncing.Lock()
	defer p.syncing.Unlock()
	if p.synced >= number {
		return nil
	}
	if err := p.file.Sync(); err != nil {
		return fileError("syncing what is beside the realm file", err)
	}
	p.synced = p.appended
	return nil
}

// spend says that the realm file is about to hold all steps: one that is found with that content needs none of them.
func (p *pending) spend(digest string) error {
	p.syncing.Lock()
	defer p.syncing.Unlock()
	if p.file != nil {
		if err := p.write(line{Saved: digest}); err != nil {
			return err
		}
		if err := p.file.Sync(); err != nil {
			return fileError("syncing what is beside the realm file", err)
		}
	}
	return nil
}

// drop removes what the realm file holds by now.
func (p *pending) drop() error {
	p.close()
	p.size = 0
	if err := os.Remove(p.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError("removing the steps beside the realm file", err)
	}
	return nil
}

// close ends the work on the file. Whoever waits for a step of it is answered by what is on the disk then.
func (p *pending) close() {
	p.syncing.Lock()
	defer p.syncing.Unlock()
	if p.file == nil {
		return
	}
	if err := p.file.Sync(); err == nil {
		p.synced = p.appended
	}
	_ = p.file.Close() // synced above, so nothing is lost with it
	p.file = nil
}

// lacking is a step that was found beside the realm file.
type lacking struct {
	step    contract.StepRequest
	foreign bool // somebody has written the realm file since
}

// readPending reads the steps that a realm file with this digest lacks, and tells whether there is a file of steps at
// all. A last line that was cut off is of a step that nobody was told was done.
func readPending(path, digest string) (all []lacking, exists bool, err error) {
	content, err := os.ReadFile(besides(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fileError("reading what is beside the realm file", err)
	}
	base := ""
	for text := range bytes.Lines(content) {
		var l line
		if !bytes.HasSuffix(text, []byte("\n")) || json.Unmarshal(text, &l) != nil {
			break
		}
		switch {
		case l.Saved != "" && l.Saved == digest:
			return nil, true, nil
		case l.Base != nil:
			base = *l.Base
		case len(l.Step) > 0:
			step, err := decodeStep(l)
			if err != nil {
				return nil, true, err
			}
			all = append(all, lacking{step: step, foreign: base != digest})
		}
	}
	return all, true, nil
}

func decodeStep(l line) (contract.StepRequest, error) {
	var message protocol.ApplyRequest
	if err := proto.Unmarshal(l.Step, &message); err != nil {
		return contract.StepRequest{}, invalid("reading what is beside the realm file: %v", err)
	}
	step, err := protocol.DecodeStep(&message)
	if err != nil {
		return contract.StepRequest{}, invalid("reading what is beside the realm file: %v", err)
	}
	if step.Secrets == nil {
		step.Secrets = map[string]string{}
	}
	maps.Copy(step.Secrets, l.Generated)
	return step, nil
}

// again does a step once more, in memory. Where somebody has written the file since, what he wrote stands: a step that
// does not fit it any more is left out, as if he had written after it.
func (l lacking) again(d *document) error {
	step := l.step
	step.Begun = true
	_, err := steps.Apply(context.Background(), realm.TypeOf(step.Resource.Type).Schema, newChange(d, step), step)
	var refused *contract.ProviderError
	if l.foreign && errors.As(err, &refused) {
		return nil
	}
	return err
}

// syncFolder makes the names of a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fileError("opening the directory of the realm file", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return fileError("syncing the directory of the realm file", err)
	}
	return nil
}
