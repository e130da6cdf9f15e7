package project

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// gitWait is how long git may take to say who commits here.
const gitWait = 2 * time.Second

// Actor names who acts: the verified subject of the token, else what environment and system say. It is known once the
// state is open.
func (p *Project) Actor() string {
	if p.subject != nil {
		return fmt.Sprintf("oidc:%s (%s)", p.subject.Subject, p.subject.Issuer)
	}
	return p.unverified
}

// unverifiedActor is a CI system's word, or git's and the system's user. Nobody verified any of them, and the text says
// so.
func (s *Settings) unverifiedActor(ctx context.Context) string {
	for _, source := range []struct{ variable, label string }{{"GITHUB_ACTOR", "github actor"},
		{"GITLAB_USER_LOGIN", "gitlab user"}} {
		if name := s.Variable(source.variable); name != "" {
			return name + " (" + source.label + ", not verified)"
		}
	}
	user := s.Account + "@" + s.Host
	if git := s.gitUser(ctx); git != "" {
		return "git:" + git + ", " + user + " (git and system user, not verified)"
	}
	return user + " (system user, not verified)"
}

// gitUser is the person that git would commit as in the folder, empty where git does not know one.
func (s *Settings) gitUser(ctx context.Context) string {
	ctx, stop := context.WithTimeout(ctx, gitWait)
	defer stop()
	command := exec.CommandContext(ctx, "git", "config", "--get-regexp", `^user\.(name|email)$`)
	command.Env, command.Dir = s.Environ, s.Folder
	out, err := command.Output()
	if err != nil {
		return "" // no git, or no such setting: then the system user alone is named
	}
	set := map[string]string{} // by key; of several settings git lists the one that counts last
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		set[key] = strings.TrimSpace(value)
	}
	if set["user.name"] == "" || set["user.email"] == "" {
		return ""
	}
	return set["user.name"] + " <" + set["user.email"] + ">"
}
