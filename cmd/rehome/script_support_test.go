package main

import (
	"encoding/pem"
	"net/http/httptest"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// tenantFolder is absolute, as scripts run in folders of their own.
var tenantFolder, errTenant = filepath.Abs(tenant)

// examplesFolder is absolute for the same reason.
var examplesFolder = filepath.Dir(filepath.Dir(tenantFolder))

func mustAbs(ts *testscript.TestScript, path string) string {
	ts.Check(errTenant)
	return path
}

func certificate(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}
