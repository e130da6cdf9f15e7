package main

// commands are all there are, in the order in which the help of the root lists them; a command stands behind the one
// above it.
func commands() []Command {
	return []Command{
		initCommand(), validateCommand(), collectCommand(), assessCommand(), decideCommand(), acknowledgeCommand(),
		planCommand(), planListCommand(), planShowCommand(), rehearseCommand(), applyCommand(), verifyCommand(), statusCommand(),
		sourceCommand(), sourceListCommand(), sourceShowCommand(),
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
