package reading_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/rehome-iam/rehome/engine/contract"
	"github.com/rehome-iam/rehome/providers/sdk/reading"
)

func TestPages_AnExpiredAddressBeginsTheListOnceMoreAndHandsNothingOutTwice(t *testing.T) {
	expired := fmt.Errorf("reading: %w", &reading.Expired{ProviderError: &contract.ProviderError{Code: contract.ErrorInvalid}})
	book := reading.NewPages("GET", "/list")
	take := func(body string) int {
		t.Helper()
		elements, err := book.Take([]byte(body), "", reading.ElementID)
		if err != nil {
			t.Fatal(err)
		}
		return len(elements)
	}
	if book.Again(expired) {
		t.Error("the first page cannot expire")
	}
	if got := take(`[{"id":"1"},{"id":"2"}]`); got != 2 {
		t.Errorf("%d elements", got)
	}
	if err := book.Next("/list?after=x"); err != nil {
		t.Fatal(err)
	}
	if book.Again(errors.New("another fault")) {
		t.Error("another fault begins the list again")
	}
	if !book.Again(expired) || book.Location() != "/list" {
		t.Fatalf("it is at %s", book.Location())
	}
	if got := take(`[{"id":"1"},{"id":"3"}]`); got != 1 || !book.Given("1") || book.Given("3") {
		t.Errorf("%d new elements, of which 1 was given: %v", got, book.Given("1"))
	}
	if err := book.Next("/list?after=x"); err != nil {
		t.Errorf("the same address of the next page: %v", err)
	}
	if _, err := book.Take([]byte(`[{"id":"3"}]`), "", reading.ElementID); err == nil {
		t.Error("an element that comes twice in one go is taken")
	}
	if book.Again(expired) {
		t.Error("a list begins again without end")
	}
	var fault *contract.ProviderError
	if !errors.As(expired, &fault) || fault.Code != contract.ErrorInvalid {
		t.Errorf("%v", fault)
	}
}
