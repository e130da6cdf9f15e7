package view

// Style says how to render. The zero value has no colour.
type Style struct {
	Color bool
}

func (s Style) paint(code, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s Style) red(text string) string    { return s.paint("31", text) }
func (s Style) green(text string) string  { return s.paint("32", text) }
func (s Style) yellow(text string) string { return s.paint("33", text) }
func (s Style) dim(text string) string    { return s.paint("2", text) }
func (s Style) bold(text string) string   { return s.paint("1", text) }

// symbol of a step, always in the first column, so that colour is never the only carrier of meaning.
func (s Style) symbol(sign string) string {
	switch sign {
	case "+":
		return s.green(sign)
	case "-", "!":
		return s.red(sign)
	case "~", "?":
		return s.yellow(sign)
	default:
		return sign
	}
}
