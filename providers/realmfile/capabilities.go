package realmfile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rehome-iam/rehome/engine/observation"
	"github.com/rehome-iam/rehome/providers/sdk"
)

var _ sdk.PermissionChecker = (*Target)(nil)

// Permissions says whether the file can be read, and whether its folder takes the new file that every write makes. That
// is tried with an empty file, which is removed again.
func (t *Target) Permissions(context.Context) ([]observation.PermissionCheck, error) {
	read := observation.PermissionCheck{Name: "read " + t.path, For: "plan: read the realm file",
		State: observation.PermissionGranted}
	if file, err := os.Open(t.path); err == nil {
		_ = file.Close() // it was read only
	} else if !errors.Is(err, fs.ErrNotExist) {
		read.State, read.Action = observation.PermissionMissing, "Let this account read the file."
	}
	folder := filepath.Dir(t.path)
	write := observation.PermissionCheck{Name: "write " + folder, For: "apply: replace the realm file",
		State: observation.PermissionGranted}
	probe, err := os.CreateTemp(folder, ".rehome-realm-*")
	if err != nil {
		write.State, write.Action = observation.PermissionMissing,
			"Let this account make files in the folder of the realm file, or make the folder."
		return []observation.PermissionCheck{read, write}, nil
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, fileError("removing the file that tried the folder", err)
	}
	return []observation.PermissionCheck{read, write}, nil
}
