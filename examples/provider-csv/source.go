package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
	"github.com/rehome-iam/rehome/engine/kinds"
	"github.com/rehome-iam/rehome/providers/sdk"
	"github.com/rehome-iam/rehome/providers/sdk/args"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

// source is a folder with groups.csv and applications.csv, each with a line of column names.
type source struct{ folder string }

var _ sdk.Source = (*source)(nil)

// Schema says what the source is, before it is configured. Unread names what such an export never holds, so that a
// person is asked.
func (s *source) Schema() contract.ProviderSchema {
	return contract.ProviderSchema{
		Name: "csv", Version: "0.1.0", Doc: "Reads a folder of CSV files.",
		Config: []contract.ConfigAttribute{{Name: "folder", Type: "string", Required: true,
			Doc: "Folder with groups.csv and applications.csv."}},
		Kinds:  []identity.Kind{identity.KindGroup, identity.KindApplication},
		Unread: []identity.Unread{{Name: "people", Question: "Who is in the groups? The export does not say."}},
	}
}

// Configure checks the arguments against the schema and keeps them.
func (s *source) Configure(_ context.Context, config map[string]any) diag.List {
	given := args.Read(s.Schema(), config)
	s.folder = given.Text("folder")
	return given.Problems()
}

// Identify proves that the folder can be read. Its name stands for the tenant.
func (s *source) Identify(context.Context) (contract.SourceIdentity, error) {
	if _, err := os.ReadDir(s.folder); err != nil {
		return contract.SourceIdentity{}, failure(err)
	}
	return contract.SourceIdentity{Tenant: filepath.Base(s.folder), Detail: "a folder of CSV files"}, nil
}

// Collect hands over each file as one page of evidence, and then its lines as items.
func (s *source) Collect(ctx context.Context, sink sdk.Sink) error {
	if err := s.file(ctx, sink, "groups.csv", identity.KindGroup, group); err != nil {
		return err
	}
	return s.file(ctx, sink, "applications.csv", identity.KindApplication, application)
}

// Secret has none to give: an export holds no secrets.
func (s *source) Secret(_ context.Context, item identity.ItemID, field string) (string, error) {
	return "", &contract.ProviderError{Code: contract.ErrorNotFound,
		Message: "the export holds no " + field + " of " + item.String()}
}

// file reads one file. One that may not be read is a gap and no failure: "not allowed" is never "none".
func (s *source) file(ctx context.Context, sink sdk.Sink, name string, kind identity.Kind,
	attributes func(row) any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(s.folder, name))
	if errors.Is(err, fs.ErrPermission) {
		return sink.Gap(ctx, identity.Gap{Kind: kind, Path: name, Reason: "the file may not be read",
			Permission: "read " + name})
	}
	if err != nil {
		return failure(err)
	}
	rows, err := parse(content)
	if err != nil {
		return reading.Invalid("READ", name, "%v", err)
	}
	page, err := sink.Page(ctx, reading.Evidence("READ", name, "", 200, time.Now(), len(rows), len(content), content))
	if err != nil {
		return err
	}
	for _, r := range rows {
		item, err := identity.NewItem(kind, r["id"], r["name"], attributes(r))
		if err != nil {
			return err
		}
		item.Page = page
		if err := sink.Items(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

// group is the neutral form of a line. What is not known stays empty and is never guessed.
func group(r row) any {
	return kinds.Group{Name: r["name"], Description: r["description"], Origin: "local"}
}

func application(r row) any {
	return kinds.Application{
		Name: r["name"], Status: identity.StatusActive, Protocol: "oidc", Access: identity.AccessEveryone,
		ClientID:             r["client_id"],
		ClientAuthentication: "client_secret_basic", RedirectURIs: []string{r["redirect_uri"]},
		GrantTypes: []string{"authorization_code"},
	}
}

// row is one line, keyed by the names of the columns.
type row map[string]string

func parse(content []byte) ([]row, error) {
	reader := csv.NewReader(bytes.NewReader(content))
	names, err := reader.Read()
	if err != nil {
		return nil, err
	}
	var rows []row
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		r := row{}
		for i, field := range fields {
			r[names[i]] = field
		}
		rows = append(rows, r)
	}
}

// failure says what the file system refused, with a code that rehome understands.
func failure(err error) error {
	code := contract.ErrorInternal
	switch {
	case errors.Is(err, fs.ErrPermission):
		code = contract.ErrorForbidden
	case errors.Is(err, fs.ErrNotExist):
		code = contract.ErrorNotFound
	}
	return &contract.ProviderError{Code: code, Message: err.Error()}
}
