package kinds

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/identity"
)

// Question is what a source leaves open about an item. It is answered by stating all its fields; nobody clears it.
type Question struct {
	Why    string   `json:"why"`    // with what must be stated
	Fields []string `json:"fields"` // that answer it
}

// Ask adds a question about how the application signs in.
func (a *Application) Ask(why string, fields ...string) {
	a.Questions = append(a.Questions, Question{Why: why, Fields: fields})
	a.Undecided = a.Questions[0].Why
}

// Restate settles what follows from the stated fields, and says which of them decide about access, identity or status
// in another way than the source does. Attributes before and after are those of one item; after is changed.
func Restate(kind identity.Kind, before, after map[string]json.RawMessage,
	stated []string) ([]fidelity.Finding, error) {
	var findings []fidelity.Finding
	for _, field := range Fields(kind) {
		if !field.Map.Decides() || !slices.Contains(stated, field.Name) || isClientKey(kind, field.Name) {
			continue
		}
		if f, matters := restated(kind, field, before[field.Name], after[field.Name]); matters {
			findings = append(findings, f)
		}
	}
	if kind == identity.KindApplication && slices.Contains(stated, "client_id") {
		after["source_client_id"] = orNull(before["client_id"]) // policies of the source name it by this one
	}
	return findings, Settle(kind, after, stated)
}

// isClientKey tells whether a field is the key of an application, for which package merge has words of its own.
func isClientKey(kind identity.Kind, field string) bool {
	return kind == identity.KindApplication && (field == "client_id" || field == "entity_id")
}

// restated is the impact of one field. What the source does not tell is completed, not changed, unless everybody is let
// in by it.
func restated(kind identity.Kind, field Field, before, after json.RawMessage) (fidelity.Finding, bool) {
	opens := kind == identity.KindApplication && field.Name == "access" && string(after) != `"`+identity.AccessAssigned+`"`
	if sameJSON(before, after) || isUnsaid(before) && !opens {
		return fidelity.Finding{}, false
	}
	f := fidelity.Finding{Type: fidelity.Approximation, Field: field.Name, Direction: fidelity.DirectionSame,
		Summary: fmt.Sprintf("a map block says %s, where the source says %s", inShort(after), inShort(before)),
		Tell: "A setting of the move differs from the old side on purpose. Check that it lets in whom it should, and as " +
			"whom, before it opens."}
	f.Audience, f.Severity, f.ImpactCode = fidelity.AudienceSecurity, fidelity.SeverityHigh, string(field.Map)+"_restated"
	return f, true
}

// inShort is a value as a line may hold it: a certificate, or a long list, is only called by what it is.
func inShort(text json.RawMessage) string {
	if len(text) > 80 {
		return "something else"
	}
	return string(orNull(text))
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(orNull(a), &x) == nil && json.Unmarshal(orNull(b), &y) == nil && reflect.DeepEqual(x, y)
}

// isUnsaid tells whether the source says nothing: empty texts and lists, and no number.
func isUnsaid(text json.RawMessage) bool {
	switch string(orNull(text)) {
	case "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// Settle judges again what a source derived from fields that are now stated otherwise: attributes are those of an item
// of the kind, with the stated ones in them. What is stated itself is left as it is.
func Settle(kind identity.Kind, attributes map[string]json.RawMessage, stated []string) error {
	if kind == identity.KindApplication {
		if err := settleQuestions(attributes, stated); err != nil {
			return err
		}
	}
	for _, d := range derivations() {
		if d.kind != kind || slices.Contains(stated, d.field) || !slices.Contains(stated, d.from) {
			continue
		}
		if _, exists := attributes[d.field]; exists {
			attributes[d.field] = json.RawMessage(d.value)
		}
	}
	return nil
}

// derivation says what becomes of a field when the one that it came from is stated.
type derivation struct {
	kind        identity.Kind
	from, field string
	value       string // in JSON
}

func derivations() []derivation {
	app, provider := identity.KindApplication, identity.KindIdentityProvider
	return []derivation{
		// Either says whether a client is confidential; the other must not contradict it.
		{app, "client_type", "client_authentication", `""`},
		{app, "client_authentication", "client_type", `""`},
		// The addresses themselves are looked at again.
		{app, "redirect_uris", "wildcard_redirect", `false`},
		{app, "audience", "multi_tenant", `false`},
		// Names were counted against what the source makes them of.
		{app, "name_id_source", "names_by_person", `0`},
		{app, "attribute_statements", "claims_known", `true`},
		{provider, "mappings", "mappings_known", `true`},
		{identity.KindRoutingRule, "domains", "earlier", `[]`}, // whether another has one is looked at when all are known
	}
}

// settleQuestions drops the questions whose fields are all stated; the first that is left says what is undecided.
func settleQuestions(attributes map[string]json.RawMessage, stated []string) error {
	var questions []Question
	if err := json.Unmarshal(orNull(attributes["questions"]), &questions); err != nil {
		return fmt.Errorf("reading the questions of an item: %w", err)
	}
	if len(questions) == 0 {
		return nil
	}
	open := slices.DeleteFunc(questions, func(q Question) bool {
		return len(q.Fields) > 0 && !slices.ContainsFunc(q.Fields, func(f string) bool { return !slices.Contains(stated, f) })
	})
	undecided := ""
	if len(open) > 0 {
		undecided = open[0].Why
	}
	for name, value := range map[string]any{"questions": open, "undecided": undecided} {
		encoded, err := json.Marshal(value)
		if err != nil {
			return err
		}
		attributes[name] = encoded
	}
	return nil
}

func orNull(text json.RawMessage) json.RawMessage {
	if len(text) == 0 {
		return json.RawMessage("null")
	}
	return text
}
