package diag

import "slices"

// Code is one stable diagnostic code with what leads to it and what helps.
type Code struct {
	Code  string
	Cause string
	Cure  string
}

// Codes are all codes but those of the configuration, which stand beside what reads it: in the order of the reference
// page, those that any command may give before those of single ones.
func Codes() []Code {
	return slices.Concat(
		codesOfProviders(),
		codesOfState(),
		codesOfCommands(),
		codesOfPlanning(),
		codesOfApplying(),
		codesOfProving(),
		codesOfHandoff(),
		codesOfKeeping(),
	)
}

// codesOfProviders are about plugins and what they answer.
func codesOfProviders() []Code {
	return []Code{
		{"plugin-missing", "No folder holds the plugin of a provider.",
			"Install it next to rehome or name its folder with -plugin-dir or REHOME_PLUGIN_DIR."},
		{"plugin-not-locked", "The lock file has no checksum of the plugin for this platform.",
			"Run rehome init and commit the lock file."},
		{"plugin-folder-open", "Others may write to a plugin or to a folder on its way.",
			"Take the right away, or put the plugin into a folder of your own."},
		{"plugin-foreign", "A plugin says that it is another provider than the one it was started as.",
			"Put the right plugin in its place and run rehome init."},
		{"plugin-checksum-mismatch", "The plugin is not the one in the lock file.",
			"Find out why it changed; rehome init -upgrade accepts it."},
		{"plugin-version-mismatch", "The plugin's version or protocol does not fit.",
			"Install a version that fits and run rehome init -upgrade."},
		{"plugin-overridden", "REHOME_DEV_OVERRIDES names a plugin under development.",
			"Nothing while you work on it; unset the variable otherwise."},
		{"plugin-start-failed", "The plugin ended or wrote something else before it was ready.",
			"Read its last lines in the message; check that the file is a rehome plugin for this platform."},
		{"plugin-died", "The plugin ended in the midst of a call.",
			"Read its last lines in the message and run the command again."},
		{"plugin-timeout", "The plugin did not answer in time.", "Run the command again with REHOME_LOG=debug."},
		{"plugin-invalid", "The plugin sent an answer that breaks the contract.",
			"Report it to the author of the plugin."},
		{"provider-argument", "An argument of a source or target block does not suit its provider.",
			"Write a value as the message says."},
		{"provider-unauthorized", "The token or secret was refused.", "Check the credential; it may have expired."},
		{"provider-forbidden", "The credential lacks a permission.", "Grant what the message names."},
		{"provider-not-found", "The organisation, tenant or realm is not there.",
			"Check its name; rehome does not create realms."},
		{"provider-unreachable", "No connection, no TLS, or a name that does not resolve.",
			"Check address, network and ca_file."},
		{"provider-rate-limited", "The server went on refusing for the rate limit.",
			"Try again later or lower rate_share."},
		{"provider-unsupported", "The provider does not offer what was asked.", "Find it out in another way."},
		{"provider-failed", "A provider call failed in another way.",
			"Read the message; the page at fault is named."},
	}
}

// codesOfState are about what is remembered, and who may change it when.
func codesOfState() []Code {
	return []Code{
		{"history-ambiguous", "More than one snapshot or assessment is meant.", "Give the whole id, or -source."},
		{"history-unknown", "No snapshot, assessment or item has that id.",
			"See the ids with rehome snapshot list or rehome assessment list."},
		{"already-running", "What may run once at a time is under way: a collection of the source, an " +
			"assessment of the snapshot, an apply or rehearsal of the migration, an init, or, " +
			"beside any of them, a rotation of the key.",
			"Wait until it is done, or give -lock-timeout; force-unlock with the id of the message when" +
				" its process is known to be gone."},
		{"work-taken-over", "The process was not seen alive for a minute, or its record was removed by " +
			"force-unlock, so another one may do its work.",
			"Look at what the other one did, then run the command again."},
		{"state-lost", "The state file is missing or empty, but its journals or its lock file are there.",
			"Restore it from a backup; to begin anew on purpose, move away what is beside it too."},
		{"migration-active", "The tenant has another active migration in this state.",
			"Go on with it, or end it with rehome state archive."},
		{"migration-archived", "The migration was ended with rehome state archive.",
			"Give the migration block another name to start a new one."},
		{"migration-draft", "The configuration has no source block.", "Add one."},
		{"migration-tenant-changed", "The migration is recorded for another tenant.",
			"Give the migration block another name, or the tenant back."},
		{"source-archived", "The source left the configuration.", "Put its source block back."},
		{"source-of-other-tenant", "A migration of another tenant in this state has a source of this name.",
			"Rename the source, or use a state of its own."},
		{"access-other-tenant", "The command would hand out or end what belongs to another tenant.",
			"Use a token of the operator tenant, or work in that tenant's folder."},
		{"journal-damaged", "A journal beside the state does not read to its end.",
			"Put it back from a backup; what the state knows stays."},
		{"journal-short", "A journal ends before what the state knows of its run.",
			"Put the newer file back, if it was replaced by a backup."},
		{"state-not-closed", "The state could not be given back at the end of a command.",
			"Check the disk and run rehome state show."},
		{"identity-unusable", "The identity file or REHOME_STATE_KEY holds no age identity, or others may read" +
			" the file.",
			"Put the line that begins with AGE-SECRET-KEY- into it, with mode 0600."},
		{"state-not-initialised", "There is no key for the state.", "Run rehome init, or set REHOME_STATE_KEY."},
		{"state-key-missing", "The key does not open the state.", "Use the identity of the team."},
		{"state-locked", "Another process has the state open.", "Wait, or give -lock-timeout."},
		{"state-damaged", "The state file does not read.",
			"Restore a backup; what was made is found again by tags and marker."},
		{"state-owner-unknown", "The state has an earlier format, and it is not known which tenant something " +
			"in it belongs to.",
			"Take out or complete what the message names, with the version that wrote it."},
		{"state-newer", "A newer version of rehome wrote the state.", "Use that version or a later one."},
		{"state-type-unknown", "The state block names an unknown kind.", "Use state \"bbolt\"."},
	}
}

// codesOfCommands are about every command: files, its line, whoever calls it.
func codesOfCommands() []Code {
	return []Code{
		{"file-missing", "A file is not there.", "Check the path."},
		{"file-permission", "A file or folder cannot be written or read.", "Check its owner and mode."},
		{"disk-full", "There is no room on the disk.", "Make room and run the command again."},
		{"usage", "A flag or argument of the command line is wrong.", "See the command's -help."},
		{"access-token-missing", "The migration has an access block and no token was given.",
			"Put a token of the issuer into REHOME_TOKEN, or give the job the right to its CI system's " +
				"own token."},
		{"access-token-invalid", "The token does not verify, has expired, or is for another audience.",
			"Ask the issuer that the message names for a new one."},
		{"access-issuer-unreachable", "The issuer cannot be asked for its keys, so the token cannot be verified.",
			"Check the address of the issuer and the network; nothing goes on unverified."},
		{"access-denied", "The token is good, but not for this: a permission or the tenant is missing, or it " +
			"is of guest or support access.",
			"Use a token with what the message names."},
		{"access-changed", "The access block or the tenant is not what the state recorded.",
			"Put it back, or use a token that may manage the migration under the recorded block."},
		{"access-change-pending", "The access block differs from the recorded one and the token may change it.",
			"Nothing; the next command that changes something records it."},
		{"interrupted", "Ctrl-C or the end of a job stopped the command.",
			"Run the same command again; rehome status says what goes on."},
		{"command-failed", "Something else failed.", "Read the message."},
	}
}

// codesOfPlanning are about configuring, deciding and planning.
func codesOfPlanning() []Code {
	return []Code{
		{"version-constraint-invalid", "A version constraint does not read.", "Write it as >= 0.1.0."},
		{"permission-missing", "A credential lacks a permission that rehome needs, found by validate -online, or by apply before " +
			"it writes.",
			"Grant what the message names."},
		{"online-failed", "A source or target could not be asked for its permissions.",
			"Read the message: address, credential or network."},
		{"source-unknown", "The configuration has no source of that name.",
			"Use one of those that the message names, such as okta.corp."},
		{"merge-mode", "decide was called in a migration of mode first_run_adoption.",
			"Set mode = \"merge_into_existing\" to decide about overlaps."},
		{"impact-unknown", "acknowledge names an impact that the last plan did not find.",
			"Read the ids with rehome acknowledge; one that changed has a new id."},
		{"acknowledgement-unused", "No impact has the id of an acknowledge block.",
			"Remove it; an impact that changed has a new id."},
		{"item-twice", "Two snapshots hold one item.", "Name each source once."},
		{"map-failed", "A map block fails for an item.", "Correct the expression of the block."},
		{"source-moved", "A source answers as another organisation than before.",
			"Put its address back, or say moved_from in its block if that is meant."},
		{"rebuilt-two-blocks", "Two rebuilt blocks mean one policy.", "Narrow the where of one."},
		{"map-two-blocks", "Two map blocks set one attribute to different values.", "Narrow the where of one."},
		{"merge-target-unmatched", "A merge block names a target that is none of the item's matched resources," +
			" perhaps because it was renamed or removed.",
			"Name one of the matched resources; rehome decide -list shows them."},
		{"merge-attribute-unknown", "A reconcile names an attribute that the resource type does not have.",
			"Name attributes of the resource type in overwrite or keep."},
		{"block-names-twins", "A block names two items whose names look the same and are spelt differently.",
			"Name each with item.id, in a block of its own."},
		{"merge-two-blocks", "Two merge blocks claim one item.", "Narrow the where of one."},
		{"where-failed", "A where expression fails for an item.", "Correct the expression of the block."},
		{"block-matches-nothing", "No item meets the where of a block.", "Remove the block, or correct its where."},
		{"duration-invalid", "A duration does not read.", "Write it as 24h or 90m."},
		{"recipient-invalid", "A recipient of the rehome block is not an age public key.",
			"Give the age1… line of the person's identity file."},
		{"plan-partial", "The plan is for a wave, or -target or -exclude was given.",
			"Nothing for a wave; after -target or -exclude plan the whole."},
		{"selection-unknown", "-target or -exclude names no step and no item.",
			"Take a name that rehome plan -v shows."},
		{"selection-conflict", "-wave and -target were both given.", "Leave out one."},
		{"wave-unknown", "The configuration has no wave of that name.", "Correct -wave, or write the wave block."},
		{"break-glass-shut", "An account of the break_glass block is not sure to get in.",
			"Mend the account, or the flow, before anything else."},
		{"break-glass-not-tried", "The target is no running server, so its accounts cannot be tried.",
			"Try them where the file is imported."},
	}
}

// codesOfApplying are about rehearsing and applying.
func codesOfApplying() []Code {
	return []Code{
		{"rehearsal-missing", "The configuration names no throw-away target.", "Write a rehearsal block."},
		{"rehearsal-no-snapshot", "A source was not collected yet.", "Run rehome collect."},
		{"rehearsal-empty", "The plan changes nothing in the throw-away target.",
			"Rehearse on a target as the real one is before the run."},
		{"rehearsal-target-refused", "The target of the rehearsal block is the real one, was used before, or " +
			"could reach people.",
			"Make a throw-away target with rehome rehearse -prepare."},
		{"rehearsal-stopped", "A rehearsal was interrupted, or could not go on.",
			"Mend what the message names, make the throw-away target anew, and rehearse again."},
		{"rehearsal-needs-no-copy", "-prepare was given for a target that is a file.",
			"Name the file in a rehearsal block."},
		{"plan-hash-missing", "apply was started without an approved hash and nobody can be asked.",
			"Give -plan-hash."},
		{"plan-hash-mismatch", "What would be done is not what was approved.",
			"Plan again and have the new hash approved."},
		{"plan-not-ready", "A gate of an approved plan is open by now, such as a snapshot that became too old.",
			"Mend what the message names and plan again."},
		{"plan-expired", "The plan is older than max_plan_age.", "Plan again."},
		{"plan-superseded", "A later plan of the migration was saved with -out in this state, or applied.",
			"Have the later plan approved, or plan again."},
		{"plan-revoked", "The hash of the plan was taken back with rehome revoke.",
			"Plan again and have the new hash approved."},
		{"target-other-migration", "The marker in the target names another migration.",
			"Archive that one and take the target over with rehome target adopt, or name another target."},
		{"plan-other-migration", "The plan file belongs to another migration or provider.",
			"Apply it in the folder that it was made for."},
		{"plan-other-classifier", "Another version of rehome, with another classifier, made the plan.",
			"Plan again with this version and have the new hash approved."},
		{"plan-other-target", "The plan was made for another server or realm.", "Plan again against this target."},
		{"target-changed", "The target is not as the plan saw it.", "Plan again and have the new hash approved."},
		{"target-leased", "Another run writes to the target.",
			"Wait, or give -lock-timeout; a lease that nobody renews ends by itself."},
		{"target-lease-lost", "Another process has taken the lease while this one was writing.",
			"See who writes; run the same apply again when it is done."},
		{"secrets-file-exists", "The file of -secrets-out is there already.", "Name another file, or move it away."},
		{"secrets-need-a-file", "The plan generates secrets and there is nowhere to put them.", "Give -secrets-out."},
		{"rescue-written", "The journal refused a write after the target had taken the step.",
			"Make room and apply again with -rescue."},
		{"rescue-not-written", "Neither the journal nor a rescue file could be written.",
			"Make room and run the same apply again: the target is asked what it has done."},
		{"rescue-other-run", "The rescue file belongs to another run.", "Apply the plan that the message names."},
		{"lock-id-invalid", "REHOME_LOCK_ID is not usable as an id.",
			"Use letters, digits, dots, dashes, slashes and underscores."},
	}
}

// codesOfProving are about verifying, reading back and going back.
func codesOfProving() []Code {
	return []Code{
		{"changes-not-recorded", "The target's own record holds nothing of the run: it was not kept at that " +
			"time, or was emptied.",
			"Turn the record on before the next apply; this run cannot be proven so any more."},
		{"verify-no-baseline", "The snapshot that a run was planned from is not in this state.",
			"Verify with the state that planned."},
		{"verify-nothing", "No run of this state has applied anything.",
			"Apply first, or verify with the state that keeps the journal."},
		{"verify-application-unknown", "A verify block names an application that no run made.", "Correct its name."},
		{"snapshot-other-source", "Two snapshots of different sources cannot be compared.",
			"Compare two reads of one source."},
		{"snapshot-not-completed", "A snapshot that failed, or is being collected, is no whole read.",
			"Use a completed one."},
		{"page-digest-mismatch", "A page of evidence is not the one that its digest was made of.",
			"Collect again; restore the state if it was damaged."},
		{"plan-unknown", "The state keeps no such plan.", "Give the hash of a plan, or a plan file."},
		{"plan-file-key", "The plan file names people, and no identity at hand opens it.",
			"Use the identity of the team."},
		{"plan-file-stranger", "The plan file is sealed by a planner whom nobody here trusts.",
			"Put its key into trusted_planners of the rehome block, or plan again here."},
		{"planner-invalid", "An element of trusted_planners is no public key of a planner.",
			"Copy the ed25519:… text that the refusal of its plan file names."},
		{"plan-file-damaged", "The plan file is not as rehome wrote it.", "Fetch it anew or plan again."},
		{"run-unknown", "The state holds no run of this id.",
			"Use an id that the message names, or the state of the machine that applied, or its backup."},
		{"follow-up-unknown", "The migration has no follow-up with that id.",
			"See the ids with rehome run follow-up list."},
		{"follow-up-closed", "The follow-up was closed before; its note stays.", "Nothing is to be done."},
		{"rollback-nothing", "There is no run that could be taken back.",
			"Nothing, unless another machine's state holds it, or the backup of one that was lost."},
		{"rollback-of-rollback", "The run is a rollback itself.", "Plan and apply to have it again."},
		{"rollback-done", "The run was taken back already.", "Nothing."},
		{"rollback-later-run", "A later run changed, or needs, what this one made.",
			"Take the later run back first."},
		{"rollback-plan-missing", "The state does not hold the plan of the run, so what was before is not known.",
			"Use the state of the machine that planned."},
		{"undo-unknown", "An undo block names a resource that the run did not make or change.",
			"Name one as the plan of the rollback shows it, or remove the block."},
		{"undo-unfit", "The decision of an undo block means nothing for its resource.",
			"Use one that the message names."},
		{"undo-twice", "Two undo blocks name one resource.", "Remove one."},
		{"plan-hash-invalid", "revoke was given something that is no whole hash of a plan.",
			"Give sha256: and its 64 digits, as rehome plan prints them."},
	}
}

// codesOfHandoff are about owners, evidence and the audit chain.
func codesOfHandoff() []Code {
	return []Code{
		{"application-unknown", "No application that a plan moves has this name.",
			"Use a name of rehome status -apps, or an address."},
		{"application-ambiguous", "Several applications have one name.", "Give the address of one."},
		{"application-not-moved", "The application is blocked, skipped or done by hand.",
			"rehome show says why; there is nothing to hand over."},
		{"sheet-needs-live-target", "The target is a file, which has no addresses or keys of its own.",
			"Make sheets with the server that people will sign in at."},
		{"sheet-not-in-target", "The target does not have the application.", "Apply the plan first."},
		{"sheet-not-written", "A sheet is recorded as delivered and none was written.", "Run rehome sheet first."},
		{"secret-not-new", "A secret is recorded as delivered and no run made one.",
			"Nothing; the application keeps its secret or has none."},
		{"not-confirmed", "A confirmation is withdrawn that was never given.",
			"Nothing; check the name of the application."},
		{"application-not-open", "Nobody may sign in to the application at the target yet.",
			"Open it first; a confirmation before that confirms nothing."},
		{"evidence-no-plan", "Evidence was asked for before a plan had a hash.", "Run rehome plan."},
		{"evidence-needs-applied", "Evidence is recorded on an applied plan, and there is none.",
			"Run rehome apply, or finish it."},
		{"evidence-key", "A key to sign or check bundles with does not read.",
			"Make one with rehome evidence keygen."},
		{"evidence-broken", "An evidence bundle was changed, or does not prove what it says.",
			"Ask for the original."},
		{"evidence-damaged", "The file is no evidence bundle, or does not read.", "Fetch it anew."},
		{"audit-broken", "A record of the audit chain was changed, removed or moved.",
			"Compare with an export or a backup from before."},
		{"audit-cut", "The audit chain does not hold the checkpoint.",
			"Compare with an export or a backup that holds it."},
	}
}

// codesOfKeeping are about state, keys, credentials and locks.
func codesOfKeeping() []Code {
	return []Code{
		{"confirmation-missing", "The command asks before it acts, and nobody can be asked.", "Give -yes."},
		{"credential-address-unknown", "A credential is kept without saying where it may be sent.",
			"Name the address with -for, or write the block that uses the credential first."},
		{"credential-unknown", "The state keeps no credential of that name.",
			"See the names with rehome credentials list."},
		{"key-in-environment", "The identity of the state is in REHOME_STATE_KEY, not in a file.",
			"Make one with age-keygen, rotate with -recipient and -yes, and change the variable."},
		{"key-locks-out", "After the rotation no identity of this machine would open the state.",
			"Add your own public key with -recipient, or give -yes."},
		{"rotate-no-client", "The target has no client of that id.",
			"Check the id; rehome show names those that a plan makes."},
		{"rotate-not-ours", "The client was not made by rehome.", "Rotate its secret where it is managed."},
		{"rotate-no-secret", "The client is public, or proves itself in another way.", "Nothing."},
		{"rotate-not-approved", "Nobody approved that the old secret is refused.",
			"Type the client's id, or give -approve."},
		{"adopt-unknown", "The migration to take over from is not in this state, or not of this tenant.",
			"Use the state of the machine that applied."},
		{"adopt-not-archived", "The migration whose target is to be taken over goes on.", "Archive it first."},
		{"adopt-other-tenant", "The migration whose target is to be taken over is of another tenant.",
			"Name another target."},
		{"adopt-nothing", "The target is nobody's, or this migration's already.", "Go on with rehome plan."},
		{"target-snapshot-unusable", "A snapshot of the target does not open, is damaged, or is of another " +
			"target.",
			"Fetch it anew, or take a new one with rehome target snapshot."},
		{"lock-none", "force-unlock found no lock.", "Nothing."},
		{"lock-id-wrong", "force-unlock was given another id than that of the lock.",
			"Give the id that the message names, when its process is known to be gone."},
		{"lock-holder-alive", "The process that holds the lease is alive on this host.",
			"End it, or give -alive when it is another process of that number."},
	}
}
