package config

import (
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/rehome-iam/rehome/config/functions"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Credential is a stored secret and where it may go.
type Credential struct {
	Value string
	For   []string // addresses as Address gives them; a provider's name where its vendor's own are meant
}

// Address is one address in the form in which credentials are bound to it. False where the text is no address: every
// provider demands https:// or, for loopback, http://.
func Address(text string) (string, bool) {
	parsed, err := url.Parse(strings.TrimSpace(text))
	if err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" {
		return "", false
	}
	host := strings.ToLower(parsed.Host)
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[parsed.Scheme])
	return parsed.Scheme + "://" + host + strings.TrimSuffix(path.Clean("/"+parsed.Path), "/"), true
}

// SourceAddresses are where source blocks connect to, by the address of the block; an address that is made of a secret
// is left out.
func (c *Config) SourceAddresses() map[string]string {
	found := map[string]string{}
	for _, block := range c.SourceBlocks() {
		attributes, values := c.plainArguments(block, PhasePlan, func(string) (string, error) { return "", nil })
		addresses := addressesOf(block, attributes, values)
		var reported []string
		for _, address := range slices.Sorted(maps.Keys(addresses)) {
			if of := attributes[addresses[address]]; of == nil || !touchesSecret(of.Expr, c.scope.ctx) {
				reported = append(reported, address)
			}
		}
		found[block.Address()] = strings.Join(reported, " ")
	}
	return found
}

// plainArguments are the arguments of a block that can be told, with what asked gives in the place of credentials.
// Problems of the body are those of whoever decodes it.
func (c *Config) plainArguments(block *ProviderBlock, phase string, asked func(string) (string, error),
) (hcl.Attributes, map[string]any) {
	ctx := c.InPhase(phase).providerContext(c.scope.credentialUse(asked))
	attributes, _ := block.body.JustAttributes()
	values := map[string]any{}
	for key, attribute := range attributes {
		value, problems := attribute.Expr.Value(ctx)
		if plain, err := plainValue(unmarked(value)); err == nil && !problems.HasErrors() {
			values[key] = plain
		}
	}
	return attributes, values
}

// CredentialAddresses are where the blocks that use a credential connect to, sorted; none where no block uses it.
func (c *Config) CredentialAddresses(name string) []string {
	found := map[string]bool{}
	for _, block := range append(c.SourceBlocks(), c.Target, c.Rehearsal) {
		if block == nil {
			continue
		}
		for _, phase := range []string{PhasePlan, PhaseApply} {
			used := false
			attributes, values := c.plainArguments(block, phase, func(asked string) (string, error) {
				used = used || asked == name
				return "x", nil
			})
			if !used {
				continue
			}
			for address := range addressesOf(block, attributes, values) {
				found[address] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// addressesOf are the addresses in the arguments that a block sets, with the argument of each. Where it sets none the
// provider knows where its vendor is, and its name stands for that.
func addressesOf(block *ProviderBlock, attributes hcl.Attributes, values map[string]any) map[string]string {
	found := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		texts, isList := values[name].([]any)
		if !isList {
			texts = []any{values[name]}
		}
		for _, each := range texts {
			text, _ := each.(string)
			if address, ok := Address(text); ok {
				found[address] = name
			}
		}
	}
	if len(found) == 0 {
		found[block.Provider] = ""
	}
	return found
}

func unmarked(value cty.Value) cty.Value {
	plain, _ := value.UnmarkDeep()
	return plain
}

// providerContext is what the expressions of source and target blocks see.
func (c *Config) providerContext(credential function.Function) *hcl.EvalContext {
	ctx := c.scope.ctx.NewChild()
	ctx.Functions = map[string]function.Function{functions.Credential: credential}
	ctx.Variables = map[string]cty.Value{phaseRoot: cty.ObjectVal(map[string]cty.Value{"phase": cty.StringVal(c.phase)})}
	return ctx
}

// misdirected reports credentials that would go where they were not kept for. It looks at the values as the plugin
// would get them: an expression can choose its address by what a credential holds.
func (c *Config) misdirected(block *ProviderBlock, used map[string]Credential, attributes hcl.Attributes,
	values map[string]any) hcl.Diagnostics {
	var problems hcl.Diagnostics
	addresses := addressesOf(block, attributes, values)
	for _, name := range slices.Sorted(maps.Keys(used)) {
		kept := used[name]
		for _, address := range slices.Sorted(maps.Keys(addresses)) {
			if slices.Contains(kept.For, address) {
				continue
			}
			place := block.place
			if attribute := attributes[addresses[address]]; attribute != nil {
				place = attribute.Expr.Range()
				if touchesSecret(attribute.Expr, c.scope.ctx) {
					address = "the address that is made of a sensitive value"
				}
			}
			bound := "for " + strings.Join(kept.For, " and ")
			if len(kept.For) == 0 {
				bound = "without an address"
			}
			problems = append(problems, problem(codeCredentialAddress, "Credential is not for this address", &place,
				"Credential %q is kept %s; it is not sent to %s.\nPut the address back. If it is meant, who may manage the "+
					"migration keeps the credential again: rehome credentials set %s, with -for= for each address.",
				name, bound, address, name))
		}
	}
	return problems
}
