package lifecycle

import "time"

// Standing is what a store remembers of one previewed plan of a migration.
type Standing struct {
	Hash    string
	Made    time.Time // when it was computed last
	SavedAt time.Time // when it was last written into a plan file for others to approve; zero where it never was
}

// Superseded finds the plan that took the place of another in a store: one that was written into a plan file after that
// one was made. A plan that somebody only looked at takes nobody's place.
func Superseded(hash string, made time.Time, kept []Standing) (by Standing, is bool) {
	for _, other := range kept {
		if other.Hash != hash && other.SavedAt.After(made) && other.SavedAt.After(by.SavedAt) {
			by, is = other, true
		}
	}
	return by, is
}
