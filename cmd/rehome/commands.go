package main

import (
	"github.com/rehome-iam/rehome/config"
)

// commands are all there are, in the order in which the help of the root lists them; a command stands behind the one above it.
func commands() []Command {
	return []Command{
		initCommand(), validateCommand(), collectCommand(), assessCommand(), decideCommand(), acknowledgeCommand(),
		planCommand(), rehearseCommand(), applyCommand(), verifyCommand(), statusCommand(),
		snapshotCommand(), snapshotListCommand(), snapshotShowCommand(), snapshotDiffCommand(), snapshotRawCommand(),
		snapshotPruneCommand(),
		assessmentCommand(), assessmentListCommand(), assessmentShowCommand(), assessmentDiffCommand(),
		showCommand(), runCommand(), runListCommand(), runShowCommand(), followUpCommand(), followUpListCommand(),
		followUpDoneCommand(), rollbackCommand(), revokeCommand(),
		sheetCommand(), sheetRecordCommand(), sheetConfirmCommand(),
		evidenceCommand(), evidenceRecordCommand(), evidenceBundleCommand(), evidenceVerifyCommand(),
		evidenceKeygenCommand(),
		auditCommand(), auditListCommand(), auditExportCommand(), auditVerifyCommand(),
		stateCommand(), stateShowCommand(), stateArchiveCommand(), stateExportCommand(),
		credentialsCommand(), credentialsSetCommand(), credentialsListCommand(), credentialsDeleteCommand(),
		rotateKeyCommand(), rotateClientCommand(),
		targetCommand(), targetAdoptCommand(), targetSnapshotCommand(), forceUnlockCommand(), fmtCommand(), versionCommand(),
		completionCommand(),
	}
}

// codes are all diagnostics beyond those of the configuration: those that any command may give, then those of single commands.
func codes() []config.Code {
	all := commonCodes()
	for _, c := range commands() {
		all = append(all, c.Codes...)
	}
	return all
}
