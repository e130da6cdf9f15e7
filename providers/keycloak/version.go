package keycloak

import (
	"fmt"
	"strings"

	goversion "github.com/hashicorp/go-version"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/keycloak/internal/admin"
)

// triedWith is the release that everything of this provider was tried with. Older ones refuse what it writes, and
// answer with tokens of others: docs/decisions/2026-11-28-versions-of-keycloak.md.
const triedWith = "26.7"

// judgeVersion says what to tell of a server's version, nothing for one that rehome was tried with. A server that is
// too old is refused before anything is planned.
func judgeVersion(reported string) (note string, err error) {
	if reported == "" {
		return "its version is not told; rehome was tried with " + triedWith, nil
	}
	numbers := reported // a build of a vendor has its own text behind them
	if end := strings.IndexFunc(reported, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }); end >= 0 {
		numbers = strings.TrimRight(reported[:end], ".")
	}
	version, err := goversion.NewVersion(numbers)
	if err != nil {
		return "its version does not read; rehome was tried with " + triedWith, nil
	}
	tried := goversion.Must(goversion.NewVersion(triedWith))
	switch segments := version.Core().Segments(); {
	case version.Core().LessThan(tried):
		return "", &contract.ProviderError{Code: contract.ErrorInvalid, Message: fmt.Sprintf("Keycloak %s is older than %s, "+
			"and nothing is planned for it: older servers refuse what rehome writes, and let an application read the tokens of "+
			"another. Update the server first", admin.Printable(reported), triedWith)}
	case segments[0] == tried.Segments()[0] && segments[1] == tried.Segments()[1]:
		return "", nil
	}
	return "newer than " + triedWith + ", which rehome was tried with; rehearse first", nil
}
