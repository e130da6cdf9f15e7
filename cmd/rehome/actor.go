package main

import (
	"context"
	"os/exec"
	"strings"
	"time"
)

// gitWait is how long git may take to say who commits here.
const gitWait = 2 * time.Second

// actor names who acts, honestly: a CI system's word, or git's and the system's user. Nobody verified any of them.
func (e *environment) actor() string {
	for _, source := range []struct{ variable, label string }{{"GITHUB_ACTOR", "github actor"}, {"GITLAB_USER_LOGIN", "gitlab user"}} {
		if name := e.getenv(source.variable); name != "" {
			return name + " (" + source.label + ", not verified)"
		}
	}
	user := e.account + "@" + e.host
	if git := e.gitUser(); git != "" {
		return "git:" + git + ", " + user + " (git and system user, not verified)"
	}
	return user + " (system user, not verified)"
}

// gitUser is the person that git would commit as in this folder, empty where git does not know one. It asks once.
func (e *environment) gitUser() string {
	e.git.Do(func() {
		name, address := e.gitConfig("user.name"), e.gitConfig("user.email")
		if name != "" && address != "" {
			e.gitName = name + " <" + address + ">"
		}
	})
	return e.gitName
}

func (e *environment) gitConfig(key string) string {
	ctx, stop := context.WithTimeout(context.Background(), gitWait)
	defer stop()
	command := exec.CommandContext(ctx, "git", "config", "--get", key)
	command.Env = e.variable
	out, err := command.Output()
	if err != nil {
		return "" // no git, or no such setting: then the system user alone is named
	}
	return strings.TrimSpace(string(out))
}
