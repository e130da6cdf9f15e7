package handoff

import "slices"

// MissingWaves are those of the waves that must come before another that were not applied yet, sorted. A plan that was
// applied without a wave has the empty name.
func MissingWaves(before []string, applied []string) []string {
	var missing []string
	for _, name := range before {
		if !slices.Contains(applied, name) {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}
