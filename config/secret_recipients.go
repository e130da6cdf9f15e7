package config

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/rehome-iam/rehome/engine/diag"
)

// SecretRecipients says for whom the generated secrets of some applications are encrypted. Applications are names or
// client ids, * and ? stand for any text and any character. It changes no plan and no hash.
type SecretRecipients struct {
	Name         string // of the owner, and of the file
	Applications []string
	Recipients   []string // age public keys
	Range        diag.Range
}

func (l *loader) secretRecipients(block *hcl.Block) {
	l.named(block, 0)
	f := l.content(block.Body, []string{"applications", "recipients"}, nil)
	r := SecretRecipients{Name: block.Labels[0], Applications: f.list("applications"), Recipients: f.list("recipients"),
		Range: rangeOf(block.DefRange)}
	for name, values := range map[string][]string{"applications": r.Applications, "recipients": r.Recipients} {
		if attribute := f.attributes[name]; attribute != nil && len(values) == 0 {
			l.report(codeArgumentInvalid, "Empty argument", attribute.Expr.Range(), "%s must name at least one.", name)
		}
	}
	for _, recipient := range r.Recipients {
		if !strings.HasPrefix(recipient, "age1") {
			l.report(codeArgumentInvalid, "Invalid recipient", f.attributes["recipients"].Expr.Range(),
				"%q is not an age public key (age1…).", recipient)
		}
	}
	for _, pattern := range r.Applications {
		if _, err := path.Match(pattern, ""); err != nil {
			l.report(codeArgumentInvalid, "Invalid pattern", f.attributes["applications"].Expr.Range(),
				"%q is no pattern: a [ is not closed.", pattern)
		}
	}
	l.config.SecretRecipients = append(l.config.SecretRecipients, r)
}

// SecretRecipientsOf finds the first block that means one of the names.
func (c *Config) SecretRecipientsOf(names ...string) *SecretRecipients {
	for i, r := range c.SecretRecipients {
		for _, pattern := range r.Applications {
			for _, name := range names {
				// A slash in a name, as in an entity id, is a character like any other here.
				flat := strings.NewReplacer("/", "\x00")
				if ok, err := path.Match(flat.Replace(pattern), flat.Replace(name)); err == nil && ok {
					return &c.SecretRecipients[i]
				}
			}
		}
	}
	return nil
}
