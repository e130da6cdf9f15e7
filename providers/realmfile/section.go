package realmfile

import (
	"slices"

	"github.com/rehome-iam/rehome/providers/internal/realm"
)

// find returns the entry of a list whose field has this value, nil when there is none. Changes to it change the file.
func find(holder realm.Object, section, field, value string) realm.Object {
	list, _ := holder[section].([]any)
	for _, entry := range list {
		if object, ok := entry.(map[string]any); ok && object[field] == value {
			return object
		}
	}
	return nil
}

// add appends an entry to a list, made when it is missing.
func add(holder realm.Object, section string, entry realm.Object) {
	list, _ := holder[section].([]any)
	holder[section] = append(list, any(entry))
}

// remove takes the entries out of a list whose field has this value.
func remove(holder realm.Object, section, field, value string) {
	list, ok := holder[section].([]any)
	if !ok {
		return
	}
	holder[section] = slices.DeleteFunc(list, func(entry any) bool {
		object, ok := entry.(map[string]any)
		return ok && object[field] == value
	})
}

// object returns the object under a name, made when it is missing.
func object(holder realm.Object, name string) realm.Object {
	if child, ok := holder[name].(map[string]any); ok {
		return child
	}
	child := realm.Object{}
	holder[name] = child
	return child
}

// within returns the object two names down, when it is there.
func within(holder realm.Object, name, below string) (realm.Object, bool) {
	outer, ok := holder[name].(map[string]any)
	if !ok {
		return nil, false
	}
	inner, ok := outer[below].(map[string]any)
	return inner, ok
}
