package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/rehome-iam/rehome/config/functions"
	"github.com/rehome-iam/rehome/engine/diag"
)

// Endings of the files that are read.
const (
	configEnding   = ".rehome.hcl"
	autoVarsEnding = ".auto.vars.hcl"
)

// loader carries one Load. Problems are collected and turned into diagnostics at the end.
type loader struct {
	dir      string
	reader   functions.Reader
	inputs   Inputs
	config   *Config
	problems hcl.Diagnostics
	seen     map[string]hcl.Range // block titles that may stand once
}

// Load reads and checks the configuration of a folder. The Config is usable only when the list has no errors, but is
// never nil.
func Load(dir string, inputs Inputs) (*Config, diag.List) {
	files := &sourceFiles{files: map[string]*hcl.File{}}
	config := &Config{Dir: dir, phase: PhasePlan, sources: files,
		Rehome: Rehome{RequiredProviders: map[string]RequiredProvider{},
			State: State{Type: "bbolt", Path: ".rehome/state.db"}}}
	reader := functions.Reader{Dir: dir, Private: inputs.Private}
	config.scope = &scope{functions: functions.All(reader), names: map[string][]string{"var": {}, "local": {}},
		credentials: inputs.Credentials, secrets: &secretSet{texts: map[string]bool{}}}
	l := &loader{dir: dir, reader: reader, inputs: inputs, config: config, seen: map[string]hcl.Range{}}
	files.secrets = config.scope.secrets
	bodies, failed := l.read()
	if failed != nil {
		return config, diag.List{*failed}
	}
	blocks := l.split(bodies)
	l.values(blocks)
	l.decode(blocks)
	return config, files.convert(l.problems, codeExpression)
}

// read parses all files of the folder at once; the order is that of their names.
func (l *loader) read() ([]hcl.Body, *diag.Diagnostic) {
	names, err := filesEnding(l.dir, configEnding)
	if err != nil {
		d := diag.Errorf(codeFileUnreadable, "Unreadable configuration folder", "Reading the folder: %s.",
			functions.WithoutPath(err))
		return nil, &d
	}
	if len(names) == 0 {
		d := diag.Errorf(codeFolderEmpty, "No configuration found",
			"The folder has no file that ends in %s. Copy an example of rehome here, such as okta-to-keycloak, set its "+
				"variables, then run rehome init.", configEnding)
		return nil, &d
	}
	parsed := make([]*hcl.File, len(names))
	problems := make([]hcl.Diagnostics, len(names))
	var wait sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, name := range names {
		wait.Add(1)
		slots <- struct{}{}
		go func() {
			defer wait.Done()
			defer func() { <-slots }()
			parsed[i], problems[i] = l.parseFile(name)
		}()
	}
	wait.Wait()
	var bodies []hcl.Body
	for i, name := range names {
		l.add(problems[i])
		if parsed[i] != nil {
			l.config.sources.files[name] = parsed[i]
			bodies = append(bodies, parsed[i].Body)
		}
	}
	return bodies, nil
}

func filesEnding(dir, ending string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() && strings.HasSuffix(entry.Name(), ending) && !strings.HasPrefix(entry.Name(), ".") {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (l *loader) parseFile(name string) (*hcl.File, hcl.Diagnostics) {
	source, err := l.reader.Named(name)
	if err != nil {
		reason := functions.WithoutPath(err)
		if errors.Is(err, fs.ErrNotExist) {
			reason = errors.New("the file does not exist")
		}
		return nil, hcl.Diagnostics{problem(codeFileUnreadable, "Unreadable file", nil, "Reading %s: %s.",
			filepath.ToSlash(name), reason)}
	}
	file, problems := hclsyntax.ParseConfig(source, name, hcl.InitialPos)
	for _, p := range problems {
		if codeOf(p, "") == "" {
			p.Extra = stableCode(codeSyntax)
		}
	}
	return file, problems
}

func (l *loader) add(problems hcl.Diagnostics) { l.problems = append(l.problems, problems...) }

func (l *loader) report(code, summary string, subject hcl.Range, format string, args ...any) {
	l.problems = append(l.problems, problem(code, summary, &subject, format, args...))
}

// singleBlocks are the blocks without a label, of which there is one only.
func singleBlocks() []string {
	return []string{
		"access",
		"break_glass",
		"evidence",
		"rehome",
		"rollback",
		"verify",
		"volume_guard",
	}
}

func rootSchema() *hcl.BodySchema {
	schema := &hcl.BodySchema{}
	for _, name := range append(singleBlocks(), "locals") {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name})
	}
	for _, name := range []string{"variable", "migration", "acknowledge", "application", "check",
		"secret_recipients", "wave"} {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name, LabelNames: []string{"name"}})
	}
	schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: "undo", LabelNames: []string{"resource"}})
	for _, name := range []string{"source", "target", "rehearsal"} {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name, LabelNames: []string{"provider", "name"}})
	}
	for _, name := range []string{"skip", "map", "merge", "rebuilt"} {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name, LabelNames: []string{"kind", "name"}})
	}
	return schema
}

// split sorts the blocks of all files by type and reports those that stand twice.
func (l *loader) split(bodies []hcl.Body) map[string][]*hcl.Block {
	blocks := map[string][]*hcl.Block{}
	schema := rootSchema()
	for _, body := range bodies {
		content, problems := body.Content(schema)
		l.add(problems)
		for _, block := range content.Blocks {
			if l.once(block) {
				blocks[block.Type] = append(blocks[block.Type], block)
			}
		}
	}
	return blocks
}

// once tells whether a block is the first with its title. Blocks of which there is one only are compared by type.
func (l *loader) once(block *hcl.Block) bool {
	title := blockTitle(block)
	switch {
	case block.Type == "locals":
		return true
	case slices.Contains(singleBlocks(), block.Type), block.Type == "migration", block.Type == "target",
		block.Type == "rehearsal":
		title = block.Type
	case block.Type == "source" && len(block.Labels) == 2:
		title = "source of the name " + block.Labels[1]
	}
	first, again := l.seen[title]
	if !again {
		l.seen[title] = block.DefRange
		return true
	}
	l.report(codeBlockDuplicate, "Duplicate block", block.DefRange, "There is already a %s block at %s line %d. %s",
		title, first.Filename, first.Start.Line, "Rename or remove one of them.")
	return false
}

// fields decodes the arguments of one block.
type fields struct {
	l          *loader
	attributes hcl.Attributes
	blocks     hcl.Blocks
	ctx        *hcl.EvalContext
}

func (l *loader) content(body hcl.Body, required, optional []string, nested ...hcl.BlockHeaderSchema) fields {
	schema := &hcl.BodySchema{Blocks: nested}
	for _, name := range required {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name, Required: true})
	}
	for _, name := range optional {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	content, problems := body.Content(schema)
	l.add(problems)
	return fields{l: l, attributes: content.Attributes, blocks: content.Blocks, ctx: l.config.scope.ctx}
}

// value evaluates an argument that plans, reports or the state may show; false means that it is absent, null, sensitive
// or wrong, which is reported.
func (f fields) value(name string, want cty.Type) (cty.Value, bool) {
	if attribute := f.attributes[name]; attribute != nil {
		if p := f.l.config.scope.exposed(attribute.Expr, name); p != nil {
			f.l.add(hcl.Diagnostics{p})
			return cty.NilVal, false
		}
	}
	return f.hidden(name, want)
}

// hidden evaluates an argument that nothing ever shows, so that it may be sensitive.
func (f fields) hidden(name string, want cty.Type) (cty.Value, bool) {
	attribute := f.attributes[name]
	if attribute == nil {
		return cty.NilVal, false
	}
	if problems := f.l.config.scope.check(attribute.Expr, nil); problems.HasErrors() {
		f.l.add(problems)
		return cty.NilVal, false
	}
	value, problems := f.l.config.scope.value(attribute.Expr, f.ctx, want)
	f.l.add(problems)
	value, _ = value.UnmarkDeep()
	return value, !problems.HasErrors() && value.IsWhollyKnown() && !value.IsNull()
}

func (f fields) text(name string) string {
	value, ok := f.value(name, cty.String)
	if !ok {
		return ""
	}
	return value.AsString()
}

func (f fields) flag(name string) bool {
	value, ok := f.value(name, cty.Bool)
	return ok && value.True()
}

func (f fields) list(name string) []string {
	value, ok := f.value(name, cty.List(cty.String))
	if !ok {
		return nil
	}
	texts := []string{} // an empty list is a value, and not the same as none
	for _, element := range value.AsValueSlice() {
		if !element.IsNull() {
			texts = append(texts, element.AsString())
		}
	}
	return texts
}

// word is a text that must be one of a few; when it is not, that is reported.
func word[T ~string](f fields, name string, known ...T) T {
	text := T(f.text(name))
	if text == "" || slices.Contains(known, text) {
		return text
	}
	words := make([]string, len(known))
	for i, each := range known {
		words[i] = string(each)
	}
	f.l.report(codeValueUnknown, "Unknown value", f.attributes[name].Expr.Range(), "%s must be one of %s.%s", name,
		quotedList(words), didYouMean(string(text), words))
	return text
}
