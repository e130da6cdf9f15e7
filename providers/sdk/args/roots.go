package args

import (
	"crypto/x509"
	"os"

	"github.com/rehome-iam/rehome/engine/contract"
)

// CAFile is the name of the argument that every provider with a connection has.
const CAFile = "ca_file"

// CAFileAttribute is the schema of it.
func CAFileAttribute() contract.ConfigAttribute {
	return contract.ConfigAttribute{Name: CAFile, Type: "string",
		Doc: "PEM file with certificate authorities to trust besides those of the machine."}
}

// Concurrency is the name of the argument that limits how many requests are under way.
const Concurrency = "concurrency"

// ConcurrencyAttribute is the schema of it.
func ConcurrencyAttribute(otherwise, most int) contract.ConfigAttribute {
	return contract.ConfigAttribute{Name: Concurrency, Type: "number", Default: float64(otherwise), Whole: true, Min: 1,
		Max: float64(most), Doc: "Requests at a time, 1 to " + plain(float64(most)) + "."}
}

// Roots are the certificate authorities to trust: those of the machine and those of ca_file. Nil, which means those of
// the machine, when no file is given or it is refused.
func (a *Args) Roots() *x509.CertPool {
	path := a.Text(CAFile)
	if path == "" {
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		a.Fail(CAFile, "The file cannot be read: %v.", err)
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a machine without a store of its own
	}
	if !pool.AppendCertsFromPEM(content) {
		a.Fail(CAFile, "The file %s holds no PEM certificate.", path)
		return nil
	}
	return pool
}
