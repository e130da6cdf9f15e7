package plan

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/fidelity"
	"github.com/rehome-iam/rehome/engine/history"
)

// A plan file is a zstd stream of JSON lines: header, impacts, steps in order, trailer. A line holds the canonical
// content of its part, just as it is hashed, and the envelope of the part, where it has one. The trailer holds the plan
// hash and the SHA-256 of all lines before it.

// Limits of a plan file: what is longer is refused before it is held. A plan of any size compresses to a hundredth at
// the least, so a small file cannot unpack to much.
const (
	maxLine    = 16 << 20
	maxContent = 2 << 30
	maxRatio   = 256
	smallPlan  = 8 << 20 // what any file may unpack to
)

// The sorts of lines.
const (
	lineHeader = "header"
	lineImpact = "impact"
	lineStep   = "step"
)

type fileLine struct {
	Header   json.RawMessage `json:"header"`
	Impact   json.RawMessage `json:"impact"`
	Step     json.RawMessage `json:"step"`
	Envelope json.RawMessage `json:"envelope"`
	Trailer  *trailer        `json:"trailer"`
}

type trailer struct {
	PlanHash string `json:"plan_hash"`
	SHA256   string `json:"sha256"`
	Steps    int    `json:"steps"`
}

// Write writes the plan file of a previewed plan and closes it with a seal of SealSize bytes, which is made for the
// digest of everything before it. A draft is an error: it has no hash to check the file against.
func Write(w io.Writer, p *Plan, seal func(digest [32]byte) ([]byte, error)) error {
	if p.Status != history.PlanPreviewed || p.PlanHash != Hash(p) {
		return errors.New("writing the plan file: the plan is a draft, or was changed after its hash")
	}
	sealed := &sealWriter{to: w, digest: sha256.New()}
	compressed, err := zstd.NewWriter(sealed, zstd.WithEncoderCRC(true), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("writing the plan file: %w", err)
	}
	if err := writeLines(compressed, p); err != nil {
		return errors.Join(fmt.Errorf("writing the plan file: %w", err), compressed.Close())
	}
	if err := compressed.Close(); err != nil {
		return fmt.Errorf("writing the plan file: %w", err)
	}
	if err := sealed.close(seal); err != nil {
		return fmt.Errorf("writing the plan file: %w", err)
	}
	return nil
}

func writeLines(w io.Writer, p *Plan) error {
	digest := sha256.New()
	to := io.MultiWriter(w, digest)
	var buffer []byte
	write := func(name string, v any) error {
		buffer = appendLine(buffer[:0], name, v)
		if !utf8.Valid(buffer) {
			return errors.New("a text of the plan is no UTF-8")
		}
		_, err := to.Write(buffer)
		return err
	}
	header := headerOf(p)
	if err := write(lineHeader, &header); err != nil {
		return err
	}
	for i := range p.Impacts {
		if err := write(lineImpact, &p.Impacts[i]); err != nil {
			return err
		}
	}
	for i := range p.Steps {
		if err := write(lineStep, &p.Steps[i]); err != nil {
			return err
		}
	}
	_, err := w.Write(appendTrailer(trailer{PlanHash: p.PlanHash, SHA256: hex.EncodeToString(digest.Sum(nil)),
		Steps: len(p.Steps)}))
	return err
}

// appendLine is the one form that a line of a part has.
func appendLine(out []byte, name string, v any) []byte {
	out = append(append(append(out, `{"`...), name...), `":`...)
	out = appendPart(out, v, partContent)
	from := len(out)
	out = appendPart(append(out, `,"envelope":`...), v, partEnvelope)
	if string(out[from:]) == `,"envelope":{}` {
		out = out[:from]
	}
	return append(out, "}\n"...)
}

func appendTrailer(end trailer) []byte {
	encoded, err := json.Marshal(map[string]trailer{"trailer": end})
	if err != nil {
		panic("the trailer of a plan file is no JSON: " + err.Error())
	}
	return append(encoded, '\n')
}

// Read reads a plan file and checks it against itself. What is not whole, or is not in the one form that Write gives
// it, is refused with the code plan-file-damaged. Whether the seal is right is for the caller to judge.
func Read(r io.Reader) (*Plan, Seal, diag.List) {
	p, seal, err := readPlan(r)
	if err != nil {
		return nil, Seal{}, diag.List{diag.Errorf("plan-file-damaged", "Plan file is damaged",
			"The file is not as rehome wrote it: %v. Plan again, or fetch the file anew; nothing was changed.", err)}
	}
	return p, seal, nil
}

func readPlan(r io.Reader) (*Plan, Seal, error) {
	sealed := newSealReader(r)
	compressed, err := zstd.NewReader(sealed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, Seal{}, fmt.Errorf("opening the stream: %w", err)
	}
	defer compressed.Close()
	bounded := &boundedReader{from: compressed, most: func() int64 {
		return min(smallPlan+maxRatio*sealed.read, maxContent)
	}}
	p, err := readLines(bufio.NewReaderSize(bounded, 64<<10))
	if err != nil {
		return nil, Seal{}, err
	}
	seal, err := sealed.check()
	return p, seal, err
}

// boundedReader fails once more was read than may be.
type boundedReader struct {
	from io.Reader
	read int64
	most func() int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.read += int64(n); b.read > b.most() {
		return 0, fmt.Errorf("it unpacks to more than %d MiB and %d times its own size, and to at most %d MiB, and no plan "+
			"does", smallPlan>>20, maxRatio, maxContent>>20)
	}
	return n, err
}

func readLines(input *bufio.Reader) (*Plan, error) {
	var file fileReader
	digest := sha256.New()
	for {
		line, err := readLine(input)
		if err != nil {
			return nil, err
		}
		sum := digest.Sum(nil)
		digest.Write(line)
		end, err := file.add(line)
		if err != nil {
			return nil, err
		}
		if end == nil {
			continue
		}
		if _, err := input.ReadByte(); !errors.Is(err, io.EOF) {
			return nil, errors.New("there is more after the end")
		}
		return file.finish(end, hex.EncodeToString(sum))
	}
}

func readLine(input *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := input.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return nil, fmt.Errorf("a line is longer than %d bytes", maxLine)
		case err == nil:
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("reading a line: %w", err)
		}
	}
}

// fileReader puts the lines together.
type fileReader struct{ plan *Plan }

func (f *fileReader) add(text []byte) (*trailer, error) {
	var line fileLine
	if err := json.Unmarshal(text, &line); err != nil {
		return nil, fmt.Errorf("decoding a line: %w", err)
	}
	if (f.plan == nil) != (line.Header != nil) {
		return nil, errors.New("the header is missing, or is not the first line")
	}
	switch {
	case line.Header != nil:
		f.plan = &Plan{}
		if err := readPart(text, lineHeader, f.plan, line.Header, line.Envelope); err != nil {
			return nil, err
		}
		if len(f.plan.Steps)+len(f.plan.Impacts) > 0 {
			return nil, errors.New("the header holds what has lines of its own")
		}
		return nil, nil
	case line.Impact != nil:
		f.plan.Impacts = append(f.plan.Impacts, fidelity.Impact{})
		return nil, readPart(text, lineImpact, last(f.plan.Impacts), line.Impact, line.Envelope)
	case line.Step != nil:
		f.plan.Steps = append(f.plan.Steps, Step{})
		step := last(f.plan.Steps)
		if err := readPart(text, lineStep, step, line.Step, line.Envelope); err != nil {
			return nil, err
		}
		return nil, checkNormal(step, text)
	case line.Trailer != nil:
		if !bytes.Equal(text, appendTrailer(*line.Trailer)) {
			return nil, errors.New("the last line is not in its one form")
		}
		return line.Trailer, nil
	}
	return nil, errors.New("a line is of no known sort")
}

func last[T any](list []T) *T { return &list[len(list)-1] }

// readPart reads content and envelope into one value, and refuses a line that is not what Write makes of that value: so
// a number, a text, a list or a table has one spelling, and nothing is there twice or beside what is known.
func readPart[T any](text []byte, name string, into *T, content, envelope json.RawMessage) error {
	if err := decodePart(content, into); err != nil {
		return err
	}
	if envelope != nil {
		var beside T
		if err := decodePart(envelope, &beside); err != nil {
			return err
		}
		if err := adoptEnvelope(reflect.ValueOf(into).Elem(), reflect.ValueOf(&beside).Elem()); err != nil {
			return err
		}
	}
	if !bytes.Equal(text, appendLine(nil, name, into)) {
		return fmt.Errorf("a line (%s) is not in its one form", name)
	}
	fillEmpty(reflect.ValueOf(into).Elem())
	return nil
}

func decodePart(encoded json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decoding a line: %w", err)
	}
	return nil
}

// checkNormal refuses a step whose values are not in the form in which a plan has them: a set that is no sorted list.
func checkNormal(step *Step, text []byte) error {
	normal := *step
	normalise(&normal)
	if !bytes.Equal(text, appendLine(nil, lineStep, &normal)) {
		return fmt.Errorf("the values of step %q are not in their one form", step.ID)
	}
	return nil
}

func (f *fileReader) finish(end *trailer, sum string) (*Plan, error) {
	p := f.plan
	if p.FormatVersion != FormatVersion {
		return nil, fmt.Errorf("format version %q is not %q", p.FormatVersion, FormatVersion)
	}
	if end.SHA256 != sum || end.Steps != len(p.Steps) {
		return nil, errors.New("its content does not have the digest that it states")
	}
	sums := SumsOf(p)
	if HashOf(p, sums) != end.PlanHash {
		return nil, errors.New("its steps do not have the plan hash that it states")
	}
	if len(sums.Steps) != len(p.Steps) || len(sums.Impacts) != len(p.Impacts) {
		return nil, errors.New("a step or an impact is in it twice")
	}
	if counted := countsOf(p.Steps); counted != p.Summary.counts() {
		return nil, errors.New("its summary does not count its steps")
	}
	if p.Access != nil && p.AccessDigest != accessDigest(p.Access) {
		return nil, errors.New("its list of who gains and loses access does not have the digest that it states")
	}
	p.PlanHash, p.Status = end.PlanHash, history.PlanPreviewed
	p.Handoff = Handoff{Status: HandoffReady, Blockers: []Blocker{}}
	return p, nil
}
