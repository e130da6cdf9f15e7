package config

// Code is one stable diagnostic code with what leads to it and what helps.
type Code struct {
	Code  string
	Cause string
	Cure  string
}

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
	codeLockInvalid        = "lock-file-invalid"
	codeOwnerTwice         = "owner-twice"
)

// Codes lists every code that this package gives, in the order of the reference page.
func Codes() []Code {
	return []Code{
		{codeFolderEmpty, "The folder holds no *.rehome.hcl file.", "Run rehome init there, or name the folder with -chdir."},
		{codeFileUnreadable, "A configuration, variable or lock file cannot be read.",
			"Check the path and the permissions of the file."},
		{codeSyntax, "A file is not valid HCL.", "Correct the marked place; rehome fmt shows where blocks begin and end."},
		{codeArgumentUnknown, "A block has an argument that does not belong there.",
			"Use the name in the message, or remove the argument."},
		{codeArgumentMissing, "A block lacks an argument that it must have.", "Add it."},
		{codeArgumentDuplicate, "A block sets an argument twice.", "Keep one."},
		{codeArgumentInvalid, "The value of an argument has the wrong type or form.", "Write a value as the message says."},
		{codeArgumentConflict, "Two arguments of a block exclude each other.", "Remove one, or choose another decision."},
		{codeBlockUnknown, "There is no block of this type here.", "Use the name in the message, or remove the block."},
		{codeBlockLabels, "A block has too few or too many labels.", "Write the labels that the message names."},
		{codeBlockDuplicate, "Two blocks have the same labels, or a block that may stand once stands twice.",
			"Rename or remove one; the message names both places."},
		{codeBlockMissing, "A block that every configuration needs is not there.", "Add it."},
		{codeNameInvalid, "A name holds characters that addresses cannot hold.", "Use letters, digits, - and _ only."},
		{codeKindUnknown, "The first label of a skip, map or merge block is no kind of item.",
			"Use one of the kinds in the message."},
		{codeValueUnknown, "An argument takes one of a few words, and this is none of them.",
			"Use one of the words in the message."},
		{codeExpression, "An expression cannot be evaluated.", "Correct it as the message says."},
		{codeReferenceUnknown, "An expression names a variable, local value or object that is not there.",
			"Declare it, or correct the name."},
		{codeFunctionUnknown, "An expression calls a function that does not exist.",
			"Correct the name. credential() works in source and target blocks only."},
		{codeItemAttribute, "An expression names an attribute that items of this kind do not have.",
			"Use the name in the message; the reference lists all attributes of a kind."},
		{codeVariableMissing, "A variable without a default has no value.",
			"Set it with -var, a variable file, or REHOME_VAR_name."},
		{codeVariableInvalid, "The value of a variable has the wrong type, or a validation rule refuses it.",
			"Give another value."},
		{codeVariableUndeclared, "A value is given for a variable that no block declares.",
			"Declare the variable, or correct the name."},
		{codeLocalCycle, "Local values refer to each other in a circle.", "Take one of them out of the circle."},
		{codeMergeMode, "A merge block stands in a migration that adopts into an empty target.",
			"Set mode = \"merge_into_existing\", or remove the block."},
		{codeSensitiveUse, "A sensitive value would become part of a plan.", "Use a value that is not sensitive."},
		{codeCredential, "A stored credential cannot be had.", "Store it with rehome credentials set."},
		{codeLockInvalid, "The lock file cannot be understood.", "Remove the file and run rehome init."},
		{codeOwnerTwice, "Two application blocks mean one application.",
			"Narrow the where of one; the message names both places."},
	}
}
