package contract

import "fmt"

// Owner is whose target it is, or is to be.
type Owner struct{ Migration, Tenant string }

// ForeignError says that a target belongs to another migration.
type ForeignError struct{ Holder, Asking Owner }

// Error names both.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("the target belongs to migration %q%s, not to %q of tenant %q",
		e.Holder.Migration, ofTenant(e.Holder.Tenant), e.Asking.Migration, e.Asking.Tenant)
}

func ofTenant(tenant string) string {
	if tenant == "" {
		return ""
	}
	return fmt.Sprintf(" of tenant %q", tenant)
}

// CheckOwner tells whether a target may be planned for and written by a migration: its marker names that one, or none.
// It is the only place that compares a marker with a migration. A marker of an earlier version names no tenant. It
// fails with *ForeignError.
func CheckOwner(marker Marker, owner Owner) error {
	switch {
	case marker.Migration == "" && marker.Tenant == "":
		return nil
	case marker.Migration == owner.Migration && (marker.Tenant == "" || marker.Tenant == owner.Tenant):
		return nil
	}
	return &ForeignError{Holder: Owner{marker.Migration, marker.Tenant}, Asking: owner}
}
