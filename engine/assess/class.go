package assess

import (
	"strings"

	"github.com/rehome-iam/rehome/engine/diag"
)

// ClassifierVersion is recorded with every assessment. It changes when the same findings lead to another class.
const ClassifierVersion = "1"

// Class says how well an item carries over.
type Class string

// The classes, best first.
const (
	ClassNative        Class = "native_import"
	ClassApproximation Class = "import_with_approximation"
	ClassVisibility    Class = "visibility_only"
	ClassManual        Class = "manual_rebuild_required"
	ClassBlocked       Class = "blocked"
)

// Classes lists every class, best first.
func Classes() []Class {
	return []Class{ClassNative, ClassApproximation, ClassVisibility, ClassManual, ClassBlocked}
}

// Imported tells whether items of this class become resources.
func (c Class) Imported() bool { return c == ClassNative || c == ClassApproximation }

// ParseClass reads a class; the error names the classes there are.
func ParseClass(text string) (Class, error) {
	var names []string
	for _, class := range Classes() {
		if string(class) == text {
			return class, nil
		}
		names = append(names, string(class))
	}
	return "", diag.Errorf("usage", "Command line is wrong", "There is no class %q; the classes are %s.", text,
		strings.Join(names, ", "))
}
