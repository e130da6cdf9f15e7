package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rehome-iam/rehome/state/fault"
)

// Following is a journal that is read while nobody writes it.
type Following struct {
	book  Book
	file  *os.File
	run   string
	alone bool
}

// Follow opens a journal to read what is new in it. Alone keeps other followers away too, so that what a crash cut off
// can be removed. It is nil where a process writes the journal now, where its run was given up, or where it was put in
// place anew a moment ago.
func (b Book) Follow(path string, alone bool) (*Following, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if free, err := lockNow(file, alone); err != nil || !free || !isAt(file, path) {
		return nil, errors.Join(err, file.Close())
	}
	return &Following{book: b, file: file, run: strings.TrimSuffix(filepath.Base(path), suffix), alone: alone}, nil
}

// Run whose journal it is.
func (f *Following) Run() string { return f.run }

// Close gives the journal back.
func (f *Following) Close() error { return f.file.Close() }

// News is what Following.From found.
type News struct {
	Short bool  // the journal ends before the mark
	Torn  bool  // it ends in what a crash cut off, which stays until somebody follows it alone
	Cut   *Torn // that was removed
}

// From visits the records behind a mark. A journal of which nothing is known yet is passed over where it is of another
// migration, or has no whole record.
func (f *Following) From(mark Mark, visit func(Record) error) (News, error) {
	info, err := f.file.Stat()
	if err != nil || info.Size() == mark.Offset {
		return News{}, err
	}
	if info.Size() < mark.Offset {
		return News{Short: true}, nil
	}
	if mark.Sequence == 0 {
		if ours, err := f.begunHere(info.Size()); !ours || err != nil {
			return News{}, err
		}
	}
	if f.alone {
		_, cut, err := f.book.scanJournal(f.file, f.run, mark, visit)
		return News{Cut: cut}, err
	}
	end, err := f.book.readJournal(f.file, f.run, mark, visit)
	return News{Torn: end.torn > 0}, err
}

// begunHere tells whether a journal is of this migration. That of another one is followed by the commands of that one,
// and one without a whole record has nothing to follow yet.
func (f *Following) begunHere(size int64) (bool, error) {
	err := f.book.mine(f.run, f.file)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return false, nil
	case errors.Is(err, errNoRecord):
		_, damage := scanFrames(f.file, size, Mark{}, func(frame, Mark) error { return nil })
		return false, damage
	}
	return err == nil, err
}
