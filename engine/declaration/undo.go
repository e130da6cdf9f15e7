package declaration

import (
	"github.com/rehome-iam/rehome/engine/diag"
	"github.com/rehome-iam/rehome/engine/identity"
)

// UndoChoice is what a person decided about one resource of a run that is taken back.
type UndoChoice string

// The choices. Delete and restore overrule what was changed or used since; keep leaves everything as it is; disable
// switches an application off and keeps it.
const (
	UndoDelete  UndoChoice = "delete"
	UndoRestore UndoChoice = "restore"
	UndoDisable UndoChoice = "disable"
	UndoKeep    UndoChoice = "keep"
)

// UndoChoices lists all choices.
func UndoChoices() []UndoChoice { return []UndoChoice{UndoDelete, UndoDisable, UndoKeep, UndoRestore} }

// Undo is one undo block.
type Undo struct {
	Resource identity.ResourceID
	Choice   UndoChoice
	Reason   string
	Range    diag.Range
}
