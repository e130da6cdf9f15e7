package serve

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/rehome-iam/rehome/cmd/rehome-lab/labfault"
)

// Main parses the arguments and runs until the context ends. Usage and flag errors go to messages.
func Main(ctx context.Context, args []string, stdin io.Reader, messages io.Writer) error {
	c, err := parse(args, messages)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return Run(ctx, c, stdin)
}

func parse(args []string, messages io.Writer) (Config, error) {
	var c Config
	var fault, faultPath string
	f := flag.NewFlagSet("rehome-lab", flag.ContinueOnError)
	f.SetOutput(messages)
	f.StringVar(&c.OktaData, "okta-data", "", "`folder` with an Okta tenant; without it there is no Okta lab")
	f.StringVar(&c.EntraData, "entra-data", "", "`folder` with an Entra tenant; without it there is no Entra lab")
	f.StringVar(&c.ListenFile, "listen-file", "", "`file` that receives the addresses when the labs are ready")
	f.StringVar(&c.OktaAddr, "okta-addr", "127.0.0.1:0", "loopback `address` of the Okta lab")
	f.StringVar(&c.EntraAddr, "entra-addr", "127.0.0.1:0", "loopback `address` of the Entra lab")
	f.StringVar(&c.TLSDir, "tls-dir", "", "`folder` that receives ca.pem; the folder of the listen file when empty")
	f.BoolVar(&c.UntilStdinCloses, "until-stdin-closes", false, "stop also when standard input closes")
	f.StringVar(&c.Okta.Token, "okta-token", "",
		"API `token` that the Okta lab expects; a fixed practice token when empty")
	f.IntVar(&c.Okta.RatePerMinute, "okta-rate", 0,
		"requests a minute that the Okta lab allows; 0 means 600, below 0 no limit")
	f.IntVar(&c.Entra.RatePerMinute, "entra-rate", 0, "requests a minute that the Entra lab allows; 0 means no limit")
	f.IntVar(&c.Okta.PageCap, "page-size", 0, "largest page of every list, in elements; 0 leaves the vendor's sizes")
	f.StringVar(&fault, "fault", "", fmt.Sprintf("misbehave: one of %v or forbidden-KIND", labfault.Names()))
	f.StringVar(&faultPath, "fault-path", "", "`prefix` of the request paths that the fault hits; all when empty")
	if err := f.Parse(args); err != nil {
		return Config{}, err
	}
	if f.NArg() > 0 {
		return Config{}, fmt.Errorf("argument %q is not expected: every setting is a flag", f.Arg(0))
	}
	parsed, err := labfault.Parse(fault, faultPath)
	if err != nil {
		return Config{}, err
	}
	c.Okta.Fault, c.Entra.Fault = parsed, parsed
	c.Entra.PageCap = c.Okta.PageCap
	return c, nil
}
