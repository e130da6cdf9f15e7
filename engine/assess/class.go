package assess

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
