package apply

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Holder is who has the lease on a target. Its text is what people see in the marker and in a refusal.
type Holder struct {
	ID      string // what force-unlock must be told
	Run     string
	Actor   string
	Host    string
	PID     int
	Command string
	Since   time.Time
}

// String is ID: run RUN of ACTOR on HOST, process PID, COMMAND, since TIME.
func (h Holder) String() string {
	return fmt.Sprintf("%s: run %s of %s on %s, process %d, %s, since %s", h.ID, h.Run, h.Actor, h.Host, h.PID, h.Command, h.Since.UTC().Format(time.RFC3339))
}

var holderForm = regexp.MustCompile(`^([^:\s]+): run (\S+) of (.*) on (\S*), process (\d+), (.*), since (\S+)$`)

// ParseHolder reads what String made. Of another text only the first word is known, as the id.
func ParseHolder(text string) Holder {
	found := holderForm.FindStringSubmatch(text)
	if found == nil {
		var id string
		_, _ = fmt.Sscan(text, &id)
		return Holder{ID: id}
	}
	pid, _ := strconv.Atoi(found[5])
	since, _ := time.Parse(time.RFC3339, found[7])
	return Holder{ID: found[1], Run: found[2], Actor: found[3], Host: found[4], PID: pid, Command: found[6], Since: since}
}
