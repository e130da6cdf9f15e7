package realmfile

import (
	"slices"

	"github.com/rehome-iam/rehome/providers/internal/realm/object"
)

// find returns the entry of a list whose field has this value, nil when there is none. Changes to it change the file.
func find(holder object.Object, section, field, value string) object.Object {
	list, _ := holder[section].([]any)
	for _, entry := range list {
		if object, ok := entry.(map[string]any); ok && object[field] == value {
			return object
		}
	}
	return nil
}

// add appends an entry to a list, made when it is missing.
func add(holder object.Object, section string, entry object.Object) {
	list, _ := holder[section].([]any)
	holder[section] = append(list, any(entry))
}

// remove takes the entries out of a list whose field has this value.
func remove(holder object.Object, section, field, value string) {
	list, ok := holder[section].([]any)
	if !ok {
		return
	}
	holder[section] = slices.DeleteFunc(list, func(entry any) bool {
		object, ok := entry.(map[string]any)
		return ok && object[field] == value
	})
}

// within returns the object two names down, when it is there.
func within(holder object.Object, name, below string) (object.Object, bool) {
	outer, ok := holder[name].(map[string]any)
	if !ok {
		return nil, false
	}
	inner, ok := outer[below].(map[string]any)
	return inner, ok
}
