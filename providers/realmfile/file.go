package realmfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// maxSize of a realm file: above it somebody pointed at the wrong file.
const maxSize = 1 << 30

func invalid(format string, args ...any) error {
	return &identity.ProviderError{Code: identity.ErrorInvalid, Message: fmt.Sprintf(format, args...)}
}

// decode reads a realm file. Numbers keep their digits.
func decode(content []byte) (realm.Object, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var doc any
	if err := decoder.Decode(&doc); err != nil {
		return nil, invalid("reading the realm file: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid("reading the realm file: something follows the realm")
	}
	object, ok := doc.(map[string]any)
	if !ok {
		return nil, invalid("reading the realm file: it must hold one realm, an object")
	}
	if err := checkShape(object); err != nil {
		return nil, err
	}
	return object, nil
}

// checkShape looks at the sections that rehome reads: a section of another shape would be overwritten without notice.
func checkShape(doc realm.Object) error {
	if name, ok := doc["realm"].(string); !ok || name == "" {
		return invalid("reading the realm file: it has no realm name")
	}
	for section, key := range map[string]string{
		"groups": "name", "clients": "clientId", "identityProviders": "alias", "identityProviderMappers": "", "organizations": "alias",
		"authenticationFlows": "alias", "authenticatorConfig": "alias", "clientScopes": "name",
	} {
		value, there := doc[section]
		if !there || value == nil {
			continue
		}
		list, ok := value.([]any)
		if !ok {
			return invalid("reading the realm file: %s is no list", section)
		}
		if err := checkEntries(section, key, list); err != nil {
			return err
		}
	}
	if roles, there := doc["roles"]; there {
		if _, ok := roles.(map[string]any); !ok {
			return invalid("reading the realm file: roles is no object")
		}
	}
	return nil
}

func checkEntries(section, key string, list []any) error {
	seen := map[string]bool{}
	for i, entry := range list {
		object, ok := entry.(map[string]any)
		if !ok {
			return invalid("reading the realm file: entry %d of %s is no object", i, section)
		}
		if key == "" {
			continue
		}
		name, _ := object[key].(string)
		if name == "" {
			return invalid("reading the realm file: entry %d of %s has no %s", i, section, key)
		}
		if seen[name] {
			return invalid("reading the realm file: %s holds %q twice", section, name)
		}
		seen[name] = true
	}
	return nil
}

// load reads the file, or starts a new realm when there is none.
func (t *Target) load() (doc realm.Object, isNew bool, err error) {
	info, err := os.Stat(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		if t.realm == "" {
			return nil, false, invalid("there is no file at path yet, so the argument realm must name the new realm")
		}
		return newRealm(t.realm), true, nil
	}
	if err == nil && info.Size() > maxSize {
		return nil, false, invalid("the realm file is larger than 1 GB")
	}
	content, err := os.ReadFile(t.path)
	if err != nil {
		return nil, false, fileError("reading the realm file", err)
	}
	doc, err = decode(content)
	if err != nil {
		return nil, false, err
	}
	if name := doc["realm"].(string); t.realm != "" && name != t.realm {
		return nil, false, invalid("the file holds the realm %q and not %q", name, t.realm)
	}
	return doc, false, nil
}

func newRealm(name string) realm.Object {
	return realm.Object{
		"realm": name, "enabled": true, "sslRequired": "external", "organizationsEnabled": true, "registrationAllowed": false,
		"resetPasswordAllowed": false, "bruteForceProtected": true,
	}
}

func fileError(doing string, err error) error {
	code := identity.ErrorInternal
	switch {
	case errors.Is(err, fs.ErrPermission):
		code = identity.ErrorForbidden
	case errors.Is(err, fs.ErrNotExist):
		code = identity.ErrorNotFound
	}
	var detail *fs.PathError
	if errors.As(err, &detail) {
		err = detail.Err
	}
	return &identity.ProviderError{Code: code, Message: fmt.Sprintf("%s: %v", doing, err)}
}

// save writes the whole file at once: a reader sees the old one or the new one. It holds secrets, so nobody else may read it.
func (t *Target) save(doc realm.Object) error {
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(doc); err != nil {
		return invalid("encoding the realm file: %v", err)
	}
	path := t.path
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".rehome-realm-*") // made with mode 0600
	if err != nil {
		return fileError("making a file beside the realm file", err)
	}
	defer os.Remove(temporary.Name()) // gone already after the rename
	if err := writeAndSync(temporary, content.Bytes()); err != nil {
		return fileError("writing the realm file", err)
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return fileError("putting the realm file in place", err)
	}
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fileError("opening the directory of the realm file", err)
	}
	defer directory.Close()
	if err := directory.Sync(); err != nil {
		return fileError("syncing the directory of the realm file", err)
	}
	return nil
}

// lock keeps other processes from writing files of the folder between load and save: a plugin whose host was killed may still be at
// work. The system gives the lock back when the process ends.
func (t *Target) lock() (release func(), err error) {
	path := t.path
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	folder, err := os.Open(filepath.Dir(path))
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
