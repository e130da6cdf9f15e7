package kinds

import (
	"reflect"
	"strings"

	"github.com/rehome-iam/rehome/engine/identity"
)

// Field is one attribute of a kind, as expressions and the documentation name it.
//
// Type is written as in the configuration: string, bool, number, list(string), map(list(string)), list(object).
type Field struct {
	Name     string
	Type     string
	Doc      string
	Nullable bool    // null and empty mean different things, as Doc says
	Map      Effect  // of stating it in a map block
	Object   []Field // the fields of the elements of a list(object)
}

// Effect says what stating a field in a map block decides about.
type Effect string

// The effects. What was counted or judged at the source, or only names it, is not for a map block to set.
const (
	EffectPlain    Effect = ""
	EffectNone     Effect = "no"
	EffectAccess   Effect = "access"   // who gets in, and how it is proved
	EffectIdentity Effect = "identity" // who a person, an application or an upstream is
	EffectStatus   Effect = "status"   // whether it is in use at all
)

// Decides tells whether who gets in, and as whom, hangs on the field.
func (e Effect) Decides() bool { return e == EffectAccess || e == EffectIdentity || e == EffectStatus }

// Fields lists the attributes of a kind in the order of its struct, and nothing for a kind without one.
func Fields(kind identity.Kind) []Field {
	if shape := shapeOf(kind); shape != nil {
		return fieldsOf(reflect.TypeOf(shape))
	}
	return nil
}

// shapeOf returns the zero struct of a kind. Access keys, SCIM connections and SCIM tokens have none.
func shapeOf(kind identity.Kind) any {
	switch kind {
	case identity.KindApplication:
		return Application{}
	case identity.KindServicePrincipal:
		return ServicePrincipal{}
	case identity.KindIdentityProvider:
		return IdentityProvider{}
	case identity.KindRoutingRule:
		return RoutingRule{}
	case identity.KindDomain:
		return Domain{}
	case identity.KindGroup:
		return Group{}
	case identity.KindUser:
		return User{}
	case identity.KindMembership:
		return Membership{}
	case identity.KindAppAssignment:
		return AppAssignment{}
	case identity.KindAuthPolicy:
		return AuthPolicy{}
	case identity.KindSessionPolicy:
		return SessionPolicy{}
	case identity.KindRole:
		return Role{}
	case identity.KindRoleAssignment:
		return RoleAssignment{}
	}
	return nil
}

func fieldsOf(shape reflect.Type) []Field {
	fields := make([]Field, 0, shape.NumField())
	for i := range shape.NumField() {
		structField := shape.Field(i)
		name, _, _ := strings.Cut(structField.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		field := Field{Name: name, Type: typeName(structField.Type), Doc: structField.Tag.Get("doc"),
			Map: Effect(structField.Tag.Get("map"))}
		field.Nullable = strings.Contains(field.Doc, "Null means")
		if field.Type == "list(object)" {
			field.Object = fieldsOf(structField.Type.Elem())
		}
		fields = append(fields, field)
	}
	return fields
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct {
			return "list(object)"
		}
		return "list(" + typeName(t.Elem()) + ")"
	case reflect.Map:
		return "map(" + typeName(t.Elem()) + ")"
	case reflect.Struct:
		return "object"
	case reflect.Pointer:
		return typeName(t.Elem())
	}
	return "number"
}
