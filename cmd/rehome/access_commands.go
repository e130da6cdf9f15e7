package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/rehome-iam/rehome/config"
	"github.com/rehome-iam/rehome/engine/authorization"
)

// commandClass says what a command does with state and target, and so what its token must allow.
type commandClass string

const (
	classFree   commandClass = "free"   // touches neither; where it opens the state after all, it reads
	classBegin  commandClass = "begin"  // free while no rules are recorded, then it reads
	classRead   commandClass = "read"   // looks at state or target
	classManage commandClass = "manage" // changes one of them; what is not in the table counts as this
)

// commandClasses has one line for every command; a test walks the command tree and demands it.
func commandClasses() map[string]commandClass {
	return map[string]commandClass{
		"acknowledge":            classManage,
		"apply":                  classManage,
		"assess":                 classManage,
		"assessment diff":        classRead,
		"assessment list":        classRead,
		"assessment show":        classRead,
		"audit export":           classRead,
		"audit list":             classRead,
		"audit verify":           classFree, // of a file; of the state it reads
		"collect":                classManage,
		"credentials delete":     classManage,
		"credentials list":       classRead,
		"credentials rotate-key": classManage,
		"credentials set":        classManage,
		"decide":                 classManage,
		"evidence":               classRead,
		"evidence bundle":        classRead,
		"evidence keygen":        classFree,
		"evidence record":        classManage,
		"evidence verify":        classFree,
		"fmt":                    classFree,
		"init":                   classBegin,
		"plan":                   classManage,
		"rehearse":               classManage,
		"rollback":               classManage,
		"run follow-up done":     classManage,
		"run follow-up list":     classRead,
		"run list":               classRead,
		"run show":               classRead,
		"sheet":                  classManage, // it remembers what it wrote
		"sheet confirm":          classManage,
		"sheet record":           classManage,
		"show":                   classFree, // a file needs no state
		"snapshot diff":          classRead,
		"snapshot list":          classRead,
		"snapshot prune":         classManage,
		"snapshot raw":           classRead,
		"snapshot show":          classRead,
		"state export":           classManage, // it hands out everything, and says so in the chain
		"state show":             classRead,
		"state archive":          classManage,
		"status":                 classRead,
		"target snapshot":        classRead,
		"validate":               classFree,
		"verify":                 classManage,
		"completion bash":        classFree,
		"completion fish":        classFree,
		"completion powershell":  classFree,
		"completion zsh":         classFree,
		"version":                classFree,

		"credentials rotate-client": classManage,
		"force-unlock":              classManage,
	}
}

// phaseOf is the phase of source and target blocks in a command: that of applying for what writes to a target.
func phaseOf(c *cobra.Command) string {
	switch pathOf(c) {
	case "apply", "rehearse", "rollback", "force-unlock", "credentials rotate-client":
		return config.PhaseApply
	}
	return config.PhasePlan
}

// pathOf is the name of a command without that of the program: credentials set.
func pathOf(c *cobra.Command) string { return strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ") }

func classOf(c *cobra.Command) commandClass {
	if apps := c.Flags().Lookup("apps"); pathOf(c) == "status" && apps != nil && apps.Value.String() == "true" {
		return classManage // it remembers what the logs of sign-ins say
	}
	if list := c.Flags().Lookup("list"); list != nil && list.Value.String() == "true" {
		return classRead // acknowledge and decide read back what the last plan found
	}
	class, known := commandClasses()[pathOf(c)]
	if !known {
		return classManage
	}
	if online := c.Flags().Lookup("online"); class == classFree && online != nil && online.Value.String() == "true" {
		return classRead // it asks source and target
	}
	return class
}

func (c commandClass) need() authorization.Need {
	if c == classManage || c == "" {
		return authorization.Manage
	}
	return authorization.Read
}

// guard puts the check of the token before every command, so that none can forget it.
func guard(root *cobra.Command, env *environment, global *options) {
	for _, c := range root.Commands() {
		guard(c, env, global)
	}
	if root.RunE == nil {
		return
	}
	run := root.RunE
	root.RunE = func(c *cobra.Command, args []string) error {
		global.class, global.phase, global.ctx = classOf(c), phaseOf(c), c.Context()
		if global.class == classRead || global.class == classManage {
			s, err := newSession(env, global, pathOf(c))
			if err != nil {
				return err
			}
			defer s.close()
			if err := s.enter(); err != nil {
				return err
			}
			global.entered = s
		}
		return run(c, args)
	}
}
