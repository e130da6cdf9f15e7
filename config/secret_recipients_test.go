package config

import "testing"

func TestSecretRecipientsOf_TheFirstBlockThatFitsCounts(t *testing.T) {
	c := &Config{SecretRecipients: []SecretRecipients{
		{Name: "pay", Applications: []string{"Payroll", "https://expenses.example/*"}},
		{Name: "rest", Applications: []string{"*"}},
	}}
	for names, want := range map[[2]string]string{
		{"client-1", "Payroll"}: "pay", {"https://expenses.example/saml/a", "Expenses"}: "pay",
		{"wiki", "Wiki/internal"}: "rest",
	} {
		if got := c.SecretRecipientsOf(names[0], names[1]); got == nil || got.Name != want {
			t.Errorf("%v belongs to %+v, wanted %s", names, got, want)
		}
	}
	if got := (&Config{}).SecretRecipientsOf("wiki"); got != nil {
		t.Errorf("without a block it belongs to %+v", got)
	}
}
