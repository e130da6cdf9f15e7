package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/rehome-iam/rehome/engine/attesting"
)

func evidenceKeygenCommand() Command {
	var out string
	return Command{
		Path:  "evidence keygen",
		Class: classFree,
		Short: "Make a key to sign evidence bundles with",
		Long: `Keygen writes an ed25519 key (PKCS #8 PEM, mode 0600) and, beside it, its public half as FILE.pub for those who check. It never writes over a
file. openssl can check a signature too: openssl pkeyutl -verify -pubin -inkey FILE.pub -rawin -in manifest.json -sigfile manifest.json.sig`,
		Example: "  rehome evidence keygen -out=evidence.key",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&out, "out", "", "write the key here (required)")
		},
		Needs: map[string]string{"out": "name the file to write, such as -out=evidence.key"},
		Run: func(_ context.Context, r *call) error {
			report, err := attesting.Keygen(r.Project, out)
			if err != nil {
				return err
			}
			return r.show(report, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "Key       %s: keep it secret\nPublic    %s, %s: give it to those who check\n", out,
					report.PublicKey, report.Fingerprint)
				return err
			})
		},
	}
}
