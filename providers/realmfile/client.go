package realmfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// Writing a realm file whole for each step would cost the square of its size. So the realm is kept in memory, each step
// is appended to a file beside it before it counts as done, and the realm file is written whole when the marker is,
// which is at the beginning and the end of a run, and when the steps beside it have grown as large as it is. What is
// true is always the file with the steps beside it; whoever opens it reads both. See pending.go.

// stamp tells whether a file is the one that was read. Nothing is one that is not there.
type stamp struct {
	size  int64
	inode uint64
	at    time.Time
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return stamp{}, nil
	}
	if err != nil {
		return stamp{}, err
	}
	s := stamp{size: info.Size(), at: info.ModTime()}
	if detail, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = detail.Ino
	}
	return s, nil
}

// opened is the realm as this process knows it.
type opened struct {
	*document
	isNew   bool // there is no file yet
	file    stamp
	beside  stamp
	base    string   // digest of the file, empty where there is none
	pending *pending // steps that the file does not hold yet
	stale   bool     // what is beside the file was found, so the file is written whole before anything is added
}

// resolved is the path behind links, so that a link to a realm file stays one.
func (t *Target) resolved() string {
	if path, err := filepath.EvalSymlinks(t.path); err == nil {
		return path
	}
	return t.path
}

// hold keeps other processes from reading and writing in between, opens what changed since, and does the work.
func (t *Target) hold(work func(*opened) error) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	release, err := t.lock()
	if err != nil {
		return err
	}
	defer release()
	if err := t.refresh(); err != nil {
		return err
	}
	return work(t.open)
}

// look is hold for those who only read: a folder that cannot be locked, or is not there, is no reason to fail.
func (t *Target) look(work func(*opened) error) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if release, err := t.lock(); err == nil {
		defer release()
	}
	if err := t.refresh(); err != nil {
		return err
	}
	return work(t.open)
}

// refresh reads the file and what is beside it, unless both are as they were left.
func (t *Target) refresh() error {
	path := t.resolved()
	file, err := stampOf(path)
	if err != nil {
		return fileError("looking at the realm file", err)
	}
	beside, err := stampOf(besides(path))
	if err != nil {
		return fileError("looking at what is beside the realm file", err)
	}
	if t.open != nil && t.open.file == file && t.open.beside == beside {
		return nil
	}
	t.forget()
	next, err := t.load(path, file)
	if err != nil {
		return err
	}
	next.file, next.beside = file, beside
	t.open = next
	return nil
}

// forget drops what is in memory, after a step that failed in the midst for instance.
func (t *Target) forget() {
	if t.open != nil {
		t.open.pending.close()
	}
	t.open = nil
}

// load reads the file, or starts a new realm when there is none, and does the steps beside it.
func (t *Target) load(path string, file stamp) (*opened, error) {
	o := &opened{pending: newPending(path)}
	if file == (stamp{}) {
		if t.realm == "" {
			return nil, invalid("there is no file at path yet, so the argument realm must name the new realm")
		}
		o.document, o.isNew = newDocument(newRealm(t.realm)), true
	} else if err := t.loadFile(o, path, file); err != nil {
		return nil, err
	}
	steps, found, err := readPending(path, o.base)
	if err != nil {
		return nil, err
	}
	o.stale = found
	for _, step := range steps {
		if err := step.again(o.document); err != nil {
			return nil, err
		}
		o.isNew = false
	}
	return o, nil
}

func (t *Target) loadFile(o *opened, path string, file stamp) error {
	if file.size > maxSize {
		return invalid("the realm file is larger than 1 GB")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return fileError("reading the realm file", err)
	}
	doc, err := decode(content)
	if err != nil {
		return err
	}
	if name := doc["realm"].(string); t.realm != "" && name != t.realm {
		return invalid("the file holds the realm %q and not %q", name, t.realm)
	}
	o.document, o.base = newDocument(doc), digest(content)
	return nil
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func newRealm(name string) object.Object {
	return object.Object{
		"realm": name, "enabled": true, "sslRequired": "external", "organizationsEnabled": true, "registrationAllowed": false,
		"resetPasswordAllowed": false, "bruteForceProtected": true,
	}
}

func fileError(doing string, err error) error {
	code := contract.ErrorInternal
	switch {
	case errors.Is(err, fs.ErrPermission):
		code = contract.ErrorForbidden
	case errors.Is(err, fs.ErrNotExist):
		code = contract.ErrorNotFound
	}
	var detail *fs.PathError
	if errors.As(err, &detail) {
		err = detail.Err
	}
	return &contract.ProviderError{Code: code, Message: fmt.Sprintf("%s: %v", doing, err)}
}

// save writes the whole file at once: a reader sees the old one or the new one. It holds secrets, so nobody else may
// read it. What is beside it is spent from then on.
func (o *opened) save(path string) error {
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(o.root); err != nil {
		return invalid("encoding the realm file: %v", err)
	}
	next := digest(content.Bytes())
	if err := o.pending.spend(next); err != nil {
		return err
	}
	if err := replace(path, content.Bytes()); err != nil {
		return err
	}
	if err := o.pending.drop(); err != nil {
		return err
	}
	file, err := stampOf(path)
	if err != nil {
		return fileError("looking at the realm file", err)
	}
	o.file, o.beside, o.base, o.isNew, o.stale = file, stamp{}, next, false, false
	return nil
}

// replace puts a new file in the place of another.
func replace(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".rehome-realm-*") // made with mode 0600
	if err != nil {
		return fileError("making a file beside the realm file", err)
	}
	defer os.Remove(temporary.Name()) // gone already after the rename
	if err := writeAndSync(temporary, content); err != nil {
		return fileError("writing the realm file", err)
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return fileError("putting the realm file in place", err)
	}
	return syncFolder(path)
}

// lock keeps other processes from writing files of the folder between load and save: a plugin whose host was killed may
// still be at work. The system gives the lock back when the process ends.
func (t *Target) lock() (release func(), err error) {
	folder, err := os.Open(filepath.Dir(t.resolved()))
	if err != nil {
		return nil, fileError("opening the directory of the realm file", err)
	}
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fileError("locking the directory of the realm file", err), folder.Close())
	}
	return func() { _ = folder.Close() }, nil // closing gives the lock back
}

func writeAndSync(file *os.File, content []byte) error {
	if _, err := file.Write(content); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Sync(); err != nil {
		return errors.Join(err, file.Close())
	}
	return file.Close()
}
