package declaration

import "time"

// How old a snapshot may be when the configuration does not say. People come and go by the hour, applications do not.
const (
	DefaultStructureAge = 24 * time.Hour
	DefaultPeopleAge    = time.Hour
)

// Ages is how old a snapshot may be. People counts only for a plan that moves people.
type Ages struct {
	Structure time.Duration
	People    time.Duration
}
