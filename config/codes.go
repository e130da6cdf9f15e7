package config

import "github.com/rehome-iam/rehome/engine/diag"

// The codes of this package.
const (
	codeFolderEmpty        = "config-missing"
	codeFileUnreadable     = "config-unreadable"
	codeSyntax             = "syntax-invalid"
	codeArgumentUnknown    = "argument-unknown"
	codeArgumentMissing    = "argument-missing"
	codeArgumentDuplicate  = "argument-duplicate"
	codeArgumentInvalid    = "argument-invalid"
	codeArgumentConflict   = "argument-conflict"
	codeBlockUnknown       = "block-unknown"
	codeBlockLabels        = "block-labels"
	codeBlockDuplicate     = "block-duplicate"
	codeBlockMissing       = "block-missing"
	codeNameInvalid        = "name-invalid"
	codeKindUnknown        = "kind-unknown"
	codeValueUnknown       = "value-unknown"
	codeExpression         = "expression-invalid"
	codeReferenceUnknown   = "reference-unknown"
	codeFunctionUnknown    = "function-unknown"
	codeItemAttribute      = "item-attribute-unknown"
	codeVariableMissing    = "variable-missing"
	codeVariableInvalid    = "variable-invalid"
	codeVariableUndeclared = "variable-undeclared"
	codeLocalCycle         = "local-cycle"
	codeMergeMode          = "merge-not-allowed"
	codeSensitiveUse       = "sensitive-value-exposed"
	codeCredential         = "credential-unavailable"
	codeCredentialAddress  = "credential-address"
	codeLockInvalid        = "lock-file-invalid"
	codeOwnerTwice         = "owner-twice"
)

// Codes lists every code that this package gives, in the order of the reference page.
func Codes() []diag.Code {
	return []diag.Code{
		{Code: codeFolderEmpty, Cause: "The folder holds no *.rehome.hcl file.",
			Cure: "Run rehome init there, or name the folder with -chdir."},
		{Code: codeFileUnreadable, Cause: "A configuration, variable or lock file cannot be read.",
			Cure: "Check the path and the permissions of the file."},
		{Code: codeSyntax, Cause: "A file is not valid HCL.",
			Cure: "Correct the marked place; rehome fmt shows where blocks begin and end."},
		{Code: codeArgumentUnknown, Cause: "A block has an argument that does not belong there.",
			Cure: "Use the name in the message, or remove the argument."},
		{Code: codeArgumentMissing, Cause: "A block lacks an argument that it must have.", Cure: "Add it."},
		{Code: codeArgumentDuplicate, Cause: "A block sets an argument twice.", Cure: "Keep one."},
		{Code: codeArgumentInvalid, Cause: "The value of an argument has the wrong type or form.",
			Cure: "Write a value as the message says."},
		{Code: codeArgumentConflict, Cause: "Two arguments of a block exclude each other.",
			Cure: "Remove one, or choose another decision."},
		{Code: codeBlockUnknown, Cause: "There is no block of this type here.",
			Cure: "Use the name in the message, or remove the block."},
		{Code: codeBlockLabels, Cause: "A block has too few or too many labels.",
			Cure: "Write the labels that the message names."},
		{Code: codeBlockDuplicate, Cause: "Two blocks have the same labels, or a block that may stand once stands twice.",
			Cure: "Rename or remove one; the message names both places."},
		{Code: codeBlockMissing, Cause: "A block that every configuration needs is not there.", Cure: "Add it."},
		{Code: codeNameInvalid, Cause: "A name holds characters that addresses cannot hold.",
			Cure: "Use letters, digits, - and _ only."},
		{Code: codeKindUnknown, Cause: "The first label of a skip, map or merge block is no kind of item.",
			Cure: "Use one of the kinds in the message."},
		{Code: codeValueUnknown, Cause: "An argument takes one of a few words, and this is none of them.",
			Cure: "Use one of the words in the message."},
		{Code: codeExpression, Cause: "An expression cannot be evaluated.", Cure: "Correct it as the message says."},
		{Code: codeReferenceUnknown, Cause: "An expression names a variable, local value or object that is not there.",
			Cure: "Declare it, or correct the name."},
		{Code: codeFunctionUnknown, Cause: "An expression calls a function that does not exist.",
			Cure: "Correct the name. credential() works in source and target blocks only."},
		{Code: codeItemAttribute, Cause: "An expression names an attribute that items of this kind do not have.",
			Cure: "Use the name in the message; the reference lists all attributes of a kind."},
		{Code: codeVariableMissing, Cause: "A variable without a default has no value.",
			Cure: "Set it with -var, a variable file, or REHOME_VAR_name."},
		{Code: codeVariableInvalid, Cause: "The value of a variable has the wrong type, or a validation rule refuses it.",
			Cure: "Give another value."},
		{Code: codeVariableUndeclared, Cause: "A value is given for a variable that no block declares.",
			Cure: "Declare the variable, or correct the name."},
		{Code: codeLocalCycle, Cause: "Local values refer to each other in a circle.",
			Cure: "Take one of them out of the circle."},
		{Code: codeMergeMode, Cause: "A merge block stands in a migration that adopts into an empty target.",
			Cure: "Set mode = \"merge_into_existing\", or remove the block."},
		{Code: codeSensitiveUse, Cause: "A sensitive value would become part of a plan.",
			Cure: "Use a value that is not sensitive."},
		{Code: codeCredential, Cause: "A stored credential cannot be had.",
			Cure: "Store it with rehome credentials set."},
		{Code: codeCredentialAddress, Cause: "A stored credential would go to an address that it was not kept for.",
			Cure: "Put the address back, or keep the credential again with rehome credentials set -for."},
		{Code: codeLockInvalid, Cause: "The lock file cannot be understood.",
			Cure: "Remove the file and run rehome init."},
		{Code: codeOwnerTwice, Cause: "Two application blocks mean one application.",
			Cure: "Narrow the where of one; the message names both places."},
	}
}
