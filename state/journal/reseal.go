package journal

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/state/fault"
)

// Reseal writes a journal anew, each record as renew makes it of what was there, and puts it in the place of the old
// one. Records must keep their size, so that marks stay true.
func Reseal(ctx context.Context, path string, renew func(address string, sealed []byte) ([]byte, error)) error {
	file, err := openAlone(ctx, path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	run := strings.TrimSuffix(filepath.Base(path), suffix)
	var anew []byte
	end, err := scanFrames(file, info.Size(), Mark{}, func(f frame, _ Mark) error {
		sealed, err := renew(addressOf(run, f.sequence), slices.Clone(f.body))
		if err == nil {
			anew, err = encodeFrame(anew, f.sequence, sealed)
		}
		return err
	})
	if err != nil {
		return err
	}
	if int64(len(anew)) != end.Offset {
		return fmt.Errorf("%w: it would be %d bytes long, not %d", fault.ErrCorrupt, len(anew), end.Offset)
	}
	return fault.ReplaceFile(path, anew)
}
