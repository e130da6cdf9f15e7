package config

import (
	"strings"
	"testing"
)

// What a plan, a state or a bundle would show is refused where it stands, whichever block it is and however it was
// made of the sensitive value.
func TestASensitiveValueIsRefusedWhereItWouldBeShown(t *testing.T) {
	const declared = "variable \"hidden\" {\n sensitive = true\n default = \"planted\"\n}\n" +
		"variable \"hiddens\" {\n type = list(string)\n sensitive = true\n default = [\"planted\"]\n}\n" +
		"locals {\n made = upper(\"x${var.hidden}\")\n" +
		" tested = can(regex(\"^p\", var.hidden)) ? \"a\" : \"b\"\n tried = try(tonumber(var.hidden), \"b\")\n}\n"
	used := map[string]string{ // %s is the value; the line is the second of the block
		"acknowledge reason":  "acknowledge \"x\" {\n reason = %s\n}",
		"acknowledge ref":     "acknowledge \"x\" {\n reference = %s\n reason = \"r\"\n}",
		"skip reason":         "skip \"group\" \"x\" {\n reason = %s\n where = true\n}",
		"skip where":          "skip \"group\" \"x\" {\n where = item.name == %s\n reason = \"r\"\n}",
		"map set":             "map \"group\" \"x\" {\n set = { description = %s }\n where = true\n}",
		"map where":           "map \"group\" \"x\" {\n where = startswith(%s, item.name)\n set = { description = \"d\" }\n}",
		"merge rename":        "merge \"group\" \"x\" {\n rename = %s\n where = true\n decision = \"create_new\"\n}",
		"merge target":        "merge \"group\" \"x\" {\n target = %s\n where = true\n decision = \"map_to_existing\"\n}",
		"merge keep":          "merge \"group\" \"x\" {\n keep = [%s]\n where = true\n decision = \"reconcile\"\n}",
		"application owner":   "application \"x\" {\n owner = %s\n where = true\n}",
		"application contact": "application \"x\" {\n contact = %s\n owner = \"o\"\n where = true\n}",
		"application confirm": "application \"x\" {\n confirm = [%s]\n owner = \"o\"\n where = true\n}",
		"application where":   "application \"x\" {\n where = item.name == %s\n owner = \"o\"\n}",
		"evidence":            "evidence {\n reference = %s\n}",
		"rollback":            "rollback {\n summary = %s\n owner = \"o\"\n steps = []\n}",
		"rollback steps":      "rollback {\n steps = [%s]\n owner = \"o\"\n summary = \"s\"\n}",
		"undo":                "undo \"group:/x\" {\n reason = %s\n decision = \"keep\"\n}",
		"wave where":          "wave \"x\" {\n where = item.name == %s\n}",
		"volume":              "volume_guard {\n reason = %s\n allow_changes = 1\n}",
		"verify":              "verify {\n stranger = %s\n}",
		"verify members":      "verify {\n members = { a = %s }\n}",
		"break glass":         "break_glass {\n users = [%s]\n}",
		"access":              "access {\n audience = %s\n issuer = \"https://id.example\"\n}",
		"check message":       "check \"x\" {\n error_message = %s\n condition = true\n}",
		"rehome":              "rehome {\n retire_after = %s\n}",
		"required version":    "rehome {\n required_version = %s\n}",
	}
	forms := []string{"var.hidden", "\"a ${var.hidden}\"", "local.made", "local.tested", "local.tried",
		"jsonencode({ a = var.hidden })",
		"var.hiddens[0]",
		"try(var.hidden, \"b\")", "length(var.hidden) > 1 ? \"a\" : \"b\"", "\"${length(var.hidden)}\"",
		"join(\"\", [for t in var.hiddens : t])", "sha256(var.hidden)", "can(regex(\"^p\", var.hidden)) ? \"a\" : \"b\""}
	for name, text := range used {
		for _, form := range forms {
			_, list := load(t, declared+strings.Replace(text, "%s", form, 1), Inputs{})
			found := false
			for _, d := range list {
				if d.Code == codeSensitiveUse && d.Subject != nil && d.Subject.File == "main.rehome.hcl" &&
					d.Subject.Start.Line == 25 {
					found = true
				}
				if strings.Contains(d.Error(), "planted") || strings.Contains(d.Error(), "PLANTED") {
					t.Errorf("%s with %s shows the value: %v", name, form, d)
				}
			}
			if !found {
				t.Errorf("%s with %s: %v", name, form, list)
			}
		}
	}
}

func TestASensitiveValueIsOfUseWhereItIsNotShown(t *testing.T) {
	_, list := load(t, "variable \"hidden\" {\n sensitive = true\n default = \"planted\"\n validation {\n"+
		"  condition = length(var.hidden) > 3\n  error_message = \"too short\"\n }\n}\n"+
		"rehome {\n state \"postgres\" {\n  url = \"postgres://x:${var.hidden}@db.example/x\"\n }\n}\n"+
		"source \"okta\" \"corp\" {\n token = var.hidden\n}\n"+
		"check \"x\" {\n condition = length(var.hidden) > 3\n error_message = \"no\"\n}\n", Inputs{})
	if list != nil {
		t.Fatal(list)
	}
}

// The message of a rule would show what another variable hides.
func TestAMessageOfARuleShowsNothingSensitive(t *testing.T) {
	_, list := load(t, "variable \"hidden\" {\n sensitive = true\n default = \"planted\"\n}\nvariable \"open\" {\n"+
		" default = \"a\"\n validation {\n  condition = false\n  error_message = \"not ${var.hidden}\"\n }\n}\n", Inputs{})
	if list[0].Code != codeSensitiveUse || list[0].Subject.Start.Line != 18 || strings.Contains(list.Error(), "planted") {
		t.Fatal(list)
	}
}
