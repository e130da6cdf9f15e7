package audit

// Name says what happened. Names are an interface of their own: chains hold them for good, and scripts look for them.
type Name string

// Who may use a migration.
const (
	AccessChanged  Name = "migration.access.changed"
	AccessDenied   Name = "migration.access.denied"
	AccessRecorded Name = "migration.access.recorded"
)

// Migrations and their sources.
const (
	SourceArchived         Name = "migration.source.archived"
	SourceChanged          Name = "migration.source.changed"
	SourceCreated          Name = "migration.source.created"
	SourceRestored         Name = "migration.source.restored"
	MigrationArchived      Name = "migration.workspace.archived"
	MigrationCreated       Name = "migration.workspace.created"
	MigrationModeChanged   Name = "migration.workspace.mode_changed"
	MigrationStatusChanged Name = "migration.workspace.status_changed"
)

// What was read and judged.
const (
	AssessmentCompleted Name = "migration.assessment.completed"
	AssessmentFailed    Name = "migration.assessment.failed"
	InventoryCollected  Name = "migration.inventory.collected"
	InventoryFailed     Name = "migration.inventory.collection_failed"
	InventoryPruned     Name = "migration.inventory.pruned"
)

// Decisions of people.
const (
	DecisionResolved         Name = "migration.merge_decision.resolved"
	DecisionWithdrawn        Name = "migration.merge_decision.withdrawn"
	ImpactsAcknowledged      Name = "migration.ocm_impacts.acknowledged"
	AcknowledgementWithdrawn Name = "migration.ocm_impacts.acknowledgement_withdrawn"
)

// Plans, and what became of their steps.
const (
	EvidenceUpdated       Name = "migration.cutover_evidence.updated"
	PlanApplied           Name = "migration.cutover_plan.applied"
	PlanApplying          Name = "migration.cutover_plan.applying"
	PlanCreated           Name = "migration.cutover_plan.created"
	PlanPreviewed         Name = "migration.cutover_plan.previewed"
	PlanResumed           Name = "migration.cutover_plan.resumed"
	PlanRevoked           Name = "migration.cutover_plan.revoked"
	StepApplied           Name = "migration.cutover_step.applied"
	StepBlocked           Name = "migration.cutover_step.blocked"
	StepFailed            Name = "migration.cutover_step.failed"
	StepManual            Name = "migration.cutover_step.manual_follow_up"
	StepSkipped           Name = "migration.cutover_step.skipped"
	StepNotStarted        Name = "migration.cutover_step.not_started"
	StepUnknown           Name = "migration.cutover_step.unknown"
	FollowUpDone          Name = "migration.follow_up.done"
	FollowUpReopened      Name = "migration.follow_up.reopened"
	VerificationCompleted Name = "migration.verification.completed"
)

// Applications and their owners.
const (
	ApplicationConfirmationWithdrawn Name = "migration.application.confirmation_withdrawn"
	ApplicationConfirmed             Name = "migration.application.confirmed"
	ApplicationSecretDelivered       Name = "migration.application.secret_delivered"
	ApplicationSheetDelivered        Name = "migration.application.sheet_delivered"
	ApplicationSheetWritten          Name = "migration.application.sheet_written"
	ApplicationSignInsRead           Name = "migration.application.sign_ins_read"
	ClientSecretRotated              Name = "migration.client_secret.rotated"
	ClientSecretRotating             Name = "migration.client_secret.rotating"
)

// Rehearsals.
const (
	RehearsalCompleted Name = "migration.rehearsal.completed"
	RehearsalCopied    Name = "migration.rehearsal.copied"
	RehearsalPrepared  Name = "migration.rehearsal.prepared"
)

// Targets.
const (
	TargetAdopted       Name = "migration.target.adopted"
	TargetSnapshotTaken Name = "migration.target.snapshot_taken"
	TargetLockForced    Name = "migration.target_lock.forced"
)

// The state itself.
const (
	CredentialDeleted Name = "migration.credential.deleted"
	CredentialSet     Name = "migration.credential.set"
	StateExported     Name = "migration.state.exported"
	StateKeyRotated   Name = "migration.state.key_rotated"
	StateLockForced   Name = "migration.state_lock.forced"
)
