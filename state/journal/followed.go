package journal

// Followed is what a state learned from its journals.
type Followed struct {
	Records int    // that the state did not know
	Torn    []Torn // ends that were cut
	Short   []string
	Damaged []error // journals that do not read; the others were followed
}

// Note adds what one journal told, of which taken records were new.
func (f *Followed) Note(run string, news News, taken int) {
	f.Records += taken
	if news.Short {
		f.Short = append(f.Short, run)
	}
	if news.Cut != nil {
		f.Torn = append(f.Torn, *news.Cut)
	}
}
