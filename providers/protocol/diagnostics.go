package protocol

import (
	"github.com/rehome-iam/rehome/engine/diag"
)

// EncodeDiagnostics makes messages of diagnostics.
func EncodeDiagnostics(list diag.List) []*Diagnostic {
	var messages []*Diagnostic
	for _, d := range list {
		message := &Diagnostic{Severity: string(d.Severity), Code: d.Code, Summary: d.Summary, Detail: d.Detail,
			Address: d.Address}
		if d.Subject != nil {
			message.Subject = &Range{File: d.Subject.File, Start: encodePosition(d.Subject.Start),
				End: encodePosition(d.Subject.End)}
		}
		if s := d.Snippet; s != nil {
			message.Snippet = &Snippet{Context: s.Context, Code: s.Code, Line: int64(s.Line), From: int64(s.From),
				To: int64(s.To)}
		}
		messages = append(messages, message)
	}
	return messages
}

// DecodeDiagnostics reads diagnostics. A severity that is not known counts as an error: it must not pass unseen.
func DecodeDiagnostics(messages []*Diagnostic) diag.List {
	var list diag.List
	for _, m := range messages {
		d := diag.Diagnostic{
			Severity: diag.Error, Code: CleanText(m.GetCode()), Summary: CleanText(m.GetSummary()),
			Detail: CleanText(m.GetDetail()), Address: CleanText(m.GetAddress()),
		}
		if m.GetSeverity() == string(diag.Warning) {
			d.Severity = diag.Warning
		}
		if s := m.GetSubject(); s != nil {
			d.Subject = &diag.Range{File: CleanText(s.GetFile()), Start: decodePosition(s.GetStart()),
				End: decodePosition(s.GetEnd())}
		}
		if s := m.GetSnippet(); s != nil {
			d.Snippet = &diag.Snippet{
				Context: CleanText(s.GetContext()), Code: s.GetCode(), Line: int(s.GetLine()), From: int(s.GetFrom()),
				To: int(s.GetTo()),
			}
		}
		list = append(list, d)
	}
	return list
}

func encodePosition(p diag.Position) *Position {
	return &Position{Line: int64(p.Line), Column: int64(p.Column), Byte: int64(p.Byte)}
}

func decodePosition(m *Position) diag.Position {
	return diag.Position{Line: int(m.GetLine()), Column: int(m.GetColumn()), Byte: int(m.GetByte())}
}
