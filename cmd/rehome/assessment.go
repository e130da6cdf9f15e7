package main

import "github.com/rehome-iam/rehome/state"

// assessmentsOf lists assessments newest first, of one source and one snapshot where those are given.
func assessmentsOf(store *state.Store, source, snapshot string) ([]state.Assessment, error) {
	all, err := store.Assessments()
	if err != nil {
		return nil, err
	}
	chosen := []state.Assessment{}
	for _, a := range all {
		if (source == "" || a.Source == source) && (snapshot == "" || a.Snapshot == snapshot) {
			chosen = append(chosen, a)
		}
	}
	return chosen, nil
}
