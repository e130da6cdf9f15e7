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

	"github.com/klauspost/compress/zstd"

	"github.com/rehome-iam/rehome/engine/diag"
)

// A plan file is a zstd stream of JSON lines: header, impacts, steps in order, trailer. The trailer holds the plan hash
// and the SHA-256 of all lines before it.

// Limits of a plan file: what is longer is refused before it is held.
const (
	maxLine    = 16 << 20
	maxContent = 8 << 30
)

type fileLine struct {
	Header  *Plan    `json:"header,omitempty"`
	Impact  *Impact  `json:"impact,omitempty"`
	Step    *Step    `json:"step,omitempty"`
	Trailer *trailer `json:"trailer,omitempty"`
}

type trailer struct {
	PlanHash string `json:"plan_hash"`
	SHA256   string `json:"sha256"`
	Steps    int    `json:"steps"`
}

// Write writes the plan file of a previewed plan. A draft is an error: it has no hash to check the file against.
func Write(w io.Writer, p *Plan) error {
	if p.Status != StatusPreviewed || p.PlanHash != Hash(p) {
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
	if err := sealed.seal(); err != nil {
		return fmt.Errorf("writing the plan file: %w", err)
	}
	return nil
}

func writeLines(w io.Writer, p *Plan) error {
	digest := sha256.New()
	lines := json.NewEncoder(io.MultiWriter(w, digest))
	lines.SetEscapeHTML(false)
	header := *p
	header.Steps, header.Impacts, header.Overlaps = nil, nil, nil
	if err := lines.Encode(fileLine{Header: &header}); err != nil {
		return err
	}
	for i := range p.Impacts {
		if err := lines.Encode(fileLine{Impact: &p.Impacts[i]}); err != nil {
			return err
		}
	}
	for i := range p.Steps {
		if err := lines.Encode(fileLine{Step: &p.Steps[i]}); err != nil {
			return err
		}
	}
	end := fileLine{Trailer: &trailer{PlanHash: p.PlanHash, SHA256: hex.EncodeToString(digest.Sum(nil)),
		Steps: len(p.Steps)}}
	return json.NewEncoder(w).Encode(end)
}

// Read reads a plan file and checks it against itself. What is not whole is refused with the code plan-file-damaged.
func Read(r io.Reader) (*Plan, diag.List) {
	p, err := readPlan(r)
	if err != nil {
		return nil, diag.List{diag.Errorf("plan-file-damaged", "Plan file is damaged",
			"The file is not as rehome wrote it: %v. Plan again, or fetch the file anew; nothing was changed.", err)}
	}
	return p, nil
}

func readPlan(r io.Reader) (*Plan, error) {
	sealed := newSealReader(r)
	compressed, err := zstd.NewReader(sealed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, fmt.Errorf("opening the stream: %w", err)
	}
	defer compressed.Close()
	input := bufio.NewReaderSize(io.LimitReader(compressed, maxContent), 64<<10)
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
		if end != nil {
			if _, err := input.ReadByte(); !errors.Is(err, io.EOF) {
				return nil, errors.New("there is more after the end")
			}
			if err := sealed.check(); err != nil {
				return nil, err
			}
			return file.finish(end, hex.EncodeToString(sum))
		}
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
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var line fileLine
	if err := decoder.Decode(&line); err != nil {
		return nil, fmt.Errorf("decoding a line: %w", err)
	}
	if (f.plan == nil) != (line.Header != nil) {
		return nil, errors.New("the header is missing, or is not the first line")
	}
	switch {
	case line.Header != nil:
		f.plan = line.Header
		f.plan.Steps, f.plan.Impacts = []Step{}, []Impact{}
	case line.Impact != nil:
		f.plan.Impacts = append(f.plan.Impacts, *line.Impact)
	case line.Step != nil:
		f.plan.Steps = append(f.plan.Steps, *line.Step)
	case line.Trailer != nil:
		return line.Trailer, nil
	default:
		return nil, errors.New("a line is of no known sort")
	}
	return nil, nil
}

func (f *fileReader) finish(end *trailer, sum string) (*Plan, error) {
	p := f.plan
	if p.FormatVersion != FormatVersion {
		return nil, fmt.Errorf("format version %q is not %q", p.FormatVersion, FormatVersion)
	}
	if end.SHA256 != sum || end.Steps != len(p.Steps) {
		return nil, errors.New("its content does not have the digest that it states")
	}
	if computed := Hash(p); computed != end.PlanHash || computed != p.PlanHash {
		return nil, errors.New("its steps do not have the plan hash that it states")
	}
	if len(StepHashes(p)) != len(p.Steps) {
		return nil, errors.New("a step is in it twice")
	}
	return p, nil
}
